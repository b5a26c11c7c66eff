package version_test

import (
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/version"
)

// pairs are versions as scans meet them: most differ late.
var pairs = map[string][][2]string{
	"deb":    {{"2.36-9+deb12u3", "2.36-9+deb12u10"}, {"1:1.2.13.dfsg-1", "1:1.2.11.dfsg-4"}, {"3.0.11-1~deb12u2", "3.0.15-1~deb12u1"}, {"20230311+deb12u1", "20230311"}},
	"rpm":    {{"2.34-60.el9", "2.34-100.el9_4.2"}, {"1:3.0.7-6.el9_2", "1:3.0.7-24.el9"}, {"0:5.1.8-6.el9_1", "5.1.8-9.el9"}, {"4.18.0-372.9.1.el8", "4.18.0-553.5.1.el8_10"}},
	"apk":    {{"1.2.3-r4", "1.2.3-r10"}, {"3.1.4-r0", "3.1.4-r5"}, {"1.36.1-r15", "1.36.1_rc1-r2"}, {"20230506-r0", "20240226-r0"}},
	"semver": {{"1.2.3", "1.2.10"}, {"15.0.4-canary.51", "15.0.4-canary.53"}, {"4.17.15", "4.17.21"}, {"1.0.0-rc.1+build", "1.0.0"}},
	"golang": {{"v0.0.0-20220314234659-1baeb1ce4c0b", "0.0.0-20211202192323-5770296d904e"}, {"1.21.0", "1.21.10"}, {"v2.0.2+incompatible", "2.0.3"}},
	"pep440": {{"2.2.28", "2.2.3"}, {"1.0rc1", "1.0.post1"}, {"4.2.1.dev3+g12ab", "4.2.1"}},
	"maven":  {{"2.9.10.8", "2.9.10.7"}, {"31.0-jre", "31.1-jre"}, {"1.0.0.Final", "1.0.0.CR1"}, {"2.0-beta9", "2.15.0"}},
	"gem":    {{"6.0.3.2", "6.0.3.10"}, {"1.0.0.rc1", "1.0.0"}},
	"nuget":  {{"4.3.0-beta", "4.3.0"}, {"2.0.20126.16343", "2.0.20126"}},
}

func BenchmarkCompare(b *testing.B) {
	for _, s := range version.Schemes() {
		versions := pairs[s.Name]
		if versions == nil {
			continue
		}
		b.Run(s.Name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				p := versions[i%len(versions)]
				s.Compare(p[0], p[1])
				i++
			}
		})
	}
}

func BenchmarkAffected(b *testing.B) {
	s, _ := version.Lookup("deb")
	a := &boltseal.Affected{Ranges: []boltseal.Range{{Introduced: "0", Fixed: "2.36-9+deb12u10"}}}
	b.ReportAllocs()
	for b.Loop() {
		s.Affected("2.36-9+deb12u13", a)
	}
}

// The schemes that a scan spends its time in allocate nothing.
func TestAllocations(t *testing.T) {
	for name, versions := range pairs {
		s, ok := version.Lookup(name)
		if !ok {
			t.Fatalf("no scheme %s", name)
		}
		for _, p := range versions {
			if n := testing.AllocsPerRun(100, func() { s.Compare(p[0], p[1]); s.Valid(p[0]) }); n != 0 {
				t.Errorf("%s: comparing %q and %q allocates %v times", name, p[0], p[1], n)
			}
		}
	}
}
