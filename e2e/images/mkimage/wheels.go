package main

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// runWheels makes a wheel for each line "Name version" of a list: a module
// that does nothing, with the metadata that pip installs (PEP 427).
func runWheels(args []string) error {
	set := flag.NewFlagSet("wheels", flag.ContinueOnError)
	out := set.String("o", "", "the directory to write")
	rest, err := flags(set, args, 1)
	if err != nil {
		return err
	}
	packages, err := fields(rest[0], 2)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return err
	}
	for _, p := range packages {
		if err := wheel(*out, p[0], p[1]); err != nil {
			return err
		}
	}
	return nil
}

func wheel(dir, name, version string) error {
	file := strings.ReplaceAll(strings.ReplaceAll(name, "-", "_"), ".", "_")
	info := file + "-" + version + ".dist-info/"
	return writeFile(filepath.Join(dir, file+"-"+version+"-py3-none-any.whl"), func(w io.Writer) error {
		zw := zip.NewWriter(w)
		var record strings.Builder
		for _, f := range [][2]string{
			{strings.ToLower(file) + "_stand_in/__init__.py", "__version__ = \"" + version + "\"\n"},
			{info + "METADATA", "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\nSummary: stand-in\nLicense: MIT\n"},
			{info + "WHEEL", "Wheel-Version: 1.0\nGenerator: mkimage\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		} {
			sum := sha256.Sum256([]byte(f[1]))
			fmt.Fprintf(&record, "%s,sha256=%s,%d\n", f[0], base64.RawURLEncoding.EncodeToString(sum[:]), len(f[1]))
			if err := addText(zw, f[0], f[1]); err != nil {
				return err
			}
		}
		fmt.Fprintf(&record, "%sRECORD,,\n", info)
		if err := addText(zw, info+"RECORD", record.String()); err != nil {
			return err
		}
		return zw.Close()
	})
}
