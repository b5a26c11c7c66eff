package main

import (
	"archive/tar"
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// runAlpine writes a root file system as Alpine installs one: its apk database
// with the packages of a list ("name version origin", one a line), os-release
// and a file for each package.
func runAlpine(args []string) error {
	set := flag.NewFlagSet("alpine", flag.ContinueOnError)
	out := set.String("o", "", "the tar to write")
	release := set.String("release", "3.11.5", "the distribution's version")
	rest, err := flags(set, args, 1)
	if err != nil {
		return err
	}
	packages, err := fields(rest[0], 3)
	if err != nil {
		return err
	}
	var db, world strings.Builder
	files := map[string]string{}
	for _, p := range packages {
		name, version, origin := p[0], p[1], p[2]
		content := name + " " + version + "\n"
		sum := sha1.Sum([]byte(content))
		check := "Q1" + base64.StdEncoding.EncodeToString(sum[:])
		fmt.Fprintf(&db, "C:%s\nP:%s\nV:%s\nA:x86_64\nS:%d\nI:%d\nT:%s\nU:https://example.org/%s\nL:MIT\no:%s\nm:Example <mail@example.org>\nt:1700000000\nc:%x\n",
			check, name, version, 4096, 16384, name, name, origin, sum)
		fmt.Fprintf(&db, "F:usr\nF:usr/share\nF:usr/share/apk-%s\nR:data\nZ:%s\n\n", name, check)
		files["usr/share/apk-"+name+"/data"] = content
		fmt.Fprintln(&world, name)
	}
	return writeFile(*out, func(w io.Writer) error {
		tw := tar.NewWriter(w)
		for _, dir := range []string{"etc", "etc/apk", "lib", "lib/apk", "lib/apk/db", "usr", "usr/share"} {
			if err := mkdir(tw, dir); err != nil {
				return err
			}
		}
		for _, f := range [][2]string{
			{"etc/os-release", "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=" + *release + "\nPRETTY_NAME=\"Alpine Linux v" + *release + "\"\n"},
			{"etc/alpine-release", *release + "\n"},
			{"etc/apk/world", world.String()},
			{"lib/apk/db/installed", db.String()},
		} {
			if err := add(tw, f[0], []byte(f[1])); err != nil {
				return err
			}
		}
		for _, p := range packages {
			name := "usr/share/apk-" + p[0] + "/data"
			if err := add(tw, name, []byte(files[name])); err != nil {
				return err
			}
		}
		return tw.Close()
	})
}

// fields reads lines of n words. Blank lines and those that begin with # are
// comments.
func fields(name string, n int) ([][]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var rows [][]string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		row := strings.Fields(line)
		if len(row) != n {
			return nil, fmt.Errorf("%s: %q: want %d words", name, line, n)
		}
		rows = append(rows, row)
	}
	return rows, lines.Err()
}
