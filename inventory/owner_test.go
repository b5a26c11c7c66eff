package inventory_test

import (
	"compress/gzip"
	"io"
	"os"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/inventory"
)

func inflated(t *testing.T, name string) *fstest.MapFile {
	t.Helper()
	f, err := os.Open("../internal/rpmdb/testdata/" + name + ".gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return &fstest.MapFile{Data: data, Mode: 0o644}
}

func deflated(s string) *fstest.MapFile {
	z, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	return &fstest.MapFile{Data: z.EncodeAll([]byte(s), nil), Mode: 0o644}
}

// TestOwners: a language component belongs to the OS package that brought its
// files, whatever the package manager.
func TestOwners(t *testing.T) {
	const folder, elsewhere = "usr/lib/python3.9/site-packages/", "opt/venv/lib/python3.9/site-packages/"
	metadata := text("Metadata-Version: 2.1\nName: hello\nVersion: 1.0\n")
	for _, test := range []struct {
		name  string
		files fstest.MapFS
		want  string
	}{
		{"dpkg", fstest.MapFS{
			"var/lib/dpkg/status":                  text("Package: python3-hello\nStatus: install ok installed\nVersion: 1.0-1\nArchitecture: all\n"),
			"var/lib/dpkg/info/python3-hello.list": text("/.\n/usr\n/" + folder + "hello-1.0.dist-info\n/" + folder + "hello-1.0.dist-info/METADATA\n"),
		}, "pkg:deb/debian/python3-hello@1.0-1?arch=all"},
		{"dpkg before usr was merged", fstest.MapFS{
			"lib":                 link("usr/lib"),
			"var/lib/dpkg/status": text("Package: python3-hello\nStatus: install ok installed\nVersion: 1.0-1\nArchitecture: amd64\nMulti-Arch: same\n"),
			"var/lib/dpkg/info/python3-hello:amd64.list": text("/lib/python3.9/site-packages/hello-1.0.dist-info/METADATA\n"),
		}, "pkg:deb/debian/python3-hello@1.0-1?arch=amd64"},
		{"distroless", fstest.MapFS{
			"var/lib/dpkg/status.d/hello":         text("Package: hello\nVersion: 1.0-1\nArchitecture: all\n"),
			"var/lib/dpkg/status.d/hello.md5sums": text("0123456789abcdef0123456789abcdef  ./" + folder + "hello-1.0.dist-info/METADATA\n"),
		}, "pkg:deb/debian/hello@1.0-1?arch=all"},
		{"apk", fstest.MapFS{
			"lib/apk/db/installed": text("P:py3-hello\nV:1.0-r0\nA:noarch\nF:usr\nF:" + folder + "hello-1.0.dist-info\nR:METADATA\nZ:Q1cbVVwKe3nRBc53Vo9HsXVeR6mSg=\n\n"),
		}, "pkg:apk/alpine/py3-hello@1.0-r0?arch=noarch"},
		{"rpm, of a database with a log", fstest.MapFS{
			"var/lib/rpm/rpmdb.sqlite":     inflated(t, "logged.sqlite"),
			"var/lib/rpm/rpmdb.sqlite-wal": inflated(t, "logged.sqlite-wal"),
		}, "pkg:rpm/greeting@1.4-3?arch=noarch&epoch=2&upstream=greeting-1.4-3.src.rpm"},
		{"pacman", fstest.MapFS{
			"var/lib/pacman/local/hello-1-1/desc":  text("%NAME%\nhello\n\n%VERSION%\n1-1\n"),
			"var/lib/pacman/local/hello-1-1/files": text("%FILES%\nusr/\n" + folder + "hello-1.0.dist-info/METADATA\n"),
		}, "pkg:alpm/arch/hello@1-1"},
		{"opkg", fstest.MapFS{
			"usr/lib/opkg/status":          text("Package: hello\nVersion: 1\nStatus: install ok installed\nArchitecture: x86_64\n"),
			"usr/lib/opkg/info/hello.list": text("/" + folder + "hello-1.0.dist-info/METADATA\n"),
		}, "pkg:opkg/hello@1?arch=x86_64"},
		{"portage", fstest.MapFS{
			"var/db/pkg/dev-python/hello-1-r1/PF":       text("hello-1-r1\n"),
			"var/db/pkg/dev-python/hello-1-r1/CONTENTS": text("obj /" + folder + "hello-1.0.dist-info/METADATA 0123456789abcdef0123456789abcdef 1700000000\n"),
		}, "pkg:ebuild/dev-python/hello@1-r1"},
		{"chisel", fstest.MapFS{
			"var/lib/chisel/manifest.wall": deflated(`{"kind":"path","path":"/` + folder + `hello-1.0.dist-info/METADATA","slices":["python3-hello_all"]}` + "\n" +
				`{"kind":"package","name":"python3-hello","version":"1","arch":"all"}` + "\n"),
		}, "pkg:deb/debian/python3-hello@1?arch=all"},
		{"nobody", fstest.MapFS{
			"var/lib/dpkg/status":                  text("Package: python3-hello\nStatus: install ok installed\nVersion: 1.0-1\nArchitecture: all\n"),
			"var/lib/dpkg/info/python3-hello.list": text("/" + elsewhere + "hello-1.0.dist-info/METADATA\n"),
		}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.files[folder+"hello-1.0.dist-info/METADATA"] = metadata
			if got := ownerOfHello(t, test.files); got != test.want {
				t.Errorf("got owner %q, want %q", got, test.want)
			}
			// A second copy that no package brought is the user's to mend.
			test.files[elsewhere+"hello-1.0.dist-info/METADATA"] = metadata
			if got := ownerOfHello(t, test.files); got != "" && test.want != "" {
				t.Errorf("with a second copy: got owner %q, want none", got)
			}
		})
	}
}

