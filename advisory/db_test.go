package advisory_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
)

// sample builds the database of one archive of testdata.
func sample(t testing.TB, name string) *advisory.DB {
	t.Helper()
	dir := t.TempDir()
	db, _ := build(t, dir, unpackSample(t, dir, name)...)
	return db
}

func unpackSample(t testing.TB, dir, name string) []advisory.Source {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	return unpack(t, dir, a)
}

func lookup(t testing.TB, db *advisory.DB, ecosystem, name string) []string {
	t.Helper()
	var ids []string
	for r, err := range db.Lookup(ecosystem, name) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Affected.Ecosystem != advisory.Ecosystem(ecosystem) {
			t.Errorf("%s: a record of %s", ecosystem, r.Affected.Ecosystem)
		}
		ids = append(ids, r.ID)
	}
	return ids
}

func TestLookupSpellings(t *testing.T) {
	names, distro := sample(t, "osv-names"), sample(t, "osv-distro")
	for _, test := range []struct {
		db              *advisory.DB
		ecosystem, name string
		want            []string
	}{
		{names, "PyPI", "foo-bar", []string{"PYSEC-2", "PYSEC-3"}},
		{names, "PyPI", "FOO__bar", []string{"PYSEC-2", "PYSEC-3"}},
		{names, "PyPI", "foobar", nil},
		{names, "NuGet", "SYSTEM.text.JSON", []string{"GHSA-nnnn-uuuu-gggg"}},
		{names, "npm", "JSONStream", []string{"GHSA-nnnn-uuuu-gggg"}},
		{names, "npm", "jsonstream", nil},
		{names, "npm", "@scope/name", nil},
		{names, "Packagist", "symfony/HTTP-kernel", []string{"GHSA-nnnn-uuuu-gggg"}},
		{names, "Packagist", "drupal/core", []string{"GHSA-nnnn-uuuu-gggg"}},
		{names, "Maven", "com.google:Thing", []string{"GHSA-nnnn-uuuu-gggg"}},
		{names, "Go", "github.com/masterminds/goutils", nil},
		{names, "crates.io", "inflector", nil},
		{names, "GitHub Actions", "tj-actions/changed-files", []string{"GHSA-nnnn-uuuu-gggg"}},
		{distro, "Ubuntu:22.04", "bar", []string{"UBUNTU-CVE-2025-0002"}},
		{distro, "Ubuntu:22.04:LTS", "bar", []string{"UBUNTU-CVE-2025-0002"}},
		{distro, "Ubuntu:18.04", "bar", nil},
		{distro, "Ubuntu:Pro:18.04:LTS", "bar", []string{"UBUNTU-CVE-2025-0002"}},
		{distro, "Alpine:v3.20", "calico-fips", nil},
		{distro, "Alpine:3.20", "nov", []string{"CLEANSTART-1"}},
		{distro, "Alpine", "calico-fips", nil},
		{distro, "Debian:12", "curl", nil},
		{distro, "Debian:10", "foo", nil},
		{distro, "Red Hat:enterprise_linux:8::appstream", "podman", []string{"RHSA-2024:1"}},
		{distro, "Red Hat:enterprise_linux:8::baseos", "podman", nil},
	} {
		if diff := cmp.Diff(test.want, lookup(t, test.db, test.ecosystem, test.name)); diff != "" {
			t.Errorf("%s %s: want (-) got (+):\n%s", test.ecosystem, test.name, diff)
		}
	}
}

func TestCovers(t *testing.T) {
	db := sample(t, "osv-distro")
	for ecosystem, want := range map[string]bool{
		"Debian:12": true, "Debian": false, "Debian:10": false, "Ubuntu:22.04:LTS": true, "Ubuntu:22.04": true,
		"Ubuntu:18.04": false, "Alpine": false, "Alpine:v3.20": true, "Alpine:v3.2": false, "npm": false, "": false,
	} {
		if got := db.Covers(ecosystem); got != want {
			t.Errorf("Covers(%q) = %t, want %t", ecosystem, got, want)
		}
	}
	packages, records := 0, 0
	for _, r := range db.Releases() {
		packages, records = packages+r.Packages, records+r.Records
	}
	for k, err := range db.Keys() {
		if err != nil {
			t.Fatal(err)
		}
		packages, records = packages-1, records-k.Records
	}
	if packages != 0 || records != 0 {
		t.Errorf("the releases count %d packages and %d records too many", packages, records)
	}
}

