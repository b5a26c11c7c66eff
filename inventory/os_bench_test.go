package inventory_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/boltseal/boltseal/inventory"
)

// debianTree is a root file system with n packages and their documentation.
func debianTree(n int) fstest.MapFS {
	var status strings.Builder
	files := fstest.MapFS{"etc/os-release": text("ID=debian\nVERSION_ID=12\n")}
	for i := range n {
		fmt.Fprintf(&status, "Package: lib%d\nStatus: install ok installed\nPriority: optional\nSection: libs\nInstalled-Size: 123\n"+
			"Maintainer: Some Body <somebody@debian.org>\nArchitecture: amd64\nMulti-Arch: same\nSource: src%d (1.2-%d)\nVersion: 1.2-%d+b1\n"+
			"Depends: lib%d, lib%d (>= 1.0) | libgone, libc6\nDescription: a library\n of some length\n", i, i/3, i, i, max(0, i-1), i/2)
		fmt.Fprintf(&status, " with a second line\nHomepage: https://example.org/%d\n\n", i)
		files[fmt.Sprintf("usr/share/doc/lib%d/copyright", i)] = text(
			"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: me\nLicense: GPL-2+\n" +
				strings.Repeat(" This program is free software.\n", 60) + "\nFiles: debian/*\nLicense: Expat\n")
		files[fmt.Sprintf("var/lib/dpkg/info/lib%d:amd64.list", i)] = text(strings.Repeat(fmt.Sprintf("/usr/lib/x/lib%d.so\n", i), 30))
	}
	files["var/lib/dpkg/status"] = text(status.String())
	return files
}

func BenchmarkReadDebian(b *testing.B) {
	files := debianTree(500)
	b.ReportAllocs()
	for b.Loop() {
		got, err := inventory.Read(b.Context(), files, &inventory.Options{Image: true, Jobs: 1})
		if err != nil || len(got.Components) != 500 {
			b.Fatalf("%d components, %v", len(got.Components), err)
		}
	}
}

func BenchmarkReadAlpine(b *testing.B) {
	var db strings.Builder
	for i := range 500 {
		fmt.Fprintf(&db, "C:Q1zwvKMnYs1b6ZdPTBJ0Z7D5P3jyA=\nP:lib%d\nV:1.2.%d-r0\nA:x86_64\nS:1\nI:2\nT:a library\nU:https://example.org\nL:MIT\no:src%d\n"+
			"D:so:libc.musl-x86_64.so.1 so:lib%d.so.1\np:so:lib%d.so.1=1.2\nF:usr\nF:usr/lib\nR:lib%d.so.1\na:0:0:755\nZ:Q1x=\n\n", i, i, i/2, i/2, i, i)
	}
	files := fstest.MapFS{"lib/apk/db/installed": text(db.String())}
	b.ReportAllocs()
	for b.Loop() {
		got, err := inventory.Read(b.Context(), files, &inventory.Options{Image: true, Jobs: 1})
		if err != nil || len(got.Components) != 500 {
			b.Fatalf("%d components, %v", len(got.Components), err)
		}
	}
}

// BenchmarkFind is the price of a tree in which nobody wants anything.
func BenchmarkFind(b *testing.B) {
	fsys := &lister{MapFS: fstest.MapFS{}, kept: map[string]bool{}}
	for i := range 10_000 {
		fsys.MapFS[fmt.Sprintf("usr/share/locale/%d/LC_MESSAGES/domain-%d.mo", i/100, i)] = text("x")
	}
	b.ReportAllocs()
	for b.Loop() {
		got, err := inventory.Read(b.Context(), fsys, &inventory.Options{Image: true, Jobs: 1})
		if err != nil || len(got.Components) != 0 {
			b.Fatalf("%v, %v", got, err)
		}
	}
}
