package job_test

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
	"github.com/boltseal/boltseal/check/vuln"
	"github.com/boltseal/boltseal/internal/testpostgres"
	"github.com/boltseal/boltseal/job"
	"github.com/boltseal/boltseal/store"
)

var shared testpostgres.Shared

func TestMain(m *testing.M) { os.Exit(shared.Main(m)) }

func both(t *testing.T, test func(*testing.T, *store.DB)) {
	run := func(url func(*testing.T) string) func(*testing.T) {
		return func(t *testing.T) {
			db, err := store.Open(t.Context(), url(t), &store.Options{Keys: vuln.Keys})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			test(t, db)
		}
	}
	t.Run("sqlite", run(func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "store.db") }))
	t.Run("postgres", run(func(t *testing.T) string { return shared.Of(t).Database(t) }))
}

// working runs a queue until the test ends.
func working(t *testing.T, q *job.Queue) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- q.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 200 {
		if is() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("it never happened: %s", what)
}

func TestJobsHappenOnce(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		var tries, other atomic.Int32
		work := map[string]job.Work{
			"add": func(ctx context.Context, j *job.Job) error {
				// The effect and the end of the job are one; the first try dies after it began.
				err := db.Update(ctx, func(tx *store.Tx) error {
					if err := tx.SetMark(ctx, "effect-"+j.Key, fmt.Sprint(j.Attempt)); err != nil {
						return err
					}
					if tries.Add(1) == 1 {
						return errors.New("killed")
					}
					return j.Complete(ctx, tx)
				})
				return err
			},
			"plain": func(_ context.Context, j *job.Job) error {
				var args struct{ N int32 }
				if err := j.Args(&args); err != nil {
					return err
				}
				other.Add(args.N)
				return nil
			},
		}
		q, err := job.New(ctx, db, work, &job.Options{Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		working(t, q)
		for range 3 { // of one kind and key there is one
			if err := q.Add(ctx, "plain", "a", map[string]int{"n": 5}); err != nil {
				t.Fatal(err)
			}
		}
		// What is rolled back was never left.
		errBack := errors.New("back")
		err = db.Update(ctx, func(tx *store.Tx) error {
			if err := q.AddTx(ctx, tx, "plain", "b", map[string]int{"n": 1000}); err != nil {
				return err
			}
			return errBack
		})
		if !errors.Is(err, errBack) {
			t.Fatal(err)
		}
		err = db.Update(ctx, func(tx *store.Tx) error { return q.AddTx(ctx, tx, "add", "x", nil) })
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "the jobs are done", func() bool {
			list, err := q.List(ctx, "completed", 10)
			return err == nil && len(list) >= 2
		})
		if n := other.Load(); n%5 != 0 || n >= 1000 || n == 0 {
			t.Errorf("sum is %d", n)
		}
		value, err := db.Mark(ctx, "effect-x")
		if err != nil || value != "2" {
			t.Errorf("the effect is of try %q, %v; want the second", value, err)
		}
	})
}

