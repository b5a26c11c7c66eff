package advisory_test

import (
	"archive/zip"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
	"github.com/boltseal/boltseal/version"
)

// TestMirror builds the database of all the real data there is.
func TestMirror(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds: not with -short")
	}
	dir := mirror(t)
	start := time.Now()
	out := t.TempDir()
	db, left := build(t, out, mirrorSources(dir)...)
	info, err := os.Stat(filepath.Join(out, "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	zips := int64(0)
	names, _ := filepath.Glob(filepath.Join(dir, "osv", "*", "all.zip"))
	for _, name := range names {
		z, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		zips += z.Size()
	}
	t.Logf("%d records left out; %.1f MB, %.0f %% of the archives; built in %s", len(left), float64(info.Size())/1e6, 100*float64(info.Size())/float64(zips), time.Since(start))
	if 2*info.Size() > zips {
		t.Errorf("the database is more than half of the archives: %d of %d bytes", info.Size(), zips)
	}
	for _, line := range left {
		if !strings.Contains(line, "Alpine without a release") && !strings.Contains(line, "not a package name: $pkgname") {
			t.Errorf("left out: %s", line)
		}
	}
	t.Run("every row", func(t *testing.T) { everyRow(t, db, names) })
	t.Run("known traps", func(t *testing.T) { knownTraps(t, db) })
}

func knownTraps(t *testing.T, db *advisory.DB) {
	for _, f := range db.Snapshot().Feeds {
		if f.Error != "" || f.Records == 0 {
			t.Errorf("%+v", f)
		}
	}
	if db.Covers("Alpine") || !db.Covers("Alpine:v3.11") || !db.Covers("Debian:12") || db.Covers("Debian:13") {
		t.Error("other releases are covered than there are")
	}
	ids := func(ecosystem, name string) []string { return lookup(t, db, ecosystem, name) }
	if got := ids("Debian:12", "openssh"); !slices.Contains(got, "DEBIAN-CVE-2024-6387") {
		t.Errorf("openssh: %v", got)
	}
	for r, err := range db.Lookup("AlmaLinux:8", "postgresql") {
		if err != nil {
			t.Fatal(err)
		}
		if r.ID == "ALSA-2026:0523" {
			other, same := &boltseal.Component{Module: "postgresql:10"}, &boltseal.Component{Module: "postgresql:13"}
			if r.Concerns(other) || !r.Concerns(same) || len(r.Vulns) == 0 || !strings.HasPrefix(r.Vulns[0], "CVE-") {
				t.Errorf("%+v", r)
			}
		}
	}
	if got := ids("Alpine:v3.11", "calico-fips"); len(got) > 0 {
		t.Errorf("CleanStart's bare Alpine: %v", got)
	}
	informational, malware := 0, 0
	for k, err := range db.Keys() {
		if err != nil {
			t.Fatal(err)
		}
		for r, err := range db.Lookup(k.Ecosystem, k.Name) {
			if err != nil {
				t.Fatal(err)
			}
			switch r.Kind {
			case boltseal.Informational:
				informational++
			case boltseal.Malware:
				malware++
			}
			if len(r.Vulns) == 0 {
				t.Errorf("%s speaks of nothing", r.ID)
			}
		}
	}
	if informational < 200 {
		t.Errorf("%d informational records", informational)
	}
	a, err := db.Advisory("CVE-2021-44228")
	if err != nil || a.KEV == nil || a.EPSS == nil || !a.KEV.Ransomware {
		t.Errorf("%+v, %v", a, err)
	}
}

// raw is what the test itself reads of a record.
type raw struct {
	ID        string        `json:"id"`
	Withdrawn *time.Time    `json:"withdrawn"`
	Affected  []rawAffected `json:"affected"`
}

type rawAffected struct {
	Package  struct{ Ecosystem, Name string } `json:"package"`
	Versions []string                         `json:"versions"`
	Ranges   []struct {
		Type   string              `json:"type"`
		Events []map[string]string `json:"events"`
	} `json:"ranges"`
	Specific map[string]any `json:"database_specific"`
}

// place is one package of one record.
type place struct{ ecosystem, name, id string }

// everyRow compares what the database says of every package of every record
// with OSV's own evaluation of the record, at every version that is named.
func everyRow(t *testing.T, db *advisory.DB, zips []string) {
	stored := map[place][]boltseal.Affected{}
	for k, err := range db.Keys() {
		if err != nil {
			t.Fatal(err)
		}
		for r, err := range db.Lookup(k.Ecosystem, k.Name) {
			if err != nil {
				t.Fatal(err)
			}
			p := place{k.Ecosystem, k.Name, r.ID}
			stored[p] = append(stored[p], r.Affected)
		}
	}
	rows, asked := 0, 0
	for _, name := range zips {
		z, err := zip.OpenReader(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range z.File {
			var r raw
			in, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			if err := json.NewDecoder(in).Decode(&r); err != nil {
				t.Fatal(err)
			}
			_ = in.Close()
			bugFix := strings.HasPrefix(r.ID, "ALBA-") || strings.HasPrefix(r.ID, "ALEA-")
			if r.Withdrawn == nil && !bugFix {
				n, k := compareRecord(t, stored, &r)
				rows, asked = rows+n, asked+k
			}
		}
		_ = z.Close()
	}
	t.Logf("%d rows compared at %d versions", rows, asked)
	if rows < 140_000 || asked < 2*rows {
		t.Errorf("only %d rows at %d versions", rows, asked)
	}
}

func compareRecord(t *testing.T, stored map[place][]boltseal.Affected, r *raw) (rows, asked int) {
	said := map[place][]rawAffected{}
	for _, a := range r.Affected {
		known := a.Specific["last_known_affected_version_range"] != nil
		if known || strings.Contains(a.Package.Name, "$") || strings.Contains(a.Package.Name, "rhel8/") || a.Package.Ecosystem == "Alpine" {
			continue
		}
		p := place{a.Package.Ecosystem, a.Package.Name, r.ID}
		said[p] = append(said[p], a)
	}
	for p, list := range said {
		scheme, ok := version.ForEcosystem(p.ecosystem)
		if !ok {
			continue
		}
		// The names of what is stored are normalised: ask for them.
		mine := stored[place{advisory.Ecosystem(p.ecosystem), normal(p.ecosystem, p.name), p.id}]
		rows += len(mine)
		for _, v := range named(list) {
			want, known := evaluate(list, scheme, v)
			if !known {
				continue
			}
			asked++
			got := slices.ContainsFunc(mine, func(a boltseal.Affected) bool { return scheme.Affected(v, &a) })
			if got != want {
				t.Errorf("%s: %s %s %s: got %t, want %t: %+v", r.ID, p.ecosystem, p.name, v, got, want, mine)
			}
		}
	}
	return rows, asked
}

// normal is written down here once more, by other means than the product's.
func normal(ecosystem, name string) string {
	name = strings.TrimSpace(name)
	switch ecosystem, _, _ := strings.Cut(ecosystem, ":"); ecosystem {
	case "PyPI":
		return regexp.MustCompile(`[-_.]+`).ReplaceAllString(strings.ToLower(name), "-")
	case "NuGet", "Packagist":
		return strings.ToLower(name)
	}
	return name
}

// named are the versions that the record names, and one above each bound.
func named(list []rawAffected) []string {
	var all []string
	for _, a := range list {
		all = append(all, a.Versions...)
		for _, g := range a.Ranges {
			for _, e := range g.Events {
				for _, v := range e {
					if g.Type != "GIT" && v != "0" {
						all = append(all, v, v+".1")
					}
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// evaluate is OSV's algorithm (schema, "Evaluation"), event by event. It is
// false in its second result where the record contradicts itself.
func evaluate(list []rawAffected, scheme *version.Scheme, v string) (affected, known bool) {
	for _, a := range list {
		for _, g := range a.Ranges {
			if g.Type == "GIT" {
				continue
			}
			if slices.ContainsFunc(g.Events, func(e map[string]string) bool { return e["fixed"] == v }) && slices.Contains(a.Versions, v) {
				return false, false
			}
			affected = affected || within(g.Events, scheme, v)
		}
		affected = affected || slices.ContainsFunc(a.Versions, func(w string) bool { return scheme.Compare(v, w) == 0 })
	}
	return affected, true
}

// within looks for the last event that is not above v. Of events at one
// version, what is introduced there counts last; but what is listed as
// introduced and at once fixed is nothing.
func within(events []map[string]string, scheme *version.Scheme, v string) bool {
	events = slices.Clone(events)
	for i := len(events) - 1; i > 0; i-- {
		if i >= len(events) {
			continue
		}
		fixed, ends := events[i]["fixed"]
		introduced, begins := events[i-1]["introduced"]
		if begins && ends && scheme.Compare(introduced, fixed) == 0 {
			events = slices.Delete(events, i-1, i+1)
		}
	}
	below := func(w string) bool { return w == "0" || scheme.Compare(w, v) <= 0 }
	best, state := "", false
	for _, pass := range []string{"fixed", "introduced"} {
		for _, e := range events {
			w, ok := e[pass]
			if !ok || !below(w) {
				continue
			}
			newer := best == "" || best == "0" && w != "0" || w != "0" && scheme.Compare(w, best) > 0
			same := best == w || best != "" && best != "0" && w != "0" && scheme.Compare(w, best) == 0
			if newer || same && pass == "introduced" {
				best, state = w, pass == "introduced"
			}
		}
	}
	for _, e := range events {
		if last, ok := e["last_affected"]; ok && state && scheme.Compare(last, v) < 0 && (best == "0" || scheme.Compare(last, best) >= 0) {
			return false
		}
	}
	return state
}

// TestMirrorOverHTTP updates from a plain file server, which knows no ETag
// and has no archive of everything.
func TestMirrorOverHTTP(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds: not with -short")
	}
	dir := mirror(t)
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(server.Close)
	dst := filepath.Join(t.TempDir(), "db")
	opts := &advisory.UpdateOptions{Now: noon, Sources: []advisory.Source{
		{Feed: "osv", At: server.URL + "/osv", Ecosystems: []string{"Red Hat", "npm", "BellSoft Hardened Containers", "crates.io"}},
		{Feed: "kev", At: server.URL + "/kev/known_exploited_vulnerabilities.json"},
		{Feed: "epss", At: server.URL + "/epss/epss_scores-current.csv.gz"},
	}}
	first := mustUpdate(t, dst, opts)
	if len(first.Feeds) != 6 {
		t.Errorf("%+v", first.Feeds)
	}
	again := mustUpdate(t, dst, opts)
	if first.ID != again.ID {
		t.Errorf("nothing changed, and yet %s became %s", first.ID, again.ID)
	}
}