func TestConcerns(t *testing.T) {
	modular := advisory.Record{Modules: []string{"postgresql:13", "postgresql-devel:13"}}
	streams := advisory.Record{Modules: []string{"ruby"}}
	unnamed := advisory.Record{Modules: []string{"*"}}
	for _, test := range []struct {
		name            string
		record          advisory.Record
		module, version string
		want            bool
	}{
		{"no module at all", advisory.Record{}, "", "1-1.el9", true},
		{"record of none, package of one", advisory.Record{}, "nodejs:18", "1-1.module_el8", true},
		{"same stream", modular, "postgresql:13", "13.1-1.module_el8", true},
		{"second module", modular, "postgresql-devel:13", "13.1-1.module_el8", true},
		{"other stream", modular, "postgresql:10", "10.1-1.module_el8", false},
		{"package of none", modular, "", "10.23-1.el8", false},
		{"label lost", modular, "", "10.23-1.module_el8.10.0+1", true},
		{"all streams", streams, "ruby:3.1", "3.1-1.module_el9", true},
		{"other module", streams, "rubygem:3.1", "3.1-1.module_el9", false},
		{"any module", unnamed, "perl:5.26", "5.26-1.module_el8", true},
		{"any module, package of none", unnamed, "", "5.26-1.el8", false},
	} {
		c := boltseal.Component{Module: test.module, Version: test.version}
		if got := test.record.Concerns(&c); got != test.want {
			t.Errorf("%s: got %t, want %t", test.name, got, test.want)
		}
	}
}

func TestAdvisoryNotFound(t *testing.T) {
	db := sample(t, "osv-alias")
	for _, id := range []string{"CVE-2024-9999", "CVE-1999-0001", "", "PYSEC-", "GHSA-JFH8-c2jp-5v3"} {
		if a, err := db.Advisory(id); !errors.Is(err, advisory.ErrNotFound) {
			t.Errorf("%q: got %v, %v, want %v", id, a, err, advisory.ErrNotFound)
		}
	}
	if a, err := db.Advisory("ghsa-JFH8-c2jp-5v3q"); err != nil || a.ID != "GHSA-jfh8-c2jp-5v3q" {
		t.Errorf("another spelling: got %v, %v", a, err)
	}
}

// The same input gives the same bytes, however many goroutines decode it and
// wherever it lies.
func TestBuildReproducible(t *testing.T) {
	var first []byte
	for jobs := range 4 {
		dir := t.TempDir()
		path := filepath.Join(dir, "a.db")
		sources := unpackSample(t, dir, "osv-alias")
		snapshot, err := advisory.Build(t.Context(), path, sources, &advisory.BuildOptions{Jobs: jobs})
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = got
		}
		if !bytes.Equal(first, got) {
			t.Errorf("%d jobs give other bytes", jobs)
		}
		if id := openDB(t, path).Snapshot().ID; id != snapshot.ID {
			t.Errorf("Build says %s, the file %s", snapshot.ID, id)
		}
	}
}