// database builds advisories out of OSV records.
func database(t testing.TB, records ...map[string]any) *advisory.DB {
	t.Helper()
	dir := t.TempDir()
	zipped := filepath.Join(dir, "all.zip")
	f, err := os.Create(zipped)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for _, r := range records {
		w, err := z.Create(r["id"].(string) + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if err := json.NewEncoder(w).Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "advisories.db")
	if _, err := advisory.Build(t.Context(), name, []advisory.Source{{Feed: "osv", At: zipped}}, nil); err != nil {
		t.Fatal(err)
	}
	db, err := advisory.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func record(id, ecosystem, name, fixed string) map[string]any {
	return map[string]any{
		"id": id, "modified": "2026-01-01T00:00:00Z", "published": "2026-01-01T00:00:00Z", "summary": "about " + id,
		"severity": []map[string]string{{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}},
		"affected": []map[string]any{{"package": map[string]string{"ecosystem": ecosystem, "name": name},
			"ranges": []map[string]any{{"type": "ECOSYSTEM", "events": []map[string]string{{"introduced": "0"}, {"fixed": fixed}}}}}},
	}
}

// scanned is the report that a scan with db would give of this image.
func scanned(t testing.TB, name string, number int, db *advisory.DB) *boltseal.Report {
	t.Helper()
	debian := &boltseal.Distro{ID: "debian", Version: "12"}
	layer := boltseal.Digest("sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	r := &boltseal.Report{
		Schema: boltseal.ReportSchema, Time: time.Now().UTC().Truncate(time.Millisecond), Gaps: []boltseal.Gap{},
		Artifact: boltseal.Artifact{Kind: boltseal.KindImage, Name: name, Digest: boltseal.Digest(fmt.Sprintf("sha256:%064x", number)), Distro: debian,
			Platform: &boltseal.Platform{OS: "linux", Arch: "amd64"}, Layers: []boltseal.Layer{{DiffID: layer}}},
		Components: []boltseal.Component{
			{PURL: "pkg:deb/debian/libssl3@3.0.1?distro=debian-12&upstream=openssl", Name: "libssl3", Version: "3.0.1", Source: &boltseal.Source{Name: "openssl"}, FoundBy: "dpkg", Basis: boltseal.Installed,
				Locations: []boltseal.Location{{File: "var/lib/dpkg/status", Layer: layer}}},
			{PURL: "pkg:npm/left-pad@1.0.0", Name: "left-pad", Version: "1.0.0", FoundBy: "npm", Basis: boltseal.Installed, Locations: []boltseal.Location{{File: "app/node_modules/left-pad/package.json", Layer: layer}}},
			{PURL: "pkg:npm/right-pad@1.0.0", Name: "right-pad", Version: "1.0.0", FoundBy: "npm", Basis: boltseal.Declared, Locations: []boltseal.Location{{File: "app/package-lock.json", Layer: layer}}},
		},
		Verdict: boltseal.Verdict{Allow: true}, Snapshot: db.Snapshot(),
	}
	findings, _, err := vuln.Match(t.Context(), r.Components, &vuln.Options{DB: db, Distro: debian, Artifact: &r.Artifact})
	if err != nil {
		t.Fatal(err)
	}
	for i := range findings {
		findings[i].Subject = boltseal.Subject{Name: name, Digest: r.Artifact.Digest, Platform: "linux/amd64"}
		findings[i].Seal()
	}
	r.Findings = findings
	return r
}

func TestRematchEqualsScanningAgain(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		p, err := db.Project(ctx, store.DefaultProject)
		if err != nil {
			t.Fatal(err)
		}
		stays := record("GHSA-stays", "npm", "right-pad", "9.0.0")
		older := database(t, stays, record("CVE-2026-1", "Debian:12", "openssl", "3.0.2"), record("GHSA-gone", "npm", "left-pad", "2.0.0"))
		newer := database(t, stays, record("CVE-2026-1", "Debian:12", "openssl", "3.0.3"), record("CVE-2026-2", "Debian:12", "openssl", "3.0.9"), record("GHSA-new", "npm", "right-pad", "2.0.0"))
		keep := func(name string, number int, with *advisory.DB) *store.Receipt {
			receipt, err := db.Ingest(ctx, p, scanned(t, name, number, with), &store.Upload{Who: "x"})
			if err != nil {
				t.Fatal(err)
			}
			return receipt
		}
		var images []int64
		for i := range 5 {
			images = append(images, keep(fmt.Sprintf("app%d:1", i), i+1, older).Image)
		}
		run := []boltseal.Workload{{Namespace: "n", Kind: "Pod", Name: "p", Container: "c", Digest: boltseal.Digest(fmt.Sprintf("sha256:%064x", 1))}}
		if err := db.SetWorkloads(ctx, p, "prod", run, "x"); err != nil {
			t.Fatal(err)
		}
		applied, err := job.Rematch(ctx, db, older, newer)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&store.Applied{Images: 5, New: 10, Fixed: 5}, applied); diff != "" {
			t.Errorf("applied (-want +got):\n%s", diff)
		}
		// What a scan with the newer advisories says of another name is what the store says now.
		fresh := keep("fresh:1", 99, newer).Image
		open := func(image int64) (list []string) {
			page, err := db.Findings(ctx, p, store.FindingQuery{Image: image})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range page.Items {
				list = append(list, fmt.Sprint(f.Check, f.Advisory.ID, f.Component.PURL, f.Severity, f.FixedIn, f.Score, f.Location.File))
			}
			return list
		}
		for _, image := range images {
			if diff := cmp.Diff(open(fresh), open(image)); diff != "" {
				t.Errorf("findings of image %d (-a scan +the re-match):\n%s", image, diff)
			}
		}
		// Scanning one of them again finds nothing that is new.
		if again := keep("app3:1", 4, newer); again.New != 0 || again.Fixed != 0 {
			t.Errorf("scanned again: %+v, want nothing new and nothing fixed", again)
		}
		if again, err := job.Rematch(ctx, db, older, newer); err != nil || *again != (store.Applied{}) {
			t.Errorf("once more: %+v, %v", again, err)
		}
		// Only what runs is told of.
		notices, err := db.Notices(ctx, 0, 100)
		if err != nil || len(notices) != 1 || notices[0].Body.Image != images[0] || notices[0].Body.New != 2 || notices[0].Body.Why != "advisories" {
			t.Errorf("notices: %+v, %v", notices, err)
		}
		events, err := db.Findings(ctx, p, store.FindingQuery{Image: images[1], States: []store.State{store.StateFixed}})
		if err != nil || len(events.Items) != 1 || events.Items[0].Advisory.ID != "GHSA-gone" {
			t.Errorf("fixed: %+v, %v", events, err)
		}
		// Without the older database everything is compared, with the same result.
		late := keep("late:1", 77, older).Image
		if _, err := job.MatchImage(ctx, db, late, newer); err != nil {
			t.Fatal(err)
		}
		if got := open(late); len(got) < len(open(fresh)) {
			t.Errorf("matched by itself: %v", got)
		}
	})
}