func ownerOfHello(t *testing.T, files fstest.MapFS) string {
	t.Helper()
	got, err := inventory.Read(t.Context(), files, &inventory.Options{Image: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Gaps) > 0 {
		t.Errorf("gaps: %v", got.Gaps)
	}
	for _, c := range got.Components {
		if c.PURL == "pkg:pypi/hello@1.0" {
			return c.OwnedBy
		}
	}
	t.Fatalf("pkg:pypi/hello@1.0 was not found among %v", lines(got))
	return ""
}

// TestRPMDatabases: what a conversion left of an older database is not read
// beside the newer one.
func TestRPMDatabases(t *testing.T) {
	for _, test := range []struct {
		name  string
		files fstest.MapFS
		want  []string
	}{
		{"converted", fstest.MapFS{
			"var/lib/rpm/Packages":     inflated(t, "libuuid.bdb"),
			"var/lib/rpm/Packages.db":  inflated(t, "sle15.ndb"),
			"var/lib/rpm/rpmdb.sqlite": inflated(t, "rpm418.sqlite"),
		}, []string{"greet-libs", "greeting", "node-thing"}},
		{"never converted", fstest.MapFS{
			"var/lib/rpm/Packages":     inflated(t, "libuuid.bdb"),
			"var/lib/rpm/rpmdb.sqlite": text(""),
		}, []string{"libuuid", "gap"}},
		{"rpm's own format", fstest.MapFS{
			"usr/lib/sysimage/rpm/Packages.db": inflated(t, "sle15.ndb"),
		}, []string{"libbz2-1", "libdw1", "system-user-root"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := inventory.Read(t.Context(), test.files, &inventory.Options{Image: true})
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, c := range got.Components {
				names = append(names, c.Name)
			}
			for range got.Gaps {
				names = append(names, "gap")
			}
			if diff := cmp.Diff(test.want, names); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRPMComponents(t *testing.T) {
	got, err := inventory.Read(t.Context(), fstest.MapFS{
		"etc/os-release":           text("ID=\"rocky\"\nVERSION_ID=\"9.3\"\n"),
		"var/lib/rpm/rpmdb.sqlite": inflated(t, "rpm418.sqlite"),
	}, &inventory.Options{Image: true})
	if err != nil {
		t.Fatal(err)
	}
	at := []boltseal.Location{{File: "var/lib/rpm/rpmdb.sqlite"}}
	const libs = "pkg:rpm/rocky/greet-libs@1.4-3?arch=noarch&distro=rocky-9.3&upstream=greet-libs-1.4-3.src.rpm"
	want := []boltseal.Component{{
		PURL: libs, Name: "greet-libs", Version: "1.4-3",
		Source: &boltseal.Source{Name: "greet-libs", Version: "1.4-3"}, Licenses: []string{"LGPL-2.1-or-later"},
		Supplier: "Example Project", Locations: at, FoundBy: "rpm/database", Basis: boltseal.Installed,
	}, {
		PURL: "pkg:rpm/rocky/greeting@1.4-3?arch=noarch&distro=rocky-9.3&epoch=2&upstream=greeting-1.4-3.src.rpm",
		Name: "greeting", Version: "2:1.4-3",
		Source: &boltseal.Source{Name: "greeting", Version: "2:1.4-3"}, Licenses: []string{"GPL-2.0-or-later AND MIT"},
		Supplier: "Example Project", Locations: at, FoundBy: "rpm/database", Basis: boltseal.Installed, DependsOn: []string{libs},
	}, {
		PURL: "pkg:rpm/rocky/node-thing@18.17.1-1.module%2Bel9?arch=noarch&distro=rocky-9.3&upstream=node-thing-18.17.1-1.module%2Bel9.src.rpm",
		Name: "node-thing", Version: "18.17.1-1.module+el9",
		Source: &boltseal.Source{Name: "node-thing", Version: "18.17.1-1.module+el9"}, Licenses: []string{"MIT"},
		Locations: at, FoundBy: "rpm/database", Basis: boltseal.Installed, Module: "nodejs:18",
	}}
	if diff := cmp.Diff(want, got.Components); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAttest: a program that looks like the package that it belongs to is
// evidence for the package; one that is other software is a component.
func TestAttest(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/binary/signature.txtar")
	if err != nil {
		t.Fatal(err)
	}
	tree, _ := unpack(t, archive)
	program := tree["usr/local/sbin/nginx.so"]
	files := fstest.MapFS{
		"usr/sbin/nginx.so": program,
		"opt/nginx.so":      program,
		"var/lib/dpkg/status": text("Package: nginx-core\nStatus: install ok installed\nVersion: 1.25.3-1\nArchitecture: amd64\nSource: nginx\n\n" +
			"Package: agent\nStatus: install ok installed\nVersion: 7\nArchitecture: amd64\n"),
		"var/lib/dpkg/info/nginx-core.list": text("/usr/sbin/nginx.so\n"),
		"var/lib/dpkg/info/agent.list":      text("/opt/nginx.so\n"),
	}
	r, err := inventory.Read(t.Context(), files, &inventory.Options{Image: true, Ecosystems: append(only("dpkg"), only("binary")...)})
	if err != nil {
		t.Fatal(err)
	}
	const agent, server = "pkg:deb/debian/agent@7?arch=amd64", "pkg:deb/debian/nginx-core@1.25.3-1?arch=amd64&upstream=nginx"
	got := map[string][]string{}
	for _, c := range r.Components {
		line := []string{c.OwnedBy}
		for _, l := range c.Locations {
			line = append(line, l.File)
		}
		for _, e := range c.Evidence {
			line = append(line, e.Statement)
		}
		got[c.PURL] = line
	}
	want := map[string][]string{
		agent:                      {"", "var/lib/dpkg/status"},
		server:                     {"", "var/lib/dpkg/status", "usr/sbin/nginx.so looks like nginx 1.25.3 (binary/signature)"},
		"pkg:generic/nginx@1.25.3": {agent, "opt/nginx.so"},
		"pkg:generic/zlib@1.3.1":   {agent, "opt/nginx.so", "usr/sbin/nginx.so"}, // inside both, and neither is it
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
