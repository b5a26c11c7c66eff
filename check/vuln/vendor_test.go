package vuln_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
	"github.com/boltseal/boltseal/check/vuln"
)

// vendors builds a database of the recorded data of vendors' feeds, and of the
// OSV records that are recorded with them.
func vendors(t *testing.T, feeds map[string]map[string]string) *advisory.DB {
	t.Helper()
	dir := t.TempDir()
	var sources []advisory.Source
	for feed, files := range feeds {
		a, err := txtar.ParseFile(filepath.Join("..", "..", "advisory", "testdata", "feeds", feed+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range a.Files {
			name, ok := files[strings.TrimPrefix(f.Name, "serve/")]
			if f.Name == "over" {
				name, ok = "../over-"+feed+".json", true
			}
			if !ok {
				continue
			}
			path := filepath.Join(dir, feed, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
			if f.Name == "over" {
				sources = append(sources, advisory.Source{Feed: "osv", At: path})
			}
		}
		sources = append(sources, advisory.Source{Feed: feed, At: filepath.Join(dir, feed)})
	}
	path := filepath.Join(dir, "advisories.db")
	if _, err := advisory.Build(t.Context(), path, sources, nil); err != nil {
		t.Fatal(err)
	}
	db, err := advisory.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// TestVendors holds that what vendors say of their packages reaches the
// findings: who is affected, what becomes of it, and in whose order of
// versions. "" is no finding.
func TestVendors(t *testing.T) {
	db := vendors(t, map[string]map[string]string{
		"alpine":       {"v3.20/main.json": "v3.20/main.json"},
		"amazon":       {"2/core/2.0/x86_64/0123abcd/repodata/updateinfo.xml.gz": "2/updateinfo.xml", "al2023/core/guids/4567/x86_64/repodata/4567-updateinfo.xml.gz": "2023/updateinfo.xml"},
		"bottlerocket": {"updateinfo.xml.gz": "updateinfo.xml"},
		"chainguard":   {"chainguard/security.json": "security.json"},
		"debian":       {"tracker/data/json": "tracker.json"},
		"oracle":       {"security/oval/com.oracle.elsa-all.xml.bz2": "oval.xml"},
		"photon":       {"photon_cve_metadata/cve_data_photon4.0.json": "cve_data_photon4.0.json", "photon_cve_metadata/cve_data_photon5.0.json": "cve_data_photon5.0.json"},
		"redhat":       {"data/csaf/v2/vex/2023/cve-2023-0001.json": "cve-2023-0001.json"},
		"suse":         {"csaf-vex.tar.bz2!/csaf-vex/cve-2023-0002.json": "cve-2023-0002.json"},
		"ubuntu":       {"snapshot/ubuntu-cve-tracker-master.tar.gz!/ubuntu-cve-tracker-master/active/CVE-2024-0727": "CVE-2024-0727"},
		"wolfi":        {"os/security.json": "security.json"},
	})
	for _, test := range []struct{ purl, source, module, want string }{
		{"pkg:deb/debian/libssl3@3.0.11-1~deb12u2?distro=debian-12", "openssl", "", "CVE-2024-0727 affected medium fixed 3.0.13-1~deb12u1"},
		{"pkg:deb/debian/libssl3@3.0.13-1~deb12u1?distro=debian-12", "openssl", "", ""},
		{"pkg:deb/debian/libssl1.1@1.1.1w-0+deb11u1?distro=debian-11", "openssl", "", "CVE-2024-0727 deferred low"},
		{"pkg:deb/debian/libssl3@3.5.1-1?distro=debian-13", "openssl", "", ""},
		{"pkg:deb/debian/libssl1.1@1.1.1n-0+deb10u6?distro=debian-10", "openssl", "", "CVE-2024-0727 affected medium fixed 1.1.1n-0+deb10u7"},
		{"pkg:deb/debian/libxml2@2.9.14?distro=debian-12", "", "", "CVE-2022-0001 will-not-fix negligible; CVE-2022-0002 deferred medium; CVE-2022-0003 under-investigation unknown; " +
			"CVE-2022-0004 will-not-fix unknown; CVE-2022-0005 affected high"},
		{"pkg:deb/ubuntu/openssl@3.0.2-0ubuntu1.13?distro=ubuntu-22.04", "", "", "CVE-2024-0727 affected low fixed 3.0.2-0ubuntu1.14"},
		{"pkg:deb/ubuntu/openssl@3.0.13-0ubuntu3?distro=ubuntu-24.04", "", "", ""},
		{"pkg:deb/ubuntu/ovmf@2022?distro=ubuntu-22.04", "edk2", "", "CVE-2024-0727 deferred negligible"},
		{"pkg:apk/alpine/libcrypto3@3.3.1-r3?distro=alpine-3.20.2", "openssl", "", "CVE-2024-6119 affected unknown fixed 3.3.2-r0"},
		{"pkg:apk/wolfi/invented@1.2.3-r0?distro=wolfi-20230201", "", "", "CVE-2099-10001 affected unknown fixed 1.2.3-r1; GHSA-aaaa-bbbb-cccc affected unknown fixed 1.2.3-r1"},
		{"pkg:apk/chainguard/invented@1.2.3-r1?distro=chainguard-20230214", "", "", ""},
		{"pkg:rpm/amazon/kernel@4.9.75-37.amzn2?distro=amzn-2", "", "", "CVE-2017-5754 affected critical fixed 4.9.75-38.amzn2"},
		{"pkg:rpm/amazon/perf@4.9.75-38.amzn2?distro=amzn-2&epoch=1", "", "", ""},
		{"pkg:rpm/amzn/openssl-libs@3.0.8-1.amzn2023.0.1?distro=amzn-2023&epoch=1", "openssl", "", "CVE-2022-4304 affected medium fixed 1:3.0.8-1.amzn2023.0.2; CVE-2023-0215 affected medium fixed 1:3.0.8-1.amzn2023.0.2"},
		{"pkg:rpm/bottlerocket/kernel-6.1@6.1.76-1?distro=bottlerocket-1.19", "", "", "CVE-2024-1086 affected high fixed 6.1.77-1"},
		{"pkg:rpm/oracle/postgresql@13.10-1.module%2Bel8?distro=ol-8.9", "", "postgresql:13", "CVE-2023-5869 affected high fixed 13.13-1.module+el8.9.0+90116+4d9f5f5d"},
		{"pkg:rpm/oracle/postgresql@10.1-1.module%2Bel8?distro=ol-8.9", "", "postgresql:10", ""},
		{"pkg:rpm/oracle/gnutls@3.6.16-8.el8_9?distro=ol-8.9", "", "", ""},
		{"pkg:rpm/photon/openssl@1.1.1k-1.ph4?distro=photon-4.0", "", "", "CVE-2021-3711 affected critical fixed 1.1.1l-1.ph4"},
		{"pkg:rpm/photon/openssl@1.1.1k-1.ph5?distro=photon-5.0", "", "", ""},
		{"pkg:rpm/photon/linux-esx@6.1.1?distro=photon-5", "linux", "", "CVE-2024-99999 affected medium"},
		{"pkg:rpm/redhat/openssl-libs@1.0.2k-26.el7_9?distro=rhel-7.9&epoch=1", "openssl", "", "CVE-2023-0001 will-not-fix medium"},
		{"pkg:rpm/redhat/openssl-libs@1.1.1k-9.el8_7?distro=rhel-8.9&epoch=1", "openssl", "", ""},
		{"pkg:rpm/redhat/openssl-libs@3.0.7-24.el9?distro=rhel-9.4&epoch=1", "openssl", "", "CVE-2023-0001 affected medium fixed 1:3.0.7-27.el9"},
		{"pkg:rpm/redhat/nodejs@16.20-1.module%2Bel8?distro=rhel-8.9&epoch=1", "", "nodejs:16", "CVE-2023-0001 affected medium"},
		{"pkg:rpm/redhat/nodejs@18.20.4-1.module%2Bel8.10.0%2B22222%2B1234?distro=rhel-8.9&epoch=1", "", "nodejs:18", ""},
		{"pkg:rpm/redhat/shim@15?distro=rhel-8.9", "", "", "CVE-2023-0001 under-investigation medium"},
		{"pkg:rpm/suse/libldap-2_4-2@2.4.46-150200.14.11.2?distro=sles-15.5", "openldap2", "", "CVE-2023-0002 affected medium fixed 2.4.46-150500.9.5.1"},
		{"pkg:rpm/opensuse/libldap-2_4-2@2.4.46-1?distro=opensuse-leap-15.5", "openldap2", "", "CVE-2023-0002 will-not-fix medium"},
		{"pkg:rpm/suse/libldap-2_5-0@2.5?distro=sles-15.5", "openldap2_5", "", ""},
	} {
		p, err := boltseal.ParsePURL(test.purl)
		if err != nil {
			t.Fatal(err)
		}
		c := boltseal.Component{PURL: test.purl, Name: p.Name, Version: p.Version, Module: test.module, Basis: boltseal.Installed}
		if test.source != "" {
			c.Source = &boltseal.Source{Name: test.source, Version: p.Version}
		}
		findings, gaps, err := vuln.Match(t.Context(), []boltseal.Component{c}, &vuln.Options{DB: db})
		if err != nil || len(gaps) > 0 {
			t.Errorf("%s: %v, gaps %+v", test.purl, err, gaps)
		}
		var got []string
		for _, f := range findings {
			line := fmt.Sprintf("%s %s %s", f.Advisory.ID, f.Status, f.Severity)
			if len(f.FixedIn) > 0 {
				line += " fixed " + strings.Join(f.FixedIn, ", ")
			}
			got = append(got, line)
		}
		slices.Sort(got)
		if diff := cmp.Diff(test.want, strings.Join(got, "; ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.purl, diff)
		}
	}
}
