package vuln_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
	"github.com/boltseal/boltseal/check/vuln"
)

func TestKeys(t *testing.T) {
	for _, test := range []struct {
		purl   string
		source string
		spoken []advisory.Key // of which a feed may speak
	}{
		{"pkg:deb/debian/libssl3@3.0?distro=debian-12", "openssl", []advisory.Key{{Ecosystem: "Debian:12", Name: "openssl"}, {Ecosystem: "Debian:13", Name: "openssl"}}},
		{"pkg:deb/debian/linux-image-6.1@6.1?distro=debian-12", "linux-signed-amd64", []advisory.Key{{Ecosystem: "Debian:12", Name: "linux"}}},
		{"pkg:deb/ubuntu/curl@8?distro=ubuntu-22.04", "", []advisory.Key{{Ecosystem: "Ubuntu:22.04", Name: "curl"}, {Ecosystem: "Ubuntu:Pro:22.04", Name: "curl"}}},
		{"pkg:rpm/redhat/openssl-libs@3.0?distro=rhel-9.4", "openssl", []advisory.Key{{Ecosystem: "Red Hat:enterprise_linux:9", Name: "openssl"}, {Ecosystem: "Red Hat:enterprise_linux:9::baseos", Name: "openssl-libs"}}},
		{"pkg:apk/alpine/libcrypto3@3.3?distro=alpine-3.20.1", "openssl", []advisory.Key{{Ecosystem: "Alpine:v3.20", Name: "openssl"}}},
		{"pkg:pypi/Foo_Bar@1", "", []advisory.Key{{Ecosystem: "PyPI", Name: "foo-bar"}}},
		{"pkg:maven/org.x/y@1", "", []advisory.Key{{Ecosystem: "Maven", Name: "org.x:y"}}},
		{"pkg:golang/k8s.io/kubernetes@v1.30.0", "", []advisory.Key{{Ecosystem: "Go", Name: "k8s.io/kubernetes"}, {Ecosystem: "Kubernetes", Name: "k8s.io/kubelet"}}},
		{"pkg:swift/github.com/a/b@1", "", []advisory.Key{{Ecosystem: "SwiftURL", Name: "https://github.com/a/b"}}},
		{"pkg:conda/numpy@1", "", nil},
		{"pkg:rpm/nobody/x@1?distro=nobody-1", "", nil},
	} {
		c := &boltseal.Component{PURL: test.purl}
		if test.source != "" {
			c.Source = &boltseal.Source{Name: test.source}
		}
		keys := vuln.Keys(c, nil)
		for _, k := range test.spoken {
			if !slices.Contains(keys, vuln.KeyOf(k)) {
				t.Errorf("%s: its keys %q lack %s %s", test.purl, keys, k.Ecosystem, k.Name)
			}
		}
		if test.spoken == nil && len(keys) > 0 {
			t.Errorf("%s: nobody speaks of it, but it has the keys %q", test.purl, keys)
		}
	}
}

// TestKeysFindEveryMatch holds what Keys promises against what Match does.
func TestKeysFindEveryMatch(t *testing.T) {
	db, components := synthetic(t)
	findings, _, err := vuln.Match(t.Context(), components, &vuln.Options{DB: db})
	if err != nil || len(findings) == 0 {
		t.Fatal(len(findings), err)
	}
	spoken := map[string]bool{}
	for k, err := range advisory.Changed(nil, db) {
		if err != nil {
			t.Fatal(err)
		}
		spoken[vuln.KeyOf(k)] = true
	}
	for _, f := range findings {
		if !slices.ContainsFunc(vuln.Keys(f.Component, nil), func(k string) bool { return spoken[k] }) {
			t.Errorf("%s has a finding and no key that would lead to it", f.Component.PURL)
		}
	}
	want := []string{"npm\x00package-1"}
	if diff := cmp.Diff(want, vuln.Keys(&boltseal.Component{PURL: "pkg:npm/package-1@2"}, nil)); diff != "" {
		t.Error(diff)
	}
}

const (
	storedSBOMs = 100_000
	storedEach  = 300
)

// stored is what a server keeps of many SBOMs: the numbers of their
// components. One in a hundred of all components is in most of them.
func stored(n, pool int) [][]uint16 {
	all := make([][]uint16, n)
	x := uint64(1)
	for i := range all {
		all[i] = make([]uint16, storedEach)
		for j := range all[i] {
			x = x*6364136223846793005 + 1442695040888963407
			all[i][j] = uint16(x >> 33 % uint64(pool))
		}
	}
	return all
}

// rematch matches some components of each SBOM, on two processors.
func rematch(b *testing.B, db *advisory.DB, components []boltseal.Component, work [][]uint16) (findings int) {
	b.Helper()
	var wg sync.WaitGroup
	counts := [2]int{}
	for half := range 2 {
		wg.Go(func() {
			var buf []boltseal.Component
			for i := half; i < len(work); i += 2 {
				buf = buf[:0]
				for _, c := range work[i] {
					buf = append(buf, components[c])
				}
				found, _, err := vuln.Match(b.Context(), buf, &vuln.Options{DB: db, Jobs: 1})
				if err != nil {
					b.Error(err)
					return
				}
				counts[half] += len(found)
			}
		})
	}
	wg.Wait()
	return counts[0] + counts[1]
}

// BenchmarkRematch is a database update of a server that stores 100,000 SBOMs
// of 300 components: everything again, or only what an inverted index says is
// concerned by the advisories of a day.
func BenchmarkRematch(b *testing.B) {
	db, components := synthetic(b)
	sboms := stored(storedSBOMs, len(components))
	b.Run("everything", func(b *testing.B) {
		const part = 2_000
		for b.Loop() {
			rematch(b, db, components, sboms[:part])
		}
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)*storedSBOMs/part, "s/100k-SBOMs")
	})
	b.Run("changed", func(b *testing.B) {
		index := map[string][]int32{} // key to SBOMs
		for i, s := range sboms {
			for _, c := range s {
				for _, k := range vuln.Keys(&components[c], nil)[:1] {
					index[k] = append(index[k], int32(i))
				}
			}
		}
		b.ResetTimer()
		for b.Loop() {
			concerned := make([][]uint16, len(sboms))
			for c := range components[:50] { // as many packages as a busy day changes
				c := (c * 97) % len(components)
				for _, i := range index[vuln.Keys(&components[c], nil)[0]] {
					concerned[i] = append(concerned[i], uint16(c))
				}
			}
			concerned = slices.DeleteFunc(concerned, func(s []uint16) bool { return len(s) == 0 })
			b.ReportMetric(float64(len(concerned)), "SBOMs")
			rematch(b, db, components, concerned)
		}
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/100k-SBOMs")
	})
}
