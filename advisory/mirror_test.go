package advisory_test

import (
	"archive/zip"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
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
	ID        string     `json:"id"`
	Withdrawn *time.Time `json:"withdrawn"`
	Affected  []struct {
		Package  struct{ Ecosystem, Name string } `json:"package"`
		Versions []string                         `json:"versions"`
		Ranges   []struct {
			Type   string              `json:"type"`
			Events []map[string]string `json:"events"`
		} `json:"ranges"`
		Specific map[string]any `json:"database_specific"`
	} `json:"affected"`
}

// everyRow compares what the database says of every package of every record
// with OSV's own evaluation of the record, at every version that is named.
func everyRow(t *testing.T, db *advisory.DB, zips []string) {
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
			if r.Withdrawn != nil {
				continue
			}
			n, k := compareRecord(t, db, &r)
			rows, asked = rows+n, asked+k
		}
		_ = z.Close()
	}
	t.Logf("%d rows compared at %d versions", rows, asked)
	if rows < 150_000 {
		t.Errorf("only %d rows", rows)
	}
}

func compareRecord(t *testing.T, db *advisory.DB, r *raw) (rows, asked int) {
	type key struct{ ecosystem, name string }
	versions := map[key][]string{}
	for _, a := range r.Affected {
		k := key{a.Package.Ecosystem, a.Package.Name}
		if a.Specific["last_known_affected_version_range"] != nil || strings.Contains(k.name, "$") || strings.Contains(k.name, "rhel8/") || k.ecosystem == "Alpine" {
			continue
		}
		for _, g := range a.Ranges {
			for _, e := range g.Events {
				for _, v := range e {
					if g.Type != "GIT" && v != "0" {
						versions[k] = append(versions[k], v, v+".1")
					}
				}
			}
		}
		versions[k] = append(versions[k], a.Versions...)
	}
	for k, list := range versions {
		scheme, ok := version.ForEcosystem(k.ecosystem)
		if !ok {
			continue
		}
		var mine []boltseal.Affected
		for got, err := range db.Lookup(k.ecosystem, k.name) {
			if err != nil {
				t.Fatal(err)
			}
			if got.ID == r.ID {
				mine = append(mine, got.Affected)
			}
		}
		rows += len(mine)
		slices.Sort(list)
		for _, v := range slices.Compact(list) {
			want, known := evaluate(r, k.ecosystem, k.name, scheme, v)
			if !known {
				continue
			}
			asked++
			got := slices.ContainsFunc(mine, func(a boltseal.Affected) bool { return scheme.Affected(v, &a) })
			if got != want {
				t.Errorf("%s: %s %s %s: got %t, want %t: %+v", r.ID, k.ecosystem, k.name, v, got, want, mine)
			}
		}
	}
	return rows, asked
}

// evaluate is OSV's algorithm (schema, "Evaluation"), event by event. It is
// false in its second result where the record contradicts itself.
func evaluate(r *raw, ecosystem, name string, scheme *version.Scheme, v string) (affected, known bool) {
	for _, a := range r.Affected {
		if a.Package.Ecosystem != ecosystem || a.Package.Name != name {
			continue
		}
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
// version, what is introduced there counts last.
func within(events []map[string]string, scheme *version.Scheme, v string) bool {
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
