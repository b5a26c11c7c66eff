package advisory_test

import (
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/boltseal/boltseal/advisory"
)

// mirrorDB builds the database of the mirror once for all benchmarks.
func mirrorDB(b *testing.B) string {
	b.Helper()
	dir := mirror(b)
	path := benchFile()
	if _, err := os.Stat(path); err == nil {
		return path
	}
	start := time.Now()
	if err := buildFile(b.Context(), path, mirrorSources(dir)...); err != nil {
		b.Fatal(err)
	}
	b.Logf("built in %s", time.Since(start))
	return path
}

func benchFile() string { return filepath.Join(os.TempDir(), "boltseal-advisory-bench.db") }

func TestMain(m *testing.M) {
	flag.Parse()
	if !*keep {
		_ = os.Remove(benchFile()) // of another state of the code
	}
	code := m.Run()
	if !*keep {
		_ = os.Remove(benchFile())
	}
	os.Exit(code)
}

func benchDB(b *testing.B) *advisory.DB {
	b.Helper()
	db, err := advisory.Open(mirrorDB(b))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return db
}

func keys(b *testing.B, db *advisory.DB) []advisory.Key {
	b.Helper()
	var all []advisory.Key
	for k, err := range db.Keys() {
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, k)
	}
	return all
}

// shuffle visits indices in an order that no cache foresees, always the same.
func shuffle(i, n int) int { return int(uint64(i) * 0x9E3779B97F4A7C15 % uint64(n)) }

// perCPUSecond reports a rate on one core that does nothing else.
func perCPUSecond(b *testing.B, start time.Duration, n int) {
	b.Helper()
	if used := cpuTime() - start; used > 0 {
		b.ReportMetric(float64(n)/used.Seconds(), "lookups/cpu-s")
	}
}

// BenchmarkLookupHit asks for every package there is, the many with few
// records and the few with thousands alike.
func BenchmarkLookupHit(b *testing.B) {
	db := benchDB(b)
	all := keys(b, db)
	// The collector runs as often as the heap doubles: give it what a scan
	// has anyhow, instead of nothing.
	heap := make([]byte, 32<<20)
	b.ReportAllocs()
	start := cpuTime()
	i, records := 0, 0
	for b.Loop() {
		k := all[shuffle(i, len(all))]
		i++
		for _, err := range db.Lookup(k.Ecosystem, k.Name) {
			if err != nil {
				b.Fatal(err)
			}
			records++
		}
	}
	perCPUSecond(b, start, i)
	b.ReportMetric(float64(records)/float64(i), "records/lookup")
	runtime.KeepAlive(heap)
}

// BenchmarkLookupFew asks for the packages of at most ten records, which nine
// in ten are.
func BenchmarkLookupFew(b *testing.B) {
	db := benchDB(b)
	all := slices.DeleteFunc(keys(b, db), func(k advisory.Key) bool { return k.Records > 10 })
	heap := make([]byte, 32<<20)
	b.ReportAllocs()
	start := cpuTime()
	i, records := 0, 0
	for b.Loop() {
		k := all[shuffle(i, len(all))]
		i++
		for _, err := range db.Lookup(k.Ecosystem, k.Name) {
			if err != nil {
				b.Fatal(err)
			}
			records++
		}
	}
	perCPUSecond(b, start, i)
	b.ReportMetric(float64(records)/float64(i), "records/lookup")
	runtime.KeepAlive(heap)
}

func BenchmarkLookupMiss(b *testing.B) {
	db := benchDB(b)
	all := keys(b, db)
	for i := range all {
		all[i].Name += "-none"
	}
	b.ReportAllocs()
	start := cpuTime()
	i := 0
	for b.Loop() {
		k := all[shuffle(i, len(all))]
		i++
		for range db.Lookup(k.Ecosystem, k.Name) {
			b.Fatal("found what is not there")
		}
	}
	perCPUSecond(b, start, i)
}

// BenchmarkAdvisory reads texts in the order of the packages.
func BenchmarkAdvisory(b *testing.B) {
	db := benchDB(b)
	var ids []string
	for r, err := range db.Lookup("Debian:12", "linux") {
		if err != nil {
			b.Fatal(err)
		}
		ids = append(ids, r.ID)
	}
	i := 0
	for b.Loop() {
		if _, err := db.Advisory(ids[i%len(ids)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkOpen(b *testing.B) {
	path := mirrorDB(b)
	for b.Loop() {
		db, err := advisory.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	dir := mirror(b)
	path := filepath.Join(b.TempDir(), "advisories.db")
	start := cpuTime()
	n := 0
	for b.Loop() {
		n++
		if err := buildFile(b.Context(), path, mirrorSources(dir)...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric((cpuTime()-start).Seconds()/float64(n), "cpu-s/op")
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	zips, _ := filepath.Glob(filepath.Join(dir, "osv", "*", "all.zip"))
	total := int64(0)
	for _, zip := range zips {
		z, err := os.Stat(zip)
		if err != nil {
			b.Fatal(err)
		}
		total += z.Size()
	}
	b.ReportMetric(float64(info.Size())/1e6, "MB")
	b.ReportMetric(float64(info.Size())/float64(total), "of-zips")
}
