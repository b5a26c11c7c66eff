package advisory_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/advisory"
)

// buildJSON builds a database of OSV records, with a KEV catalog if there is
// one.
func buildJSON(t testing.TB, kev string, records ...string) *advisory.DB {
	t.Helper()
	dir := t.TempDir()
	write := func(name, data string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("osv/all.json", "["+strings.Join(records, ",")+"]")
	sources := []advisory.Source{{Feed: "osv", At: filepath.Join(dir, "osv")}}
	if kev != "" {
		sources = append(sources, advisory.Source{Feed: "kev", At: write("kev.json", kev)})
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

// osvOf is a record about one package.
func osvOf(id, ecosystem, name, fixed, more string) string {
	return fmt.Sprintf(`{"id":%q,"modified":"2026-01-01T00:00:00Z",%s"affected":[{"package":{"ecosystem":%q,"name":%q},
"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":%q}]}]}]}`, id, more, ecosystem, name, fixed)
}

func TestChanged(t *testing.T) {
	const rated = `"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:%s"}],`
	const kev = `{"dateReleased":"2026-01-01T00:00:00Z","vulnerabilities":[{"cveID":%q,"dateAdded":"2026-01-01"}]}`
	older := buildJSON(t, fmt.Sprintf(kev, "CVE-2020-1"),
		osvOf("GHSA-aaaa-aaaa-aaaa", "npm", "same", "1", ""),
		osvOf("GHSA-bbbb-bbbb-bbbb", "npm", "fixed-later", "1", ""),
		osvOf("GHSA-cccc-cccc-cccc", "npm", "gone", "1", ""),
		osvOf("GHSA-dddd-dddd-dddd", "npm", "rated-anew", "1", fmt.Sprintf(rated, "L")),
		osvOf("GHSA-eeee-eeee-eeee", "npm", "exploited", "1", `"aliases":["CVE-2026-1"],`),
		osvOf("GHSA-ffff-ffff-ffff", "npm", "reworded", "1", `"summary":"one",`),
		osvOf("DEBIAN-CVE-2026-2", "Debian:12", "same", "1", ""),
		osvOf("DEBIAN-CVE-2026-3", "Debian:12", "replaced", "1", ""),
	)
	newer := buildJSON(t, fmt.Sprintf(kev, "CVE-2026-1"),
		osvOf("GHSA-0000-0000-0000", "npm", "a-first", "1", ""),
		osvOf("GHSA-aaaa-aaaa-aaaa", "npm", "same", "1", ""),
		osvOf("GHSA-bbbb-bbbb-bbbb", "npm", "fixed-later", "2", ""),
		osvOf("GHSA-dddd-dddd-dddd", "npm", "rated-anew", "1", fmt.Sprintf(rated, "H")),
		osvOf("GHSA-eeee-eeee-eeee", "npm", "exploited", "1", `"aliases":["CVE-2026-1"],`),
		osvOf("GHSA-ffff-ffff-ffff", "npm", "reworded", "1", `"summary":"two",`),
		osvOf("DEBIAN-CVE-2026-2", "Debian:12", "same", "1", ""),
		osvOf("DEBIAN-CVE-2026-4", "Debian:12", "replaced", "1", ""),
		osvOf("GO-2026-1", "Go", "new.example/ecosystem", "1", ""),
		osvOf("DEBIAN-CVE-2026-2", "Debian:13", "same", "1", ""),
	)
	list := func(a, b *advisory.DB) []string {
		var got []string
		for k, err := range advisory.Changed(a, b) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%s %s %d", k.Ecosystem, k.Name, k.Records))
		}
		return got
	}
	want := []string{
		"Debian:12 replaced 1", "Go new.example/ecosystem 1", "npm a-first 1", "npm exploited 1", "npm fixed-later 1",
		"npm gone 0", "npm rated-anew 1", "npm reworded 1",
	}
	if diff := cmp.Diff(want, list(older, newer)); diff != "" {
		t.Error("older to newer (-want +got):\n", diff)
	}
	if got := list(newer, newer); len(got) > 0 {
		t.Errorf("a database and itself differ in %q", got)
	}
	if got := list(nil, older); len(got) != 8 {
		t.Errorf("nothing and a database of 8 packages differ in %q", got)
	}
	if got := list(older, nil); len(got) != 8 {
		t.Errorf("a database of 8 packages and nothing differ in %q", got)
	}
	for range advisory.Changed(nil, newer) {
		break // the sequence must end when nobody wants more
	}
}

// BenchmarkChanged compares the database of the mirror with itself: that is
// the whole work, because every row is looked at.
func BenchmarkChanged(b *testing.B) {
	older, newer := benchDB(b), benchDB(b)
	for b.Loop() {
		for k, err := range advisory.Changed(older, newer) {
			b.Fatal(k, err)
		}
	}
}
