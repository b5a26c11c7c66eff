package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/testpostgres"
	"github.com/boltseal/boltseal/policy"
	"github.com/boltseal/boltseal/store"
)

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.t }
func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

var begin = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// opened is one empty store.
type opened struct {
	*store.DB
	url     string
	clock   *clock
	project *store.Project
}

func judge(c *clock) func(*boltseal.Report, []boltseal.Waiver, []byte) error {
	return func(r *boltseal.Report, waivers []boltseal.Waiver, _ []byte) error {
		p := policy.Default()
		p.Waivers, p.IgnoreUnusedWaivers = waivers, true
		p.Judge(r, c.now())
		return nil
	}
}

func options(c *clock) *store.Options {
	return &store.Options{Now: c.now, Judge: judge(c)}
}

func open(t testing.TB, url string) *opened {
	t.Helper()
	c := &clock{t: begin}
	db, err := store.Open(t.Context(), url, options(c))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	p, err := db.Project(t.Context(), store.DefaultProject)
	if err != nil {
		t.Fatal(err)
	}
	return &opened{db, url, c, p}
}

// both runs a test on an empty store of each database.
func both(t *testing.T, test func(*testing.T, *opened)) {
	t.Run("sqlite", func(t *testing.T) { test(t, open(t, "sqlite:"+filepath.Join(t.TempDir(), "store.db"))) })
	t.Run("postgres", func(t *testing.T) { test(t, open(t, postgres(t).Database(t))) })
}

// postgres is one server for all tests of this run.
func postgres(t testing.TB) *testpostgres.Server {
	t.Helper()
	return server.Of(t)
}

var server testpostgres.Shared

func TestMain(m *testing.M) { os.Exit(server.Main(m)) }

const layerA, layerB = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

func digest(n int) boltseal.Digest { return boltseal.Digest(fmt.Sprintf("sha256:%064x", n)) }

// image is a report about an image with findings of these advisories.
func image(name string, number int, at time.Time, advisories ...string) *boltseal.Report {
	r := &boltseal.Report{
		Schema: boltseal.ReportSchema, Tool: boltseal.Tool{Name: "boltseal", Version: "test"}, Time: at,
		Artifact: boltseal.Artifact{Kind: boltseal.KindImage, Name: name, Digest: digest(number), Created: at.Add(-48 * time.Hour), Distro: &boltseal.Distro{ID: "debian", Version: "12"},
			Layers: []boltseal.Layer{{DiffID: layerA}, {DiffID: layerB}}},
		Components: []boltseal.Component{
			{PURL: "pkg:deb/debian/openssl@3.0.1?distro=debian-12", Name: "openssl", Version: "3.0.1", FoundBy: "dpkg", Basis: boltseal.Installed, Licenses: []string{"Apache-2.0"},
				Locations: []boltseal.Location{{File: "var/lib/dpkg/status", Layer: layerA}}},
			{PURL: "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1", Name: "org.apache.logging.log4j:log4j-core", Version: "2.14.1", FoundBy: "jar", Basis: boltseal.Embedded,
				Locations: []boltseal.Location{{File: "app/log4j-core-2.14.1.jar", Layer: layerB}}},
		},
		Findings: []boltseal.Finding{}, Gaps: []boltseal.Gap{},
		Verdict:  boltseal.Verdict{Allow: len(advisories) == 0},
		Snapshot: &boltseal.Snapshot{ID: "sha256:db1"},
	}
	for _, id := range advisories {
		f := boltseal.Finding{
			Check: "vuln/known", Title: "component has a known vulnerability", Message: id + " in openssl", Severity: boltseal.High, Score: 60,
			Subject: boltseal.Subject{Name: name, Digest: digest(number)}, Component: &r.Components[0],
			Advisory: &boltseal.Advisory{ID: id, Summary: "about " + id, Details: "all about " + id, Feed: "osv/Debian", EPSS: &boltseal.EPSS{Score: .5}},
			Location: boltseal.Location{File: "var/lib/dpkg/status", Layer: layerA}, FixedIn: []string{"3.0.2"}, Status: boltseal.StatusAffected,
		}
		if id == "CVE-2021-44228" {
			f.Component, f.Severity, f.Score, f.Advisory.KEV = &r.Components[1], boltseal.Critical, 99, &boltseal.KEV{Added: begin}
			f.Location = r.Components[1].Locations[0]
		}
		f.Seal()
		r.Findings = append(r.Findings, f)
		r.Verdict.Blocking = append(r.Verdict.Blocking, f.Key)
	}
	r.Sort()
	return r
}

