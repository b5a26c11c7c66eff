package advisory_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
)

func diffOf(t testing.TB, older, newer *advisory.DB) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := advisory.Diff(&out, older, newer); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// twoDays are two states of one database, with everything in them that can
// change.
func twoDays(t testing.TB) (older, newer *advisory.DB) {
	t.Helper()
	const kev = `{"dateReleased":"2026-01-01T00:00:00Z","vulnerabilities":[{"cveID":%q,"dateAdded":"2026-01-01","dueDate":"2026-02-01","knownRansomwareCampaignUse":"Known"}]}`
	const rated = `"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:%s"}],"details":"Many words about it.",`
	var before, after []string
	for i := range 400 {
		id := fmt.Sprintf("GHSA-%04d-aaaa-aaaa", i)
		more := fmt.Sprintf(`"aliases":["CVE-2026-%d"],"summary":"number %d","details":"%s",`, 1000+i, i, strings.Repeat(fmt.Sprint("text ", i*7919, " "), 40))
		r := osvOf(id, "npm", fmt.Sprint("package-", i%60), fmt.Sprintf("%d.0.0", i), more)
		switch {
		case i%97 == 3:
			before = append(before, r) // withdrawn later
		case i%89 == 5:
			after = append(after, r) // new
		case i%83 == 7:
			before = append(before, r)
			after = append(after, strings.Replace(r, `"fixed":"`, `"fixed":"9`, 1))
		default:
			before, after = append(before, r), append(after, r)
		}
	}
	before = append(before, osvOf("DEBIAN-CVE-2026-10001", "Debian:12", "openssl", "1", fmt.Sprintf(rated, "L")))
	after = append(after, osvOf("DEBIAN-CVE-2026-10001", "Debian:12", "openssl", "1", fmt.Sprintf(rated, "H")), osvOf("GO-2026-1", "Go", "example.com/new", "1.0.0", ""))
	return buildJSON(t, fmt.Sprintf(kev, "CVE-2026-1010"), before...), buildJSON(t, fmt.Sprintf(kev, "CVE-2026-1011"), after...)
}

func TestDelta(t *testing.T) {
	older, newer := twoDays(t)
	for _, way := range []struct{ from, to *advisory.DB }{{older, newer}, {newer, older}, {newer, newer}} {
		delta := diffOf(t, way.from, way.to)
		from, to, err := advisory.DeltaEnds(delta)
		if err != nil || string(from) != way.from.Snapshot().ID || string(to) != way.to.Snapshot().ID {
			t.Errorf("ends %s %s %v", from, to, err)
		}
		path := filepath.Join(t.TempDir(), "patched.db")
		if err := advisory.Patch(path, way.from, bytes.NewReader(delta), to); err != nil {
			t.Fatal(err)
		}
		db, err := advisory.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Verify(); err != nil {
			t.Error(err)
		}
		if got, want := db.Snapshot(), way.to.Snapshot(); got.ID != want.ID {
			t.Errorf("snapshot: got %s, want %s", got.ID, want.ID)
		}
		if diff := cmp.Diff(say(t, way.to), say(t, db)); diff != "" {
			t.Error(diff)
		}
		_ = db.Close()
	}
}