func TestBuildFailureKeepsOld(t *testing.T) {
	dir := t.TempDir()
	sources := unpackSample(t, dir, "osv-names")
	db, _ := build(t, dir, sources...)
	path := filepath.Join(dir, "test.db")
	before := db.Snapshot().ID
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	empty := t.TempDir()
	broken := filepath.Join(t.TempDir(), "all.zip")
	if err := os.WriteFile(broken, []byte("PK\x03\x04 not a zip"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]func() error{
		"canceled":       func() error { return buildFile(canceled, path, sources...) },
		"empty folder":   func() error { return buildFile(t.Context(), path, advisory.Source{Feed: "osv", At: empty}) },
		"no such folder": func() error { return buildFile(t.Context(), path, advisory.Source{Feed: "osv", At: empty + "/none"}) },
		"broken archive": func() error { return buildFile(t.Context(), path, advisory.Source{Feed: "osv", At: broken}) },
		"no such feed":   func() error { return buildFile(t.Context(), path, advisory.Source{Feed: "nvd", At: empty}) },
		"only KEV":       func() error { return buildFile(t.Context(), path, advisory.Source{Feed: "kev", At: broken}) },
		"other ecosystems": func() error {
			s := sources[0]
			s.Ecosystems = []string{"Debian"}
			return buildFile(t.Context(), path, s)
		},
	} {
		if err := try(); err == nil {
			t.Errorf("%s: no error", name)
		}
		if got := openDB(t, path).Snapshot().ID; got != before {
			t.Errorf("%s: the old database is gone", name)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// Whoever has the old file open keeps it, and whoever opens the new one gets
// that, with nobody waiting for anybody.
func TestReplaceWhileOpen(t *testing.T) {
	dir := t.TempDir()
	db, _ := build(t, dir, unpackSample(t, t.TempDir(), "osv-names")...)
	before := dump(t, db)
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				other, err := advisory.Open(filepath.Join(dir, "test.db"))
				if err != nil {
					t.Error(err)
					return
				}
				if err := other.Verify(); err != nil {
					t.Error(err)
				}
				for range other.Lookup("PyPI", "foo-bar") {
				}
				if err := other.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 5 {
		build(t, dir, unpackSample(t, t.TempDir(), "osv-alias")...)
		build(t, dir, unpackSample(t, t.TempDir(), "osv-names")...)
	}
	close(stop)
	readers.Wait()
	if diff := cmp.Diff(before, dump(t, db)); diff != "" {
		t.Errorf("the open database changed:\n%s", diff)
	}
}

func TestClosed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.db")
	if err := buildFile(t.Context(), path, unpackSample(t, dir, "osv-names")...); err != nil {
		t.Fatal(err)
	}
	db, err := advisory.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var kept advisory.Record
	for r := range db.Lookup("PyPI", "foo-bar") {
		kept = r
	}
	if err := errors.Join(db.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	if kept.ID != "PYSEC-3" || kept.Affected.Versions[0] != "2.0" {
		t.Errorf("a record did not outlive its database: %+v", kept)
	}
	for r, err := range db.Lookup("PyPI", "foo-bar") {
		if err == nil {
			t.Errorf("found %s in a closed database", r.ID)
		}
	}
	if _, err := db.Advisory("PYSEC-2"); err == nil {
		t.Error("found words in a closed database")
	}
	for _, err := range db.Keys() {
		if err == nil {
			t.Error("found packages in a closed database")
		}
	}
	if err := db.Verify(); err == nil {
		t.Error("a closed database is whole")
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "good.db")
	if err := buildFile(t.Context(), path, unpackSample(t, dir, "osv-names")...); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	newer := bytes.Clone(good)
	newer[8]++
	for _, test := range []struct {
		name string
		data []byte
		want error
	}{
		{"empty", nil, advisory.ErrFormat},
		{"short", good[:100], advisory.ErrFormat},
		{"text", bytes.Repeat([]byte("no database\n"), 1000), advisory.ErrFormat},
		{"newer", newer, advisory.ErrFormat},
		{"half", good[:len(good)/2], advisory.ErrCorrupt},
		{"a page less", good[:len(good)-4096], advisory.ErrCorrupt},
		{"a byte less", good[:len(good)-1], advisory.ErrCorrupt},
		{"a byte more", append(bytes.Clone(good), 0), advisory.ErrCorrupt},
		{"a page more", append(bytes.Clone(good), make([]byte, 4096)...), advisory.ErrCorrupt},
	} {
		bad := filepath.Join(dir, "bad.db")
		if err := os.WriteFile(bad, test.data, 0o644); err != nil {
			t.Fatal(err)
		}
		if db, err := advisory.Open(bad); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, %v, want %v", test.name, db, err, test.want)
		}
	}
	if _, err := advisory.Open(dir); !errors.Is(err, advisory.ErrFormat) {
		t.Errorf("a folder: got %v, want %v", err, advisory.ErrFormat)
	}
	if _, err := advisory.Open(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: got %v, want %v", err, os.ErrNotExist)
	}
}

// Each feed is a card that anybody can read, and has its own test data.
func TestFeeds(t *testing.T) {
	for _, f := range advisory.Feeds() {
		if f.Title == "" || strings.HasSuffix(f.Title, ".") || f.Terms == "" || !strings.HasPrefix(f.Base, "https://") {
			t.Errorf("%+v", f)
		}
		ours, err := filepath.Glob(filepath.Join("testdata", f.Name+"*.txtar"))
		if _, missing := os.Stat(filepath.Join("testdata", "feeds", f.Name+".txtar")); err != nil || len(ours) == 0 && missing != nil {
			t.Errorf("%s: no recorded data", f.Name)
		}
	}
	if got, want := len(advisory.DefaultSources("all")), len(advisory.Feeds()); got != want {
		t.Errorf("%d sources of %d feeds", got, want)
	}
	few := advisory.DefaultSources()
	if slices.ContainsFunc(few, func(s advisory.Source) bool { return s.Feed == "redhat" }) || len(few) < 3 {
		t.Errorf("default sources: %+v", few)
	}
	if got := advisory.DefaultSources("redhat"); len(got) != len(few)+1 {
		t.Errorf("default sources and redhat: %+v", got)
	}
}

func TestBuiltDate(t *testing.T) {
	dir := t.TempDir()
	sources := unpackSample(t, dir, "osv-alias")
	when := time.Date(2026, 5, 6, 7, 8, 9, 0, time.FixedZone("x", 3600))
	s, err := advisory.Build(t.Context(), filepath.Join(dir, "a.db"), sources, &advisory.BuildOptions{Built: when})
	if err != nil || !s.Built.Equal(when) {
		t.Errorf("built: got %v, %v, want %v", s, err, when)
	}
	s, err = advisory.Build(t.Context(), filepath.Join(dir, "b.db"), sources, nil)
	if want := time.Date(2026, 2, 3, 4, 5, 6, 700_000_000, time.UTC); err != nil || !s.Built.Equal(want) {
		t.Errorf("built of its data: got %v, %v, want %v", s, err, want)
	}
}
