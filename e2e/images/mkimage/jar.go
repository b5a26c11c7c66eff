package main

import (
	"archive/zip"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// runJar packs jars into one, as Spring Boot's plugin does (stored, below
// BOOT-INF/lib) or as a web application (deflated, below WEB-INF/lib).
func runJar(args []string) error {
	set := flag.NewFlagSet("jar", flag.ContinueOnError)
	out := set.String("o", "", "the archive to write")
	kind := set.String("kind", "boot", "boot or war")
	rest, err := flags(set, args, 1)
	if err != nil {
		return err
	}
	lib, method := "BOOT-INF/lib", zip.Store
	if *kind == "war" {
		lib, method = "WEB-INF/lib", zip.Deflate
	}
	return writeFile(*out, func(w io.Writer) error {
		zw := zip.NewWriter(w)
		if err := addText(zw, "META-INF/MANIFEST.MF", manifestOf(*kind)); err != nil {
			return err
		}
		if err := addText(zw, "META-INF/maven/com.example/shop-"+*kind+"/pom.properties",
			"groupId=com.example\nartifactId=shop-"+*kind+"\nversion=1.4.2\n"); err != nil {
			return err
		}
		slices.Sort(rest)
		seen := map[string]bool{}
		for _, jar := range rest {
			// Debian's jars are known by links; the link's name has the version.
			if name := filepath.Base(jar); !seen[name] {
				seen[name] = true
				if err := addJar(zw, path.Join(lib, name), jar, method); err != nil {
					return err
				}
			}
		}
		return zw.Close()
	})
}

func manifestOf(kind string) string {
	m := "Manifest-Version: 1.0\r\nImplementation-Title: shop-" + kind + "\r\nImplementation-Version: 1.4.2\r\n"
	if kind == "boot" {
		m += "Main-Class: org.springframework.boot.loader.JarLauncher\r\nStart-Class: com.example.shop.Application\r\n" +
			"Spring-Boot-Version: 2.5.6\r\nSpring-Boot-Classes: BOOT-INF/classes/\r\nSpring-Boot-Lib: BOOT-INF/lib/\r\n"
	}
	return m + "\r\n"
}

func addText(zw *zip.Writer, name, text string) error {
	w, err := zw.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: epoch.UTC()})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, text)
	return err
}

func addJar(zw *zip.Writer, name, file string, method uint16) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := zw.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: epoch.UTC()})
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, f); err != nil {
		return fmt.Errorf("add %s: %w", file, err)
	}
	return nil
}