func (o *opened) ingest(t testing.TB, r *boltseal.Report) *store.Receipt {
	t.Helper()
	receipt, err := o.Ingest(t.Context(), o.project, r, &store.Upload{Who: "token:test"})
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

// states maps the advisories of a name's findings to their states.
func (o *opened) states(t testing.TB, image int64) map[string]string {
	t.Helper()
	page, err := o.Findings(t.Context(), o.project, store.FindingQuery{Image: image, States: store.States(), PageQuery: store.PageQuery{Limit: 1000}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range page.Items {
		got[f.Advisory.ID] = f.State.String()
	}
	return got
}

func want(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestReportComesBackAsItWas(t *testing.T) {
	both(t, func(t *testing.T, o *opened) {
		r := image("app:1", 1, begin, "CVE-2024-1", "CVE-2021-44228")
		r.Gaps = append(r.Gaps, boltseal.Gap{Kind: "limit", What: "x", Why: "y"})
		receipt := o.ingest(t, r)
		got, err := o.Report(t.Context(), o.project, receipt.Report)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "report", got, r)
	})
}

func TestIngestTwiceIsOnce(t *testing.T) {
	both(t, func(t *testing.T, o *opened) {
		r := image("app:1", 1, begin, "CVE-2024-1")
		first, err := o.Ingest(t.Context(), o.project, r, &store.Upload{Who: "token:a", Key: "k1"})
		if err != nil {
			t.Fatal(err)
		}
		again, err := o.Ingest(t.Context(), o.project, r, &store.Upload{Who: "token:b", Key: "k2"})
		if err != nil {
			t.Fatal(err)
		}
		if !again.Repeated || again.Report != first.Report {
			t.Errorf("the same report again: got %+v after %+v", again, first)
		}
		_, err = o.Ingest(t.Context(), o.project, image("app:2", 2, begin), &store.Upload{Who: "token:a", Key: "k1"})
		if !errors.Is(err, store.ErrKeyReused) {
			t.Errorf("the same key for another report: got %v, want %v", err, store.ErrKeyReused)
		}
		images, err := o.Images(t.Context(), o.project, store.ImageQuery{})
		if err != nil {
			t.Fatal(err)
		}
		want(t, "images", len(images.Items), 1)
	})
}

func TestLifeOfAFinding(t *testing.T) {
	both(t, func(t *testing.T, o *opened) {
		at := func(n int) time.Time { return begin.Add(time.Duration(n) * time.Hour) }
		one := o.ingest(t, image("app:1", 1, at(0), "CVE-2024-1", "CVE-2024-2"))
		want(t, "first", o.states(t, one.Image), map[string]string{"CVE-2024-1": "new", "CVE-2024-2": "new"})
		want(t, "new", one.New, 2)
		o.clock.pass(time.Hour)

		same := o.ingest(t, image("app:1", 1, at(1), "CVE-2024-1", "CVE-2024-2"))
		want(t, "same image", same.Image, one.Image)
		want(t, "seen again", o.states(t, one.Image), map[string]string{"CVE-2024-1": "open", "CVE-2024-2": "open"})

		// Another digest takes the name: one finding is mended, one stays, one comes.
		two := o.ingest(t, image("app:1", 2, at(2), "CVE-2024-1", "CVE-2024-3"))
		want(t, "the next digest", o.states(t, two.Image), map[string]string{"CVE-2024-1": "open", "CVE-2024-2": "fixed", "CVE-2024-3": "new"})
		want(t, "the digest before", o.states(t, one.Image), map[string]string{})
		want(t, "numbers", [2]int{two.New, two.Fixed}, [2]int{1, 1})

		three := o.ingest(t, image("app:1", 3, at(3), "CVE-2024-2"))
		want(t, "back again", o.states(t, three.Image), map[string]string{"CVE-2024-1": "fixed", "CVE-2024-2": "reappeared", "CVE-2024-3": "fixed"})
		page, err := o.Findings(t.Context(), o.project, store.FindingQuery{Advisory: "CVE-2024-2"})
		if err != nil || len(page.Items) != 1 {
			t.Fatalf("got %v, %v", page, err)
		}
		want(t, "first seen", page.Items[0].FirstSeen, begin)
		events, err := o.Events(t.Context(), o.project, page.Items[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		var turns []string
		for _, e := range events {
			turns = append(turns, e.From.String()+">"+e.To.String())
		}
		want(t, "events", turns, []string{"new>open", "open>fixed", "fixed>reappeared"})

		// What is older than what is known is history and moves nothing.
		stale := o.ingest(t, image("app:1", 3, at(1), "CVE-2024-9"))
		if !stale.Stale {
			t.Errorf("an older report: got %+v, want stale", stale)
		}
		want(t, "after an older report", o.states(t, three.Image)["CVE-2024-9"], "")
		history, err := o.History(t.Context(), o.project, three.Image, store.PageQuery{})
		if err != nil {
			t.Fatal(err)
		}
		want(t, "history", len(history.Items), 5)
		overview, err := o.Overview(t.Context(), o.project)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "open", overview.Open, store.Counts{High: 1})
		want(t, "images", overview.Images, 1)
	})
}

func TestWhatRunsIsNotMendedByABuild(t *testing.T) {
	both(t, func(t *testing.T, o *opened) {
		old := o.ingest(t, image("app:1", 1, begin, "CVE-2024-1"))
		run := func(digests ...boltseal.Digest) {
			t.Helper()
			var list []boltseal.Workload
			for i, d := range digests {
				list = append(list, boltseal.Workload{Namespace: "shop", Kind: "Deployment", Name: fmt.Sprint("web", i), Container: "web", Image: "app:1", Digest: d})
			}
			if err := o.SetWorkloads(t.Context(), o.project, "prod", list, "token:agent"); err != nil {
				t.Fatal(err)
			}
		}
		run(digest(1), digest(77))
		overview, err := o.Overview(t.Context(), o.project)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "coverage", overview.Coverage, store.Coverage{Workloads: 2, Scanned: 1, Fresh: 1})
		fresh := o.ingest(t, image("app:1", 2, begin.Add(time.Hour)))
		want(t, "what runs", o.states(t, old.Image), map[string]string{"CVE-2024-1": "new"})
		page, err := o.Findings(t.Context(), o.project, store.FindingQuery{Running: true})
		if err != nil {
			t.Fatal(err)
		}
		want(t, "findings that run", len(page.Items), 1)
		run(digest(2))
		want(t, "what ran", o.states(t, old.Image), map[string]string{"CVE-2024-1": "fixed"})
		want(t, "what runs now", o.states(t, fresh.Image), map[string]string{})
		unknown, err := o.Workloads(t.Context(), o.project, store.WorkloadQuery{Unknown: true})
		if err != nil {
			t.Fatal(err)
		}
		want(t, "unknown", len(unknown.Items), 0)
	})
}

func TestPinnedNamesMoveNothing(t *testing.T) {
	both(t, func(t *testing.T, o *opened) {
		now := o.ingest(t, image("app:1", 2, begin, "CVE-2024-1"))
		pinned := image("app:1@"+string(digest(1)), 1, begin.Add(time.Hour), "CVE-2024-2")
		o.ingest(t, pinned)
		img, err := o.Image(t.Context(), o.project, now.Image)
		if err != nil {
			t.Fatal(err)
		}
		if !img.Current || img.Open.High != 1 {
			t.Errorf("got %+v, want it to have its name still", img)
		}
	})
}

func TestWaivers(t *testing.T) {
	both(t, func(t *testing.T, o *opened) {
		r := o.ingest(t, image("app:1", 1, begin, "CVE-2024-1", "CVE-2024-2"))
		w, n, err := o.Waive(t.Context(), o.project, boltseal.Waiver{ID: "CVE-2024-1", Reason: "not reachable", Owner: "anna", Expires: begin.Add(48 * time.Hour)}, "user:anna")
		if err != nil {
			t.Fatal(err)
		}
		want(t, "met", n, 1)
		want(t, "waived", o.states(t, r.Image), map[string]string{"CVE-2024-1": "waived", "CVE-2024-2": "new"})
		// A build does not lose it, nor does another image of the name.
		next := o.ingest(t, image("app:1", 2, begin.Add(time.Hour), "CVE-2024-1", "CVE-2024-2"))
		want(t, "in the next digest", o.states(t, next.Image), map[string]string{"CVE-2024-1": "waived", "CVE-2024-2": "open"})
		img, err := o.Image(t.Context(), o.project, next.Image)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "counters", [2]int{img.Open.High, img.Waived}, [2]int{1, 1})

		o.clock.pass(49 * time.Hour)
		if n, err := o.Expire(t.Context()); err != nil || n != 1 {
			t.Fatalf("expire: %d, %v", n, err)
		}
		want(t, "after its time", o.states(t, next.Image), map[string]string{"CVE-2024-1": "open", "CVE-2024-2": "open"})
		if err := o.Unwaive(t.Context(), o.project, w.ID, "user:anna"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("take back what has ended: %v", err)
		}
		w, _, err = o.Waive(t.Context(), o.project, boltseal.Waiver{Key: keyOf(t, o, "CVE-2024-2"), Reason: "ok", Expires: o.clock.now().Add(time.Hour)}, "user:bob")
		if err != nil {
			t.Fatal(err)
		}
		want(t, "by key", o.states(t, next.Image)["CVE-2024-2"], "waived")
		if err := o.Unwaive(t.Context(), o.project, w.ID, "user:bob"); err != nil {
			t.Fatal(err)
		}
		want(t, "taken back", o.states(t, next.Image)["CVE-2024-2"], "open")
		for _, bad := range []boltseal.Waiver{{Reason: "x", Expires: o.clock.now().Add(time.Hour)}, {ID: "CVE-1", Expires: o.clock.now().Add(time.Hour)}, {ID: "CVE-1", Reason: "x"}} {
			if _, _, err := o.Waive(t.Context(), o.project, bad, "user:bob"); !errors.Is(err, store.ErrInvalid) {
				t.Errorf("waive %+v: %v", bad, err)
			}
		}
		acts, err := o.Audit(t.Context(), o.project, store.PageQuery{})
		if err != nil {
			t.Fatal(err)
		}
		var actions []string
		for _, a := range acts.Items {
			actions = append(actions, a.Who+" "+a.Action)
		}
		want(t, "audit", actions, []string{"user:bob waiver.end", "user:bob waiver.add", "user:anna waiver.add"})
	})
}

func keyOf(t testing.TB, o *opened, advisory string) string {
	t.Helper()
	page, err := o.Findings(t.Context(), o.project, store.FindingQuery{Advisory: advisory, States: store.States()})
	if err != nil || len(page.Items) == 0 {
		t.Fatalf("%s: %v", advisory, err)
	}
	return page.Items[0].Key
}

func TestFilters(t *testing.T) {
	both(t, func(t *testing.T, o *opened) {
		for i := range 7 {
			advisories := []string{fmt.Sprintf("CVE-2024-%d", i)}
			if i == 3 {
				advisories = append(advisories, "CVE-2021-44228")
			}
			o.ingest(t, image(fmt.Sprintf("app%d:1", i), i+1, begin, advisories...))
		}
		count := func(q store.FindingQuery) int {
			t.Helper()
			page, err := o.Findings(t.Context(), o.project, q)
			if err != nil {
				t.Fatal(err)
			}
			return len(page.Items)
		}
		want(t, "all", count(store.FindingQuery{}), 8)
		want(t, "kev", count(store.FindingQuery{KEV: true}), 1)
		want(t, "critical", count(store.FindingQuery{Severities: []boltseal.Severity{boltseal.Critical}}), 1)
		want(t, "critical and high", count(store.FindingQuery{Severities: []boltseal.Severity{boltseal.Critical, boltseal.High}}), 8)
		want(t, "component", count(store.FindingQuery{Component: "OpenSSL"}), 7)
		want(t, "family", count(store.FindingQuery{Check: "vuln/"}), 8)
		want(t, "no such check", count(store.FindingQuery{Check: "vuln/%"}), 0)
		want(t, "fixed", count(store.FindingQuery{States: []store.State{store.StateFixed}}), 0)
		want(t, "since", count(store.FindingQuery{Since: begin.Add(-time.Hour)}), 8)

		// Pages put together are the whole, each finding once, the worst first.
		var got []int64
		q := store.FindingQuery{PageQuery: store.PageQuery{Limit: 3}}
		for {
			page, err := o.Findings(t.Context(), o.project, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range page.Items {
				got = append(got, f.ID)
			}
			if q.After = page.Next; q.After == "" {
				break
			}
		}
		want(t, "pages", len(got), 8)
		first, err := o.Finding(t.Context(), o.project, got[0])
		if err != nil {
			t.Fatal(err)
		}
		want(t, "worst", first.Advisory.ID, "CVE-2021-44228")
		want(t, "its words", first.Advisory.Details, "all about CVE-2021-44228")
		want(t, "its place", string(first.Location.Layer), layerB)
		images, err := o.Images(t.Context(), o.project, store.ImageQuery{Name: "app3"})
		if err != nil {
			t.Fatal(err)
		}
		want(t, "image by name", [2]int{len(images.Items), images.Items[0].KEV}, [2]int{1, 1})
		layers, err := o.Layers(t.Context(), o.project, images.Items[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "layers", len(layers), 2)
		want(t, "shared layer", layers[0].Images, 7)
		for _, bad := range []string{"x", "1.2", "1.2.3.4", "99999.1.1", "-1.2.3"} {
			if _, err := o.Findings(t.Context(), o.project, store.FindingQuery{PageQuery: store.PageQuery{After: bad}}); !errors.Is(err, store.ErrInvalid) {
				t.Errorf("page after %q: got %v, want %v", bad, err, store.ErrInvalid)
			}
		}
	})
}

func TestProjectsAreApart(t *testing.T) {
	both(t, func(t *testing.T, o *opened) {
		other, err := o.AddProject(t.Context(), "other", "", "user:root")
		if err != nil {
			t.Fatal(err)
		}
		r := o.ingest(t, image("app:1", 1, begin, "CVE-2024-1"))
		page, err := o.Findings(t.Context(), o.project, store.FindingQuery{})
		if err != nil {
			t.Fatal(err)
		}
		id := page.Items[0].ID
		ctx := t.Context()
		for name, ask := range map[string]func() error{
			"image":   func() error { _, err := o.Image(ctx, other, r.Image); return err },
			"report":  func() error { _, err := o.Report(ctx, other, r.Report); return err },
			"finding": func() error { _, err := o.Finding(ctx, other, id); return err },
			"layers":  func() error { _, err := o.Layers(ctx, other, r.Image); return err },
		} {
			if err := ask(); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s of another project: got %v, want %v", name, err, store.ErrNotFound)
			}
		}
		events, err := o.Events(ctx, other, id)
		want(t, "events", [2]any{len(events), err}, [2]any{0, nil})
		history, err := o.History(ctx, other, r.Image, store.PageQuery{})
		if err != nil || len(history.Items) != 0 {
			t.Errorf("history: %v, %v", history, err)
		}
		list, err := o.ByDigest(ctx, other, digest(1))
		if err != nil || len(list) != 0 {
			t.Errorf("by digest: %v, %v", list, err)
		}
		// The same report is another record there.
		again, err := o.Ingest(ctx, other, image("app:1", 1, begin, "CVE-2024-1"), &store.Upload{Who: "x"})
		if err != nil || again.Repeated || again.Report == r.Report {
			t.Errorf("the same report there: %+v, %v", again, err)
		}
	})
}

func TestAtOnce(t *testing.T) {
	both(t, func(t *testing.T, o *opened) {
		const n = 40
		var wg sync.WaitGroup
		errs := make([]error, n)
		for i := range n {
			wg.Go(func() {
				// Ten names, four digests each, and every report twice.
				r := image(fmt.Sprintf("app%d:1", i%10), i/2+1, begin.Add(time.Duration(i/2)*time.Minute), "CVE-2024-1", fmt.Sprintf("CVE-2024-%d", i/2))
				_, errs[i] = o.Ingest(t.Context(), o.project, r, &store.Upload{Who: "x"})
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		images, err := o.Images(t.Context(), o.project, store.ImageQuery{})
		if err != nil {
			t.Fatal(err)
		}
		want(t, "one current image of each name", len(images.Items), 10)
		overview, err := o.Overview(t.Context(), o.project)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0
		for _, i := range images.Items {
			sum += i.Open.Total()
		}
		page, err := o.Findings(t.Context(), o.project, store.FindingQuery{PageQuery: store.PageQuery{Limit: 1000}})
		if err != nil {
			t.Fatal(err)
		}
		want(t, "counters agree with findings", [2]int{sum, overview.Open.Total()}, [2]int{len(page.Items), len(page.Items)})
	})
}

func TestRefusesWhatCannotBeKept(t *testing.T) {
	both(t, func(t *testing.T, o *opened) {
		for name, change := range map[string]func(*boltseal.Report){
			"schema":  func(r *boltseal.Report) { r.Schema = "x" },
			"no name": func(r *boltseal.Report) { r.Artifact.Name = "" },
			"control": func(r *boltseal.Report) { r.Artifact.Name = "a\x00b" },
			"digest":  func(r *boltseal.Report) { r.Artifact.Digest = "sha256:x" },
			"no time": func(r *boltseal.Report) { r.Time = time.Time{} },
		} {
			r := image("app:1", 1, begin)
			change(r)
			if _, err := o.Ingest(t.Context(), o.project, r, &store.Upload{Who: "x"}); !errors.Is(err, store.ErrInvalid) {
				t.Errorf("%s: got %v, want %v", name, err, store.ErrInvalid)
			}
		}
		// Words of strangers are kept as words.
		r := image("app';DROP TABLE image;--", 1, begin, "CVE-2024-1")
		r.Components[0].Name, r.Components[0].Version = "x\x00\x1b[31m'\"--", "1\x00'"
		r.Findings[0].Message = "<script>\x00'"
		r.Findings[0].Key = "not hexadecimal '"
		o.ingest(t, r)
	})
}

func TestDocumentsAndAlerts(t *testing.T) {
	both(t, func(t *testing.T, o *opened) {
		ctx := t.Context()
		doc, err := o.PutDocument(ctx, o.project, "policy", "default", []byte("a: 1"), 0, "user:anna")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.PutDocument(ctx, o.project, "policy", "default", []byte("a: 2"), 0, "user:bob"); !errors.Is(err, store.ErrConflict) {
			t.Errorf("write what somebody else wrote first: %v", err)
		}
		doc, err = o.PutDocument(ctx, o.project, "policy", "default", []byte("a: 2"), doc.Version, "user:bob")
		if err != nil || doc.Version != 2 {
			t.Fatalf("got %+v, %v", doc, err)
		}
		alert := store.Alert{Finding: boltseal.Finding{Check: "falco/shell", Message: "a shell", Severity: boltseal.Critical,
			Event: &boltseal.Event{Time: begin, Source: "syscall", Name: "execve", Workload: &boltseal.Workload{Namespace: "shop", Name: "web", Digest: digest(1)}}}}
		for _, wanted := range []int{1, 0} {
			n, err := o.AddAlerts(ctx, o.project, []store.Alert{alert})
			if err != nil || n != wanted {
				t.Errorf("alerts: %d, %v, want %d", n, err, wanted)
			}
		}
		named := alert
		named.UID = "id-1"
		if n, err := o.AddAlerts(ctx, o.project, []store.Alert{named, named}); err != nil || n != 1 {
			t.Errorf("alerts of one id: %d, %v", n, err)
		}
		page, err := o.Alerts(ctx, o.project, store.AlertQuery{MinSeverity: boltseal.High, Digest: digest(1)})
		if err != nil || len(page.Items) != 2 {
			t.Errorf("alerts: %v, %v", page, err)
		}
		notices, err := o.Notices(ctx, 0, 10)
		if err != nil || len(notices) != 2 || notices[0].Kind != store.NoticeAlert {
			t.Errorf("notices: %+v, %v", notices, err)
		}
		if _, err := o.AddAlerts(ctx, o.project, []store.Alert{{}}); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("an alert without a check: %v", err)
		}
	})
}

func TestTrend(t *testing.T) {
	both(t, func(t *testing.T, o *opened) {
		o.ingest(t, image("app:1", 1, begin, "CVE-2024-1"))
		if err := o.KeepTrend(t.Context()); err != nil {
			t.Fatal(err)
		}
		o.clock.pass(24 * time.Hour)
		o.ingest(t, image("app:1", 2, begin.Add(time.Hour)))
		days, err := o.Trend(t.Context(), o.project, begin, o.clock.now())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range days {
			got = append(got, fmt.Sprint(d.Day, " ", d.Open.High))
		}
		want(t, "trend", got, []string{"2026-05-04 1", "2026-05-05 0"})
	})
}

func TestOpenAgain(t *testing.T) {
	both(t, func(t *testing.T, o *opened) {
		r := o.ingest(t, image("app:1", 1, begin, "CVE-2024-1"))
		second, err := store.Open(t.Context(), o.url, options(o.clock))
		if err != nil {
			t.Fatal(err)
		}
		defer second.Close()
		if _, err := second.Report(t.Context(), o.project, r.Report); err != nil {
			t.Error(err)
		}
	})
}
