package inventory_test

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/inventory"
)

func TestDistro(t *testing.T) {
	for _, test := range []struct {
		name  string
		files fstest.MapFS
		want  *boltseal.Distro
	}{
		{"nothing", fstest.MapFS{"etc/passwd": text("")}, nil},
		{"debian", fstest.MapFS{
			"etc/os-release":     link("../usr/lib/os-release"),
			"usr/lib/os-release": text("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nID=debian\n"),
			"etc/debian_version": text("12.11\n"),
		}, &boltseal.Distro{ID: "debian", Version: "12", Name: "Debian GNU/Linux 12 (bookworm)", Codename: "bookworm"}},
		{"debian testing has no VERSION_ID", fstest.MapFS{
			"etc/os-release":     text("PRETTY_NAME=\"Debian GNU/Linux forky/sid\"\nVERSION_CODENAME=forky\nID=debian\n"),
			"etc/debian_version": text("forky/sid\n"),
		}, &boltseal.Distro{ID: "debian", Version: "14", Name: "Debian GNU/Linux forky/sid", Codename: "forky"}},
		{"debian testing by debian_version alone", fstest.MapFS{
			"etc/debian_version": text("trixie/sid\n"),
		}, &boltseal.Distro{ID: "debian", Version: "13", Codename: "trixie"}},
		{"debian of an unknown code name", fstest.MapFS{
			"etc/os-release": text("ID=debian\nVERSION_CODENAME=neverland\n"),
		}, &boltseal.Distro{ID: "debian", Codename: "neverland"}},
		{"old debian", fstest.MapFS{
			"etc/debian_version": text("6.0.10\n"),
		}, &boltseal.Distro{ID: "debian", Version: "6"}},
		{"ubuntu of lsb-release", fstest.MapFS{
			"etc/lsb-release":    text("DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=14.04\nDISTRIB_CODENAME=trusty\nDISTRIB_DESCRIPTION=\"Ubuntu 14.04.6 LTS\"\n"),
			"etc/debian_version": text("jessie/sid\n"),
		}, &boltseal.Distro{ID: "ubuntu", Version: "14.04", Codename: "trusty", Name: "Ubuntu 14.04.6 LTS"}},
		{"alpine", fstest.MapFS{
			"etc/os-release":       text("ID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME=\"Alpine Linux v3.20\"\n"),
			"etc/apk/repositories": text("https://user:secret@mirror/alpine/v3.20/main\n# note\n\nhttps://mirror/alpine/v3.20/community/\nlocal\n"),
		}, &boltseal.Distro{ID: "alpine", Version: "3.20.3", Name: "Alpine Linux v3.20", Repository: []string{"v3.20/community", "v3.20/main"}}},
		{"alpine edge", fstest.MapFS{
			"etc/os-release": text("ID=alpine\nVERSION_ID=3.23_alpha20250612\nPRETTY_NAME=\"Alpine Linux edge\"\n"),
		}, &boltseal.Distro{ID: "alpine", Version: "edge", Name: "Alpine Linux edge"}},
		{"alpine-release", fstest.MapFS{"etc/alpine-release": text("3.4.6\n")}, &boltseal.Distro{ID: "alpine", Version: "3.4.6"}},
		{"rhel", fstest.MapFS{
			"etc/os-release": text("NAME='Red Hat Enterprise Linux'\nVERSION_ID=\"9.4\"\nID=\"rhel\"\nID_LIKE=\"fedora\"\nPRETTY_NAME=\"Red Hat Enterprise Linux 9.4 (Plow)\"\nCPE_NAME=\"cpe:/o:redhat:enterprise_linux:9::baseos\"\n"),
			"root/buildinfo/content_manifests/ubi9-9.4-1.json": text(`{"metadata":{"icm_version":1},"content_sets":["rhel-9-for-x86_64-baseos-rpms","rhel-9-for-x86_64-appstream-rpms"]}`),
			"root/buildinfo/content_manifests/app-1.json":      text(`{"content_sets":["rhel-9-for-x86_64-baseos-rpms"]}`),
			"root/buildinfo/labels.json":                       text(`{"cpe":"cpe:/a:redhat:enterprise_linux:9::appstream","name":"ubi9"}`),
		}, &boltseal.Distro{
			ID: "rhel", Version: "9.4", Name: "Red Hat Enterprise Linux 9.4 (Plow)", Like: []string{"fedora"},
			CPE:        "cpe:/a:redhat:enterprise_linux:9::appstream",
			Repository: []string{"rhel-9-for-x86_64-appstream-rpms", "rhel-9-for-x86_64-baseos-rpms"},
		}},
		{"centos 6", fstest.MapFS{
			"etc/redhat-release": link("centos-release"),
			"etc/centos-release": text("CentOS release 6.10 (Final)\n"),
		}, &boltseal.Distro{ID: "centos", Version: "6.10", Name: "CentOS release 6.10 (Final)", Codename: "Final"}},
		{"red hat 5", fstest.MapFS{
			"etc/redhat-release": text("Red Hat Enterprise Linux Server release 5.11 (Tikanga)\n"),
		}, &boltseal.Distro{ID: "rhel", Version: "5.11", Name: "Red Hat Enterprise Linux Server release 5.11 (Tikanga)", Codename: "Tikanga"}},
		{"rocky", fstest.MapFS{
			"etc/rocky-release":  text("Rocky Linux release 8.9 (Green Obsidian)\n"),
			"etc/redhat-release": link("rocky-release"),
		}, &boltseal.Distro{ID: "rocky", Version: "8.9", Name: "Rocky Linux release 8.9 (Green Obsidian)", Codename: "Green Obsidian"}},
		{"photon", fstest.MapFS{
			"etc/photon-release": text("VMware Photon OS 4.0\nPHOTON_BUILD_NUMBER=2f5aad892\n"),
		}, &boltseal.Distro{ID: "photon", Version: "4.0", Name: "VMware Photon OS 4.0"}},
		{"arch", fstest.MapFS{"etc/arch-release": text("")}, &boltseal.Distro{ID: "arch", Name: "Arch Linux"}},
		{"busybox", fstest.MapFS{"bin/busybox": {Data: []byte("\x7fELF"), Mode: 0o755}}, &boltseal.Distro{ID: "busybox", Name: "BusyBox"}},
		{"absolute link", fstest.MapFS{
			"etc/os-release":                  text("# nothing\n"),
			"usr/lib/os-release":              link("/usr/lib/os-release.d/os-release"),
			"usr/lib/os-release.d/os-release": text("ID=fedora\nVERSION_ID=42\n"),
		}, &boltseal.Distro{ID: "fedora", Version: "42"}},
		{"hostile", fstest.MapFS{
			"etc/os-release": text("ID=\"../../x y\"\n=\nID\n\x00\nVERSION_ID=\"\\\n"),
		}, nil},
		{"quotes and escapes", fstest.MapFS{
			"etc/os-release": text("  ID=\"Wind-OS\"\r\nVERSION_ID='1 \"x\"'\nPRETTY_NAME=\"A \\\"b\\\" \\$c\x1b[31m\"\n"),
		}, &boltseal.Distro{ID: "wind-os", Version: "1 \"x\"", Name: "A \"b\" $c[31m"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := inventory.Read(t.Context(), test.files, &inventory.Options{Image: true})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got.Distro); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(got.Gaps) > 0 {
				t.Errorf("gaps: %v", got.Gaps)
			}
		})
	}
}

func TestDistroThatCannotBeReadIsAGap(t *testing.T) {
	files := fstest.MapFS{
		"etc/os-release":                          {Mode: fs.ModeDir | 0o755},
		"root/buildinfo/labels.json":              text("{"),
		"etc/redhat-release":                      text("Fedora release 40 (Forty)\n"),
		"root/buildinfo/content_manifests/a.json": text(`{"content_sets": 7}`),
	}
	got, err := inventory.Read(t.Context(), files, &inventory.Options{Image: true})
	if err != nil {
		t.Fatal(err)
	}
	if got.Distro == nil || got.Distro.String() != "fedora-40" {
		t.Errorf("got %v, want fedora-40", got.Distro)
	}
	if len(got.Gaps) != 3 {
		t.Errorf("got gaps %v, want three", got.Gaps)
	}
}
