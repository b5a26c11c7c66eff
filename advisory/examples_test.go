package advisory_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/advisory"
)

// The advisories of the demo build without a word, and each file's publisher
// is named with a licence.
func TestExamples(t *testing.T) {
	const dir = "../examples/advisories"
	db, left := build(t, t.TempDir(), advisory.Source{Feed: "osv", At: dir}, advisory.Source{Feed: "kev", At: "../examples/kev.json"})
	if len(left) > 0 {
		t.Errorf("left out: %v", left)
	}
	readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%v, %d files", err, len(names))
	}
	for _, name := range names {
		prefix, _, _ := strings.Cut(filepath.Base(name), "-CVE")
		prefix, _, _ = strings.Cut(prefix, "-")
		if !strings.Contains(string(readme), "`"+prefix+"-") {
			t.Errorf("README.md says nothing of %s", name)
		}
	}
	for _, want := range []struct{ ecosystem, name, vuln string }{
		{"npm", "minimist", "CVE-2021-44906"}, {"npm", "lodash", "CVE-2021-23337"}, {"npm", "qs", "CVE-2022-24999"},
		{"Debian:12", "openssl", "CVE-2023-5363"}, {"Debian:12", "zlib", "CVE-2022-37434"}, {"Debian:12", "glibc", "CVE-2023-4911"},
		{"Debian:12", "openssh", "CVE-2024-6387"}, {"Debian:12", "curl", "CVE-2023-38545"},
	} {
		found := false
		for r, err := range db.Lookup(want.ecosystem, want.name) {
			if err != nil {
				t.Fatal(err)
			}
			found = found || r.Vulns[0] == want.vuln
		}
		if !found {
			t.Errorf("%s %s: no %s", want.ecosystem, want.name, want.vuln)
		}
	}
	a, err := db.Advisory("CVE-2023-4911")
	if err != nil || a.KEV == nil || len(a.Ratings) == 0 {
		t.Errorf("CVE-2023-4911: %+v, %v", a, err)
	}
}
