package main

import (
	"archive/tar"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// epoch is the time of everything that has no better one.
var epoch = time.Unix(1750000000, 0)

// runTar packs a directory as a layer: sorted, owned by root, dated epoch.
func runTar(args []string) error {
	set := flag.NewFlagSet("tar", flag.ContinueOnError)
	out := set.String("o", "", "the tar to write")
	prefix := set.String("prefix", "", "where the directory goes in the image")
	rest, err := flags(set, args, 1)
	if err != nil {
		return err
	}
	return writeFile(*out, func(w io.Writer) error {
		tw := tar.NewWriter(w)
		if err := parents(tw, *prefix); err != nil {
			return err
		}
		if err := addDir(tw, rest[0], *prefix); err != nil {
			return err
		}
		return tw.Close()
	})
}

// parents writes an entry for each directory that leads to dir.
func parents(tw *tar.Writer, dir string) error {
	for i := range len(dir) {
		if dir[i] == '/' {
			if err := mkdir(tw, dir[:i]); err != nil {
				return err
			}
		}
	}
	if dir == "" {
		return nil
	}
	return mkdir(tw, dir)
}

func mkdir(tw *tar.Writer, name string) error {
	return tw.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755, ModTime: epoch})
}

func addDir(tw *tar.Writer, dir, prefix string) error {
	return filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		if err != nil || rel == "." {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		link := ""
		if info.Mode()&fs.ModeSymlink != 0 {
			if link, err = os.Readlink(file); err != nil {
				return err
			}
		}
		hdr, err := tar.FileInfoHeader(info, link)
		if err != nil {
			return err
		}
		hdr.Name = path.Join(prefix, filepath.ToSlash(rel))
		if d.IsDir() {
			hdr.Name += "/"
		}
		hdr.Uid, hdr.Gid, hdr.Uname, hdr.Gname = 0, 0, "", ""
		hdr.ModTime, hdr.AccessTime, hdr.ChangeTime = epoch, time.Time{}, time.Time{}
		hdr.Format = tar.FormatUnknown
		if err := tw.WriteHeader(hdr); err != nil || !info.Mode().IsRegular() {
			return err
		}
		return copyFile(tw, file)
	})
}

func copyFile(w io.Writer, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// writeFile writes a file whole or not at all.
func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".mkimage-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := write(f); err != nil {
		f.Close()
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Chmod(f.Name(), 0o644); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// runDiff writes the layer that turns base into full.
func runDiff(args []string) error {
	set := flag.NewFlagSet("diff", flag.ContinueOnError)
	out := set.String("o", "", "the tar to write")
	rest, err := flags(set, args, 2)
	if err != nil {
		return err
	}
	before, err := fingerprints(rest[0])
	if err != nil {
		return err
	}
	after, err := fingerprints(rest[1])
	if err != nil {
		return err
	}
	return writeFile(*out, func(w io.Writer) error {
		tw := tar.NewWriter(w)
		if err := whiteouts(tw, before, after); err != nil {
			return err
		}
		if err := changed(tw, rest[1], before, after); err != nil {
			return err
		}
		return tw.Close()
	})
}

// fingerprints tells for every name in a tar what stands there.
func fingerprints(name string) (map[string]string, error) {
	prints := map[string]string{}
	err := eachEntry(name, func(hdr *tar.Header, r io.Reader) error {
		h := sha256.New()
		fmt.Fprintf(h, "%c %o %d %d %s %d %d\n", hdr.Typeflag, hdr.Mode, hdr.Uid, hdr.Gid, hdr.Linkname, hdr.Devmajor, hdr.Devminor)
		if _, err := io.Copy(h, r); err != nil {
			return err
		}
		prints[clean(hdr.Name)] = string(h.Sum(nil))
		return nil
	})
	return prints, err
}

func clean(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

func eachEntry(name string, visit func(*tar.Header, io.Reader) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	tr := tar.NewReader(f)
	for {
		hdr, err := tr.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if err := visit(hdr, tr); err != nil {
			return err
		}
	}
}

// whiteouts hides what before has and after has not. What lies below a hidden
// directory needs none of its own.
func whiteouts(tw *tar.Writer, before, after map[string]string) error {
	var gone []string
	for name := range before {
		if _, ok := after[name]; !ok {
			if _, ok := after[path.Dir(name)]; ok || path.Dir(name) == "." {
				gone = append(gone, name)
			}
		}
	}
	slices.Sort(gone)
	for _, name := range gone {
		hdr := &tar.Header{Typeflag: tar.TypeReg, Name: path.Join(path.Dir(name), ".wh."+path.Base(name)), ModTime: epoch}
		if err := tw.WriteHeader(hdr); err != nil {
			return err
		}
	}
	return nil
}

func changed(tw *tar.Writer, full string, before, after map[string]string) error {
	return eachEntry(full, func(hdr *tar.Header, r io.Reader) error {
		name := clean(hdr.Name)
		if before[name] == after[name] {
			return nil
		}
		hdr.Name = name
		if hdr.Typeflag == tar.TypeDir {
			hdr.Name += "/"
		}
		hdr.Format = tar.FormatUnknown
		if err := tw.WriteHeader(hdr); err != nil {
			return err
		}
		_, err := io.Copy(tw, r)
		return err
	})
}
