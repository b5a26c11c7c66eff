package image_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/remedy/image"
	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/source/layer"
	"github.com/boltseal/boltseal/source/repo"
)

// deb makes a Debian package: what its control archive and its data hold.
// A name that ends in a slash is a folder, "name -> target" a link.
func deb(t testing.TB, control, data map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	out.WriteString("!<arch>\n")
	member := func(name string, body []byte) {
		fmt.Fprintf(&out, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", name, 0, 0, 0, "100644", len(body))
		out.Write(body)
		if len(body)%2 == 1 {
			out.WriteByte('\n')
		}
	}
	member("debian-binary", []byte("2.0\n"))
	member("control.tar", tarOf(t, control))
	member("data.tar", tarOf(t, data))
	return out.Bytes()
}

func tarOf(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for name, text := range files {
		h := &tar.Header{Name: "./" + name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}
		if before, to, ok := strings.Cut(name, " -> "); ok {
			h.Name, h.Linkname, h.Typeflag = "./"+before, to, tar.TypeSymlink
		} else if strings.HasSuffix(name, "/") {
			h.Typeflag, h.Mode = tar.TypeDir, 0o755
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// shelf is a repository in memory.
type shelf map[string][]shelved

type shelved struct {
	fields map[string]string
	file   []byte
}

func (s shelf) add(t testing.TB, fields, control, data map[string]string) {
	t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "Package: %s\nVersion: %s\nArchitecture: amd64\n", fields["Package"], fields["Version"])
	all := map[string]string{"control": text.String()}
	maps.Copy(all, control)
	s[fields["Package"]] = append(s[fields["Package"]], shelved{fields, deb(t, all, data)})
}

// Find implements image.Packages.
func (s shelf) Find(name string) []repo.Deb {
	var out []repo.Deb
	for _, d := range s[name] {
		out = append(out, repo.Deb{Package: name, Version: d.fields["Version"], Architecture: "amd64", Fields: d.fields})
	}
	return out
}

// Fetch implements image.Packages.
func (s shelf) Fetch(_ context.Context, d *repo.Deb) (*repo.File, error) {
	for _, have := range s[d.Package] {
		if have.fields["Version"] == d.Version {
			f, err := os.CreateTemp("", "boltseal-test-*")
			if err != nil {
				return nil, err
			}
			_, err = f.Write(have.file)
			return &repo.File{File: f, Size: int64(len(have.file))}, err
		}
	}
	return nil, errors.New("no such package")
}

const oldConf = "a=1\n" // dpkg's status has its MD5

// debian is an image with packages a and b, and lib, which b needs.
var debian = map[string]string{
	"lib -> usr/lib": "", "usr/bin/a": "a1", "usr/share/a/gone": "gone", "usr/share/a/stays": "1", "etc/a.conf": oldConf, "etc/changed.conf": "mine\n",
	"usr/lib/liba.so": "l1", "usr/bin/b": "b1",
	"var/lib/dpkg/status": "Package: a\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\nDepends: lib (= 1)\nConffiles:\n /etc/a.conf d5e29449b9e66d5b4bb0d6ce48fbbcb1\n /etc/changed.conf d5e29449b9e66d5b4bb0d6ce48fbbcb1\n\n" +
		"Package: lib\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\nMulti-Arch: same\n\n" +
		"Package: b\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\nDepends: lib (>= 1)\n",
	"var/lib/dpkg/info/a.list":         "/.\n/usr\n/usr/bin\n/usr/bin/a\n/usr/share/a\n/usr/share/a/gone\n/usr/share/a/stays\n/etc/a.conf\n/etc/changed.conf\n",
	"var/lib/dpkg/info/a.triggers":     "old",
	"var/lib/dpkg/info/lib:amd64.list": "/.\n/lib\n/lib/liba.so\n",
	"var/lib/dpkg/info/b.list":         "/.\n/usr/bin/b\n",
}

func patch(t *testing.T, files map[string]string, want map[string]string, from shelf, o image.PatchOptions) (*image.Patched, map[string]string) {
	t.Helper()
	out := t.TempDir()
	write(t, "oci:"+out+":before", build(t, &image.Spec{Files: []image.Source{{From: tree(t, files)}}, Platform: "linux/amd64"}))
	s, err := source.Open(t.Context(), "oci:"+out+":before", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	f, err := layer.Read(t.Context(), s.Blobs, &layer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	o.TempDir, o.Epoch, o.Author = t.TempDir(), epoch, "test"
	done, err := image.PatchDebian(t.Context(), s, f, want, from, &o)
	if err != nil {
		t.Fatal(err)
	}
	if done.Image == nil {
		return done, nil
	}
	defer done.Image.Close()
	write(t, "oci:"+out+":after", done.Image)
	after, err := source.Open(t.Context(), "oci:"+out+":after", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer after.Close()
	if len(after.Blobs) != 2 {
		t.Errorf("%d layers", len(after.Blobs))
	}
	g, err := layer.Read(t.Context(), after.Blobs, &layer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	got := map[string]string{}
	for name, info := range g.Files() {
		if data, err := g.ReadFile(name); info.Mode().IsRegular() && err == nil {
			got[name] = string(data)
		}
	}
	return done, got
}

func newShelf(t *testing.T) shelf {
	s := shelf{}
	s.add(t, map[string]string{"Package": "a", "Version": "2", "Depends": "lib (= 2), new"}, map[string]string{
		"conffiles": "/etc/a.conf\n/etc/changed.conf\n", "postinst": "#!/bin/sh\nset -e\nif [ \"$1\" = configure ]; then ldconfig; fi\n", "md5sums": "x  usr/bin/a\n",
	}, map[string]string{"usr/": "", "usr/bin/": "", "usr/bin/a": "a2", "usr/bin/a-link -> a": "", "usr/share/a/": "", "usr/share/a/stays": "2", "etc/a.conf": "a=2\n", "etc/changed.conf": "theirs\n"})
	s.add(t, map[string]string{"Package": "lib", "Version": "2"}, nil, map[string]string{"lib/": "", "lib/liba.so": "l2"})
	s.add(t, map[string]string{"Package": "new", "Version": "1"}, nil, map[string]string{"usr/share/new": "n"})
	s.add(t, map[string]string{"Package": "b", "Version": "2"}, map[string]string{"postinst": "#!/bin/sh\nmake-keys /etc/b\n"}, map[string]string{"usr/bin/b": "b2"})
	return s
}

func TestPatchDebian(t *testing.T) {
	done, got := patch(t, debian, map[string]string{"a": "2", "b": "2", "c": "1"}, newShelf(t), image.PatchOptions{})
	want := []image.Step{{Package: "a", From: "1", To: "2"}, {Package: "lib", From: "1", To: "2"}, {Package: "new", To: "1"}}
	if diff := cmp.Diff(want, done.Upgraded); diff != "" {
		t.Error(diff)
	}
	left := []image.Step{{Package: "b", From: "1", Why: "postinst would have to run: make-keys"}, {Package: "c", Why: "it is not installed"}}
	if diff := cmp.Diff(left, done.Left); diff != "" {
		t.Error(diff)
	}
	for name, text := range map[string]string{
		"usr/bin/a": "a2", "usr/share/a/gone": "", "usr/share/a/stays": "2", "etc/a.conf": "a=2\n", "etc/changed.conf": "mine\n", "usr/lib/liba.so": "l2",
		"usr/bin/b": "b1", "usr/share/new": "n", "var/lib/dpkg/info/a.triggers": "", "var/lib/dpkg/info/a.md5sums": "x  usr/bin/a\n", "lib/liba.so": "",
	} {
		if got[name] != text {
			t.Errorf("%s is %q, want %q", name, got[name], text)
		}
	}
	if text := got["var/lib/dpkg/status"]; !strings.HasPrefix(text, "Package: a\nStatus: install ok installed\nVersion: 2\nArchitecture: amd64\nConffiles:\n /etc/a.conf ") || !strings.Contains(text, "Package: b\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1") || !strings.Contains(text, "Package: new\n") || strings.Count(text, "Package: ") != 4 {
		t.Errorf("status:\n%s", text)
	}
	if len(done.Notes) != 1 || !strings.Contains(done.Notes[0], "/etc/changed.conf was changed") {
		t.Errorf("notes %q", done.Notes)
	}
}

func TestPatchDebianSkipScripts(t *testing.T) {
	done, got := patch(t, debian, map[string]string{"b": ""}, newShelf(t), image.PatchOptions{SkipScripts: []string{"b"}})
	if len(done.Upgraded) != 1 || got["usr/bin/b"] != "b2" || got["usr/bin/a"] != "a1" {
		t.Errorf("upgraded %v", done.Upgraded)
	}
}

// TestPatchDebianTogether moves what depends on the old version along, and
// leaves all of it when something cannot move.
func TestPatchDebianTogether(t *testing.T) {
	done, _ := patch(t, debian, map[string]string{"lib": ""}, newShelf(t), image.PatchOptions{})
	if len(done.Upgraded) != 3 { // a 1 wants lib = 1
		t.Errorf("upgraded %v, left %v", done.Upgraded, done.Left)
	}
	s := newShelf(t)
	delete(s, "a")
	done, _ = patch(t, debian, map[string]string{"lib": ""}, s, image.PatchOptions{})
	if len(done.Upgraded) != 0 || len(done.Left) != 1 || done.Image != nil {
		t.Errorf("upgraded %v, left %v", done.Upgraded, done.Left)
	}
	held := map[string]string{}
	for k, v := range debian {
		held[k] = strings.Replace(v, "Package: b\nStatus: install", "Package: b\nStatus: hold", 1)
	}
	done, _ = patch(t, held, map[string]string{"b": ""}, newShelf(t), image.PatchOptions{SkipScripts: []string{"all"}})
	if len(done.Left) != 1 || done.Left[0].Why != "it is held" {
		t.Errorf("left %v", done.Left)
	}
}

func TestPatchDebianBad(t *testing.T) {
	good := deb(t, map[string]string{"control": "Package: a\n"}, map[string]string{"x": "y"})
	for name, file := range map[string][]byte{
		"not a Debian package": []byte("PK"), "it lacks": good[:72], "damaged": append(good[:8:8], bytes.Repeat([]byte("9"), 60)...),
	} {
		s := shelf{"a": {{fields: map[string]string{"Package": "a", "Version": "2"}, file: file}}}
		out := t.TempDir()
		write(t, "oci:"+out, build(t, &image.Spec{Files: []image.Source{{From: tree(t, debian)}}, Platform: "linux/amd64"}))
		subject, err := source.Open(t.Context(), "oci:"+out, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer subject.Close()
		f, err := layer.Read(t.Context(), subject.Blobs, &layer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		_, err = image.PatchDebian(t.Context(), subject, f, map[string]string{"a": ""}, s, &image.PatchOptions{TempDir: t.TempDir()})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