// A delta that is not for this database, or not what it should be, must leave
// what is there alone.
func TestDeltaRefused(t *testing.T) {
	older, newer := twoDays(t)
	delta := diffOf(t, older, newer)
	path := filepath.Join(t.TempDir(), "there.db")
	if err := os.WriteFile(path, []byte("as it was"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused := func(name string, from *advisory.DB, delta []byte, want boltseal.Digest) {
		err := advisory.Patch(path, from, bytes.NewReader(delta), want)
		if err == nil && want == boltseal.Digest(newer.Snapshot().ID) && idOf(t, path) == want {
			// A bit that decides nothing: what came out is what was named.
			err = advisory.ErrDelta
			_ = os.WriteFile(path, []byte("as it was"), 0o600)
		}
		if !errors.Is(err, advisory.ErrDelta) {
			t.Errorf("%s: %v", name, err)
		}
		if data, _ := os.ReadFile(path); string(data) != "as it was" {
			t.Fatalf("%s: the file was written", name)
		}
	}
	refused("of another database", newer, delta, "")
	refused("to another database", older, delta, boltseal.Digest(older.Snapshot().ID))
	refused("nothing", older, nil, "")
	refused("a stub", older, delta[:len(delta)/2], "")
	for i := 0; i < len(delta); i += 1 + len(delta)/300 {
		broken := bytes.Clone(delta)
		broken[i] ^= 0x41
		refused(fmt.Sprintf("byte %d of %d", i, len(delta)), older, broken, boltseal.Digest(newer.Snapshot().ID))
	}
}

func idOf(t *testing.T, path string) boltseal.Digest {
	t.Helper()
	db, err := advisory.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Verify(); err != nil {
		t.Fatal(err)
	}
	return boltseal.Digest(db.Snapshot().ID)
}

func FuzzPatch(f *testing.F) {
	older, newer := twoDays(f)
	f.Add(diffOf(f, older, newer))
	f.Fuzz(func(t *testing.T, delta []byte) {
		path := filepath.Join(t.TempDir(), "out.db")
		if advisory.Patch(path, older, bytes.NewReader(delta), "") != nil {
			return
		}
		db, err := advisory.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := db.Verify(); err != nil {
			t.Error(err)
		}
	})
}

func TestPart(t *testing.T) {
	_, whole := twoDays(t)
	path := filepath.Join(t.TempDir(), "part.db")
	if err := whole.Part(path, []string{"Debian", "Go"}); err != nil {
		t.Fatal(err)
	}
	part, err := advisory.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer part.Close()
	if err := part.Verify(); err != nil {
		t.Error(err)
	}
	if part.Covers("npm") || !part.Covers("Debian:12") || !part.Covers("Go") {
		t.Errorf("releases %+v", part.Releases())
	}
	for _, name := range []string{"GO-2026-1", "DEBIAN-CVE-2026-10001", "CVE-2026-10001"} {
		want, err := whole.Advisory(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := part.Advisory(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if err := whole.Part(path, []string{"Nonesuch"}); err == nil {
		t.Error("a part of nothing")
	}
}

// TestMirrorDelta measures what a day of real changes costs. The older state
// is the mirror without the advisories that were modified in the last days.
func TestMirrorDelta(t *testing.T) {
	dir := mirror(t)
	if testing.Short() {
		t.Skip("it builds three databases of the mirror")
	}
	newer := mirrorState(t, dir, time.Time{}, 0)
	for _, days := range []int{1, 7} {
		older := mirrorState(t, dir, time.Date(2026, 11, 20-days, 0, 0, 0, 0, time.UTC), days)
		start := time.Now()
		delta := diffOf(t, older, newer)
		made := time.Since(start)
		path := filepath.Join(t.TempDir(), "patched.db")
		start = time.Now()
		if err := advisory.Patch(path, older, bytes.NewReader(delta), boltseal.Digest(newer.Snapshot().ID)); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		changed := 0
		for range advisory.Changed(older, newer) {
			changed++
		}
		part := float64(len(delta)) / float64(info.Size())
		t.Logf("%d days: %d packages changed; delta %d bytes, %.2f %% of %d; made in %s, applied in %s",
			days, changed, len(delta), 100*part, info.Size(), made, time.Since(start))
		if days == 1 && part > 0.02 {
			t.Errorf("a day's delta is %.2f %% of the file, want at most 2 %%", 100*part)
		}
	}
}

// mirrorState builds the mirror as it was before a date. EPSS moves from day
// to day: every score by a little.
func mirrorState(t *testing.T, dir string, before time.Time, drift int) *advisory.DB {
	t.Helper()
	state := t.TempDir()
	zips, _ := filepath.Glob(filepath.Join(dir, "osv", "*", "all.zip"))
	for _, name := range zips {
		to := filepath.Join(state, "osv", filepath.Base(filepath.Dir(name)), "all.zip")
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		olderZip(t, name, to, before)
	}
	var scores strings.Builder
	fmt.Fprintf(&scores, "#model_version:v2026.03.14,score_date:2026-11-%02dT00:00:00+0000\ncve,epss,percentile\n", 20-drift)
	for i := range 40_000 {
		score := float64(i*7919%100_000)/100_000*0.9 + float64(drift*(i%7))*0.00001
		fmt.Fprintf(&scores, "CVE-%d-%d,%.5f,%.5f\n", 2015+i%11, 1000+i/11*3, score, min(1, score+float64(drift*(i%5))*0.00002))
	}
	epss := filepath.Join(state, "epss.csv")
	if err := os.WriteFile(epss, []byte(scores.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(state, "advisories.db")
	sources := mirrorSources(dir)
	sources[0].At, sources[2].At = filepath.Join(state, "osv"), epss
	if err := buildFile(t.Context(), path, sources...); err != nil {
		t.Fatal(err)
	}
	db, err := advisory.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func olderZip(t *testing.T, from, to string, before time.Time) {
	t.Helper()
	r, err := zip.OpenReader(from)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		var dated struct {
			Modified time.Time `json:"modified"`
		}
		if !before.IsZero() && json.Unmarshal(data, &dated) == nil && !dated.Modified.Before(before) {
			continue
		}
		to, err := w.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = to.Write(data)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}
