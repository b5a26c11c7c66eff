package advisory_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
)

var (
	update = flag.Bool("update", false, "rewrite the expectations in testdata")
	keep   = flag.Bool("keep", false, "keep the database of the benchmarks, and use the one that was kept")
)

// TestBuild builds a database of the files of each archive in testdata and
// compares everything that can be asked of it with the file "want". Files in
// osv/ are an OSV source, kev.json and epss.csv the other feeds.
func TestBuild(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("testdata: %v, %d archives", err, len(names))
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			db, left := build(t, dir, unpack(t, dir, a)...)
			got := strings.Join(left, "") + dump(t, db)
			at := slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == "want" })
			if *update {
				if at < 0 {
					at = len(a.Files)
					a.Files = append(a.Files, txtar.File{Name: "want"})
				}
				a.Files[at].Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if at < 0 {
				t.Fatal("no file want; run with -update and read the difference")
			}
			if diff := cmp.Diff(string(a.Files[at].Data), got); diff != "" {
				t.Errorf("want (-) got (+):\n%s", diff)
			}
		})
	}
}

// unpack writes an archive's files below dir and returns the sources they
// are.
func unpack(t testing.TB, dir string, a *txtar.Archive) []advisory.Source {
	t.Helper()
	var sources []advisory.Source
	for _, f := range a.Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
		switch f.Name {
		case "kev.json":
			sources = append(sources, advisory.Source{Feed: "kev", At: name})
		case "epss.csv":
			sources = append(sources, advisory.Source{Feed: "epss", At: name})
		}
	}
	return append(sources, advisory.Source{Feed: "osv", At: filepath.Join(dir, "osv")})
}

// build makes and opens a database, and says what was left out of it.
func build(t testing.TB, dir string, sources ...advisory.Source) (*advisory.DB, []string) {
	t.Helper()
	var left []string
	path := filepath.Join(dir, "test.db")
	_, err := advisory.Build(t.Context(), path, sources, &advisory.BuildOptions{Jobs: 2, Left: func(l advisory.Left) {
		left = append(left, fmt.Sprintf("left %s %s: %s\n", l.Feed, l.ID, l.Why))
	}})
	if err != nil {
		t.Fatal(err)
	}
	return openDB(t, path), left
}

func openDB(t testing.TB, path string) *advisory.DB {
	t.Helper()
	db, err := advisory.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Verify(); err != nil {
		t.Fatal(err)
	}
	return db
}

// dump is everything in a database, as text.
func dump(t testing.TB, db *advisory.DB) string {
	t.Helper()
	var b strings.Builder
	for _, f := range db.Snapshot().Feeds {
		fmt.Fprintf(&b, "feed %s records=%d modified=%s%s\n", f.Name, f.Records, date(f.Modified), optional("error", f.Error))
	}
	ids := map[string]bool{}
	for k, err := range db.Keys() {
		if err != nil {
			t.Fatal(err)
		}
		if !db.Covers(k.Ecosystem) {
			t.Errorf("%s is not covered", k.Ecosystem)
		}
		n := 0
		fmt.Fprintf(&b, "\n%s %s\n", k.Ecosystem, k.Name)
		for r, err := range db.Lookup(k.Ecosystem, k.Name) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			writeRecord(&b, &r)
			ids[r.ID] = true
			for _, v := range r.Vulns {
				ids[v] = true
			}
		}
		if n != k.Records || n == 0 {
			t.Errorf("%s %s: %d records, but its key says %d", k.Ecosystem, k.Name, n, k.Records)
		}
	}
	list := make([]string, 0, len(ids))
	for id := range ids {
		list = append(list, id)
	}
	slices.Sort(list)
	for _, id := range list {
		a, err := db.Advisory(id)
		if err != nil {
			t.Fatal(err)
		}
		writeAdvisory(&b, a)
	}
	return b.String()
}

func writeRecord(b *strings.Builder, r *advisory.Record) {
	fmt.Fprintf(b, "\t%s speaks of %s:", r.ID, strings.Join(r.Vulns, " "))
	for _, g := range r.Affected.Ranges {
		fmt.Fprintf(b, " from %s%s%s;", g.Introduced, optional("before", g.Fixed), optional("to", g.LastAffected))
	}
	fmt.Fprintf(b, "%s%s%s%s%s\n", optional("also", strings.Join(r.Affected.Versions, " ")), optional("status", string(r.Affected.Status)),
		optional("modules", strings.Join(r.Modules, " ")), optional("symbols", strings.Join(r.Affected.Symbols, " ")), optional("kind", string(r.Kind)))
	if r.Affected.Severity != boltseal.Unknown {
		fmt.Fprintf(b, "\t\trated %s for this release\n", r.Affected.Severity)
	}
}

func writeAdvisory(b *strings.Builder, a *boltseal.Advisory) {
	fmt.Fprintf(b, "\n%s of %s%s\n", a.ID, a.Feed, optional("kind", string(a.Kind)))
	for _, line := range []struct{ name, value string }{
		{"aliases", strings.Join(a.Aliases, " ")}, {"upstream", strings.Join(a.Upstream, " ")}, {"related", strings.Join(a.Related, " ")},
		{"summary", a.Summary}, {"details", a.Details}, {"published", date(a.Published)}, {"modified", date(a.Modified)},
		{"references", strings.Join(a.References, " ")}, {"cwes", strings.Join(a.CWEs, " ")},
	} {
		if line.value != "" {
			fmt.Fprintf(b, "\t%s: %s\n", line.name, line.value)
		}
	}
	for _, r := range a.Ratings {
		fmt.Fprintf(b, "\t%s says %s", r.By, r.Severity)
		if r.Vector != "" {
			fmt.Fprintf(b, ": %.1f %s", r.Score, r.Vector)
		}
		b.WriteByte('\n')
	}
	if a.EPSS != nil {
		fmt.Fprintf(b, "\tEPSS %v, percentile %v, of %s\n", a.EPSS.Score, a.EPSS.Percentile, date(a.EPSS.Date))
	}
	if a.KEV != nil {
		fmt.Fprintf(b, "\tKEV since %s, due %s, ransomware %t\n", date(a.KEV.Added), date(a.KEV.Due), a.KEV.Ransomware)
	}
}

func optional(name, value string) string {
	if value == "" {
		return ""
	}
	return " " + name + " " + value
}

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

// mirror is the folder with a copy of real data, for the tests that need
// more than a handful of records.
func mirror(t testing.TB) string {
	t.Helper()
	const dir = "../../shared"
	if _, err := os.Stat(filepath.Join(dir, "osv", "ecosystems.txt")); errors.Is(err, fs.ErrNotExist) {
		t.Skip("no mirror of OSV.dev beside the repository (../shared/osv): the test on real data is not run")
	}
	return dir
}

func mirrorSources(dir string) []advisory.Source {
	return []advisory.Source{
		{Feed: "osv", At: filepath.Join(dir, "osv")},
		{Feed: "kev", At: filepath.Join(dir, "kev", "known_exploited_vulnerabilities.json")},
		{Feed: "epss", At: filepath.Join(dir, "epss", "epss_scores-current.csv.gz")},
	}
}

func buildFile(ctx context.Context, path string, sources ...advisory.Source) error {
	_, err := advisory.Build(ctx, path, sources, nil)
	return err
}
