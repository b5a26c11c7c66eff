package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/store"
)

// fleet is the report about one of many images: a base of 200 components that
// ten images in each hundred share with it, 100 components in a layer of its
// own, and 50 findings.
func fleet(n int) *boltseal.Report {
	base, own := boltseal.Digest(fmt.Sprintf("sha256:%064x", 1_000_000+n%10)), boltseal.Digest(fmt.Sprintf("sha256:%064x", 2_000_000+n))
	r := &boltseal.Report{
		Schema: boltseal.ReportSchema, Tool: boltseal.Tool{Name: "boltseal", Version: "bench"}, Time: begin.Add(time.Duration(n) * time.Second),
		Artifact: boltseal.Artifact{Kind: boltseal.KindImage, Name: fmt.Sprintf("registry.example.org/team-%d/app-%d:1", n%100, n), Digest: digest(n + 1), Created: begin,
			Distro: &boltseal.Distro{ID: "debian", Version: "12"}, Layers: []boltseal.Layer{{DiffID: base, FromBase: true}, {DiffID: own}}},
		Gaps: []boltseal.Gap{}, Snapshot: &boltseal.Snapshot{ID: "sha256:bench"},
	}
	for i := range 300 {
		layer, name, version := base, fmt.Sprintf("lib%d", i), fmt.Sprintf("1.%d.%d", n%10, i)
		if i >= 200 {
			layer, name, version = own, fmt.Sprintf("module-%d", (n*7+i)%3000), fmt.Sprintf("2.%d.0", (n+i)%40)
		}
		c := boltseal.Component{PURL: fmt.Sprintf("pkg:npm/%s@%s", name, version), Name: name, Version: version, Licenses: []string{"MIT"}, Supplier: "Somebody <somebody@example.org>",
			FoundBy: "npm", Basis: boltseal.Installed, Locations: []boltseal.Location{{File: "usr/lib/node_modules/" + name + "/package.json", Layer: layer}}}
		r.Components = append(r.Components, c)
		if i%6 != 0 {
			continue
		}
		f := boltseal.Finding{
			Check: "vuln/known", Title: "component has a known vulnerability", Message: "something is wrong with " + name, Severity: boltseal.Severity(i%5 + 1), Score: i % 100,
			Subject: boltseal.Subject{Name: r.Artifact.Name, Digest: r.Artifact.Digest}, Component: &r.Components[i], FixedIn: []string{"9.0.0"},
			Advisory: &boltseal.Advisory{ID: fmt.Sprintf("CVE-2024-%d", i*10+n%10), Summary: "a summary of what is wrong", Details: "details of some length, as advisories have them, told once for all who have it", Feed: "osv/npm", References: []string{"https://example.org/a", "https://example.org/b"}},
			Location: boltseal.Location{File: c.Locations[0].File, Layer: layer}, Status: boltseal.StatusAffected, Reasons: []string{"fix available"},
		}
		if i == 294 && n%50 == 0 {
			f.Advisory.KEV = &boltseal.KEV{Added: begin}
		}
		f.Seal()
		r.Findings = append(r.Findings, f)
	}
	return r
}

func benchBoth(b *testing.B, bench func(*testing.B, *opened)) {
	b.Run("sqlite", func(b *testing.B) { bench(b, open(b, "sqlite:"+filepath.Join(b.TempDir(), "store.db"))) })
	b.Run("postgres", func(b *testing.B) { bench(b, open(b, postgres(b).Database(b))) })
}

// BenchmarkIngest keeps reports of 300 components and 50 findings, each about
// another image.
func BenchmarkIngest(b *testing.B) {
	benchBoth(b, func(b *testing.B, o *opened) {
		var n atomic.Int64
		b.SetParallelism(4)
		b.ReportAllocs()
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := o.Ingest(b.Context(), o.project, fleet(int(n.Add(1))), &store.Upload{Who: "bench"}); err != nil {
					b.Error(err)
					return
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reports/s")
	})
}

// fill keeps n reports with as many goroutines as pay.
func fill(b *testing.B, o *opened, n int) {
	b.Helper()
	var next atomic.Int64
	errs := make(chan error, 8)
	for range 8 {
		go func() {
			for {
				i := int(next.Add(1))
				if i > n {
					errs <- nil
					return
				}
				if _, err := o.Ingest(b.Context(), o.project, fleet(i), &store.Upload{Who: "bench"}); err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkQuestions asks a store of many images: BOLTSEAL_BENCH_IMAGES of
// them, 2,000 when it is not set.
func BenchmarkQuestions(b *testing.B) {
	benchBoth(b, func(b *testing.B, o *opened) {
		images := benchImages()
		begin := time.Now()
		fill(b, o, images)
		b.Logf("%d images in %s", images, time.Since(begin).Round(time.Second))
		if err := o.KeepTally(b.Context()); err != nil {
			b.Fatal(err)
		}
		var list []boltseal.Workload
		for i := range images / 10 {
			list = append(list, boltseal.Workload{Namespace: "n", Kind: "Pod", Name: fmt.Sprint(i), Container: "c", Digest: digest(i*10 + 1)})
		}
		if err := o.SetWorkloads(b.Context(), o.project, "prod", list, "bench"); err != nil {
			b.Fatal(err)
		}
		for _, question := range []string{"where is module-77 < 2.20", "where is lib7", "where is CVE-2024-605", "running images with kev findings with a fix", "images with critical findings", "findings critical running", "changed since 2026-05-01"} {
			b.Run(question, func(b *testing.B) {
				for b.Loop() {
					if _, err := o.Ask(b.Context(), o.project, question, store.PageQuery{}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		for name, ask := range map[string]func() error{
			"overview": func() error { _, err := o.Overview(b.Context(), o.project); return err },
			"findings": func() error { _, err := o.Findings(b.Context(), o.project, store.FindingQuery{}); return err },
			"images":   func() error { _, err := o.Images(b.Context(), o.project, store.ImageQuery{}); return err },
			"groups":   func() error { _, err := o.Groups(b.Context(), o.project, "advisory", store.FindingQuery{}); return err },
			"digest":   func() error { _, err := o.ByDigest(b.Context(), o.project, digest(7)); return err },
			"report":   func() error { _, err := o.Report(b.Context(), o.project, 7); return err },
		} {
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					if err := ask(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		b.Logf("heap in use: %d MiB", m.HeapInuse>>20)
	})
}

func benchImages() int {
	n, err := strconv.Atoi(os.Getenv("BOLTSEAL_BENCH_IMAGES"))
	if err != nil {
		return 2000
	}
	return n
}