// BenchmarkRematch applies a change of a thousand advisories to a store of
// many images: BOLTSEAL_BENCH_IMAGES of them, 1,000 when it is not set. One
// image in ten has its own layer of what changed; all have one of two bases.
func BenchmarkRematch(b *testing.B) {
	images, err := strconv.Atoi(os.Getenv("BOLTSEAL_BENCH_IMAGES"))
	if err != nil {
		images = 1000
	}
	var before, after []map[string]any
	for i := range 5000 {
		before = append(before, record(fmt.Sprintf("GHSA-%d", i), "npm", fmt.Sprintf("module-%d", i), "1.0.0"))
		fixed := "1.0.0"
		if i < 1000 {
			fixed = "9.0.0" // who has 2.0.0 is affected now
		}
		after = append(after, record(fmt.Sprintf("GHSA-%d", i), "npm", fmt.Sprintf("module-%d", i), fixed))
	}
	older, newer := database(b, before...), database(b, after...)
	db, err := store.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "store.db"), &store.Options{Keys: vuln.Keys})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	p, err := db.Project(b.Context(), store.DefaultProject)
	if err != nil {
		b.Fatal(err)
	}
	for n := range images {
		r := &boltseal.Report{Schema: boltseal.ReportSchema, Time: time.Now(), Verdict: boltseal.Verdict{Allow: true}, Snapshot: older.Snapshot(),
			Artifact: boltseal.Artifact{Kind: boltseal.KindImage, Name: fmt.Sprintf("app-%d:1", n), Digest: boltseal.Digest(fmt.Sprintf("sha256:%064x", n+1))}}
		for i := range 100 {
			layer, module := fmt.Sprintf("sha256:%064x", n%2), 2000+i*7+n%2
			if i >= 90 {
				layer, module = fmt.Sprintf("sha256:%064x", 1000+n), 1000+(n*10+i)%4000
				if n%10 == 0 && i == 99 {
					module = n / 10 % 1000
				}
			}
			name := fmt.Sprintf("module-%d", module)
			r.Components = append(r.Components, boltseal.Component{PURL: "pkg:npm/" + name + "@2.0.0", Name: name, Version: "2.0.0", FoundBy: "npm", Basis: boltseal.Installed, Locations: []boltseal.Location{{File: name, Layer: boltseal.Digest(layer)}}})
		}
		if _, err := db.Ingest(b.Context(), p, r, &store.Upload{Who: "bench"}); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	for n := 0; b.Loop(); n++ {
		from, to := older, newer
		if n%2 == 1 {
			from, to = newer, older
		}
		applied, err := job.Rematch(b.Context(), db, from, to)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(applied.Images), "images")
	}
}
