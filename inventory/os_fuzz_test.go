package inventory_test

import (
	"io/fs"
	"maps"
	"testing"
	"testing/fstest"

	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/inventory"
)

// fuzzTree lets one ecosystem read a tree in which one file is hostile.
func fuzzTree(f *testing.F, ecosystem, path string, rest fstest.MapFS) {
	var only []inventory.Ecosystem
	for _, e := range inventory.Ecosystems() {
		if e.Name == ecosystem {
			only = append(only, e)
		}
	}
	limits := limit.Default()
	limits.FileBytes = 1 << 20
	f.Fuzz(func(t *testing.T, data []byte) {
		tree := fstest.MapFS{path: {Data: data, Mode: 0o644}}
		maps.Copy(tree, rest)
		result, err := inventory.Read(t.Context(), tree, &inventory.Options{Image: true, Jobs: 1, Ecosystems: only, Limits: limits})
		if err != nil {
			t.Fatal(err)
		}
		checkResult(t, result)
	})
}

func FuzzDpkgStatus(f *testing.F) { fuzzReader(f, "dpkg", "var/lib/dpkg/status") }

func FuzzDpkgStatusD(f *testing.F) {
	f.Add([]byte("Package: libc6\nSource: glibc (1)\nVersion: 2.36-9\nArchitecture: amd64\nDepends: libgcc-s1 | gone\n"))
	fuzzTree(f, "dpkg", "var/lib/dpkg/status.d/libc6", nil)
}

func FuzzCopyright(f *testing.F) {
	f.Add([]byte("Format: https://x/\n\nFiles: *\nLicense: GPL-2+ or Artistic\n text\n\nFiles: debian/*\nLicense: Expat\n"))
	f.Add([]byte("See /usr/share/common-licenses/GPL-2, or any later version, and '/usr/share/common-licenses/'."))
	fuzzTree(f, "dpkg", "usr/share/doc/x/copyright", fstest.MapFS{
		"var/lib/dpkg/status": text("Package: x\nVersion: 1\nStatus: install ok installed\n"),
	})
}

func FuzzFileList(f *testing.F) {
	f.Add([]byte("/.\n/usr\n/var/lib/dpkg/status\n./var/lib/dpkg/status\r\n"))
	fuzzTree(f, "dpkg", "var/lib/dpkg/info/x.list", fstest.MapFS{
		"var/lib/dpkg/status": text("Package: x\nVersion: 1\nStatus: install ok installed\n"),
	})
}

func FuzzApk(f *testing.F) { fuzzReader(f, "apk", "lib/apk/db/installed") }

func FuzzRPMDatabase(f *testing.F) {
	f.Add([]byte("SQLite format 3\x00"))
	f.Add([]byte("RpmP\x00\x00\x00\x00"))
	fuzzTree(f, "rpm", "var/lib/rpm/Packages", nil)
}

func FuzzRPMManifest(f *testing.F) { fuzzReader(f, "rpm", "var/lib/rpmmanifest/container-manifest-2") }
func FuzzPacmanDesc(f *testing.F)  { fuzzReader(f, "pacman", "var/lib/pacman/local/x-1/desc") }
func FuzzOpkgStatus(f *testing.F)  { fuzzReader(f, "opkg", "usr/lib/opkg/status") }
func FuzzPortagePF(f *testing.F)   { fuzzReader(f, "portage", "var/db/pkg/a/b-1/PF") }
func FuzzHomebrew(f *testing.F)    { fuzzReader(f, "homebrew", "x/Cellar/a/1/INSTALL_RECEIPT.json") }

func FuzzPortageLicense(f *testing.F) {
	f.Add([]byte("GPL-2 || ( MIT ( BSD ) ) x? ( y )"))
	fuzzTree(f, "portage", "var/db/pkg/a/b-1/LICENSE", fstest.MapFS{"var/db/pkg/a/b-1/PF": text("b-1\n")})
}

func FuzzChisel(f *testing.F) {
	f.Add(deflated("{\"kind\":\"package\",\"name\":\"a\",\"version\":\"1\",\"arch\":\"amd64\"}\n{\"kind\":\"path\",\"path\":\"/x\",\"slices\":[\"a_b\"]}\n").Data)
	fuzzTree(f, "chisel", "var/lib/chisel/manifest.wall", nil)
}

// FuzzDistro: whatever os-release says, what a report shows of it is short,
// printable, and part of a purl that can be read back.
func FuzzDistro(f *testing.F) {
	f.Add("ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME='x'\n", "12.1\n", "Red Hat Enterprise Linux release 8 (x)\n")
	f.Add("ID=alpine\nVERSION_ID=3.21_alpha1\n", "trixie/sid", "CentOS release\n")
	f.Add("DISTRIB_ID=\"", "\\", "(")
	f.Fuzz(func(t *testing.T, release, version, sentence string) {
		for _, files := range []fstest.MapFS{
			{"etc/os-release": text(release), "etc/debian_version": text(version)},
			{"etc/lsb-release": text(release), "etc/redhat-release": text(sentence)},
		} {
			files["var/lib/dpkg/status"] = text("Package: x\nVersion: 1\nStatus: install ok installed\n")
			result, err := inventory.Read(t.Context(), files, &inventory.Options{Image: true, Jobs: 1})
			if err != nil {
				t.Fatal(err)
			}
			checkResult(t, result)
			if d := result.Distro; d != nil {
				for _, s := range []string{d.ID, d.Version, d.Name, d.Codename} {
					if len(s) > 200 {
						t.Errorf("%d bytes: %q", len(s), s)
					}
				}
				if d.ID == "" {
					t.Errorf("distribution without an ID: %+v", d)
				}
			}
		}
	})
}

func FuzzSnap(f *testing.F) { fuzzReader(f, "snap", "snap/x/1/meta/snap.yaml") }
func FuzzCOS(f *testing.F)  { fuzzReader(f, "cos", "etc/cos-package-info.json") }
func FuzzFlatpak(f *testing.F) {
	f.Add([]byte("<component><id>a.B</id><releases><release version='1'/></releases></component>"))
	fuzzTree(f, "flatpak", "var/lib/flatpak/app/x/x86_64/stable/a/export/share/metainfo/x.metainfo.xml", nil)
}

// FuzzNix: any name of a folder in the store gives a whole component or none.
func FuzzNix(f *testing.F) {
	f.Add("perl-5.38.2-man")
	f.Add("a-unstable-2023")
	f.Fuzz(func(t *testing.T, name string) {
		name = "nix/store/1ddf3x30m0z6kknmrmapsc7liz8npi1w-" + name
		if !fs.ValidPath(name) {
			return
		}
		result, err := inventory.Read(t.Context(), fstest.MapFS{name: {Mode: fs.ModeDir | 0o755}}, &inventory.Options{Image: true, Jobs: 1})
		if err != nil {
			t.Fatal(err)
		}
		checkResult(t, result)
	})
}
