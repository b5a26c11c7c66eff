package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/store"
)

func TestAsk(t *testing.T) {
	both(t, func(t *testing.T, o *opened) {
		for i := range 3 {
			r := image(fmt.Sprintf("shop/app%d:1", i), i+1, begin, "CVE-2021-44228", "CVE-2024-1")
			r.Components[1].Version = []string{"2.14.1", "2.17.0", "2.9.1"}[i]
			r.Components[1].PURL = "pkg:maven/org.apache.logging.log4j/log4j-core@" + r.Components[1].Version
			o.ingest(t, r)
		}
		run := []boltseal.Workload{{Namespace: "n", Kind: "Pod", Name: "p", Container: "c", Digest: digest(2)}}
		if err := o.SetWorkloads(t.Context(), o.project, "prod", run, "x"); err != nil {
			t.Fatal(err)
		}
		o.clock.pass(72 * time.Hour)
		o.ingest(t, image("shop/app0:1", 9, o.clock.now()))
		for question, images := range map[string]string{
			"where is log4j-core":                                   "app0 app1 app2",
			"where is log4j-core < 2.17":                            "app0 app2",
			"where is log4j-core <2.10":                             "app2",
			"where is Log4J-Core >= 2.9.1 and < 2.14.2":             "app0 app2",
			"where is org.apache.logging.log4j:log4j-core = 2.17.0": "app1",
			"where is left-pad":                                     "",
			"where is openssl != 3.0.1":                             "",
			"where is CVE-2021-44228?":                              "app1 app2",
			"cve-2021-44228":                                        "app1 app2",
			"running images with kev findings with a fix":           "app1",
			"which running images have KEV findings with a fix":     "app1",
			"images with critical findings":                         "app1 app2",
			"images with critical findings running":                 "app1",
			"images with low findings":                              "",
			"images named app2":                                     "app2",
			"images named %":                                        "",
			"findings critical in log4j-core":                       "",
			"findings high in openssl":                              "app1 app2",
			"what changed since yesterday":                          "app0",
			"changed since 100 hours":                               "app0 app1 app2",
			"fixed since today":                                     "app0",
			"new since 2026-05-07":                                  "",
		} {
			a, err := o.Ask(t.Context(), o.project, question, store.PageQuery{})
			if err != nil {
				t.Errorf("%s: %v", question, err)
				continue
			}
			seen := map[string]bool{}
			for _, row := range a.Rows {
				if len(row.Cells) != len(a.Columns) {
					t.Errorf("%s: %d cells in %d columns", question, len(row.Cells), len(a.Columns))
				}
				seen[strings.TrimSuffix(strings.TrimPrefix(row.Cells[0], "shop/"), ":1")] = true
			}
			var got []string
			for _, name := range []string{"app0", "app1", "app2"} {
				if seen[name] {
					got = append(got, name)
				}
			}
			if strings.Join(got, " ") != images {
				t.Errorf("%s: got %v, want %s", question, got, images)
			}
		}
		for _, bad := range []string{"", "where", "where is", "where is x <", "where is x ~ 1", "images with cheese", "changed since the flood", "moved since friday", strings.Repeat("x", 600), "images named", "'; DROP TABLE image; --"} {
			if _, err := o.Ask(t.Context(), o.project, bad, store.PageQuery{}); !errors.Is(err, store.ErrInvalid) {
				t.Errorf("%.40q: got %v, want %v", bad, err, store.ErrInvalid)
			}
		}
		for _, question := range store.Questions() {
			if _, err := o.Ask(t.Context(), o.project, question, store.PageQuery{}); err != nil {
				t.Errorf("the example %q: %v", question, err)
			}
		}
		// Pages put together are the whole.
		for _, question := range []string{"where is openssl", "images named shop", "findings high", "where is CVE-2024-1", "changed since 100 hours"} {
			whole, err := o.Ask(t.Context(), o.project, question, store.PageQuery{})
			if err != nil {
				t.Fatal(err)
			}
			var got []store.Row
			q := store.PageQuery{Limit: 1}
			for range 20 {
				a, err := o.Ask(t.Context(), o.project, question, q)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, a.Rows...)
				if q.After = a.Next; q.After == "" {
					break
				}
			}
			want(t, question, got, whole.Rows)
		}
	})
}

func FuzzAsk(f *testing.F) {
	for _, q := range store.Questions() {
		f.Add(q)
	}
	o := open(f, "sqlite:"+f.TempDir()+"/store.db")
	f.Fuzz(func(t *testing.T, question string) {
		a, err := o.Ask(t.Context(), o.project, question, store.PageQuery{})
		if err != nil && !errors.Is(err, store.ErrInvalid) {
			t.Fatalf("%q: %v", question, err)
		}
		if err == nil && len(a.Columns) == 0 {
			t.Fatalf("%q: no columns", question)
		}
	})
}

func TestSweepKeepsWhatIsNeeded(t *testing.T) {
	both(t, func(t *testing.T, o *opened) {
		ctx := t.Context()
		first := o.ingest(t, image("app:1", 1, begin, "CVE-2024-1", "CVE-2024-2"))
		o.clock.pass(time.Hour)
		second := o.ingest(t, image("app:1", 2, begin.Add(time.Hour), "CVE-2024-2"))
		if err := o.Sweep(ctx, store.Retention{}); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Report(ctx, o.project, first.Report); err != nil {
			t.Errorf("an old report before its time: %v", err)
		}
		o.clock.pass(300 * 24 * time.Hour)
		if err := o.Sweep(ctx, store.Retention{}); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Report(ctx, o.project, first.Report); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an old report after its time: %v", err)
		}
		got, err := o.Report(ctx, o.project, second.Report)
		if err != nil || len(got.Components) != 2 || got.Findings[0].Advisory.Details == "" {
			t.Errorf("the newest report: %v", err)
		}
		want(t, "findings", o.states(t, second.Image), map[string]string{"CVE-2024-2": "open"})
		if err := o.Sweep(ctx, store.Retention{}); err != nil {
			t.Fatal(err)
		}
		// What was swept is written again when it is needed again.
		o.ingest(t, image("app:2", 7, o.clock.now(), "CVE-2024-1"))
	})
}

func TestVerdictsAreThoughtOver(t *testing.T) {
	both(t, func(t *testing.T, o *opened) {
		ctx := t.Context()
		r := o.ingest(t, image("app:1", 1, begin, "CVE-2021-44228"))
		if _, _, err := o.Waive(ctx, o.project, boltseal.Waiver{ID: "CVE-2021-44228", Reason: "no", Expires: begin.Add(time.Hour)}, "user:a"); err != nil {
			t.Fatal(err)
		}
		allowed := func() bool {
			t.Helper()
			for {
				n, err := o.Rejudge(ctx, 10)
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					break
				}
			}
			img, err := o.Image(ctx, o.project, r.Image)
			if err != nil {
				t.Fatal(err)
			}
			return img.Allow
		}
		want(t, "with the waiver", allowed(), true)
		o.clock.pass(2 * time.Hour)
		if _, err := o.Expire(ctx); err != nil {
			t.Fatal(err)
		}
		want(t, "without it", allowed(), false)
		notices, err := o.Notices(ctx, 0, 10)
		if err != nil || len(notices) != 1 || notices[0].Kind != store.NoticeDenied {
			t.Errorf("notices: %+v, %v", notices, err)
		}
	})
}
