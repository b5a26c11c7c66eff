package scan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
)

// result is a result with everything in it, for n components.
func result(n int) *cached {
	c := &cached{
		Distro: &boltseal.Distro{ID: "debian", Version: "12", Like: []string{"x"}},
		Layers: []boltseal.Layer{{Digest: "sha256:aa", DiffID: "sha256:bb", Size: 7, CreatedBy: "RUN x", FromBase: true}},
		Gaps:   []boltseal.Gap{{What: "file x", Why: "bad", Kind: "unreadable-file"}},
	}
	for i := range n {
		purl := fmt.Sprintf("pkg:npm/%%40scope/name-%d@1.%d.0", i, i%7)
		c.Components = append(c.Components,
			boltseal.Component{PURL: purl, Name: fmt.Sprint("@scope/name-", i), Version: fmt.Sprintf("1.%d.0", i%7), FoundBy: "npm/package-json", Basis: boltseal.Installed},
			boltseal.Component{
				PURL: purl + "?x=y", Name: "ä\xff", Version: "2", Source: &boltseal.Source{Name: "src", Version: "3"},
				Licenses: []string{"MIT", "Apache-2.0"}, Supplier: "me",
				Locations: []boltseal.Location{
					{File: fmt.Sprint("usr/lib/", i), Layer: "sha256:bb"},
					{File: "a.jar!/b.jar", Line: 3, Col: 4, Span: boltseal.Span{Start: 1, End: 1 << 40}},
				},
				DependsOn: []string{purl}, FoundBy: "x", Basis: boltseal.Embedded, OwnedBy: "pkg:deb/debian/x@1",
				Hashes: []boltseal.Digest{"sha1:00"}, CPEs: []string{"cpe:2.3:a:b"}, Module: "m:1", Direct: true, Dev: true,
				Linked:   boltseal.Symbols{1, 7, 1 << 31},
				Evidence: []boltseal.Evidence{{Kind: boltseal.EvidenceFile, Statement: "it is there"}},
			},
			boltseal.Component{PURL: "pkg:generic/x", Name: "x", Source: &boltseal.Source{}, Basis: boltseal.Declared})
	}
	return c
}

func TestCacheFormat(t *testing.T) {
	for _, want := range []*cached{{}, result(1), result(500)} {
		data, err := encodeCached(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeCached(data)
		if err != nil {
			t.Fatal(err)
		}
		if len(want.Components) == 0 {
			want.Components = []boltseal.Component{}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		for n := range min(len(data), 4000) {
			if _, err := decodeCached(data[:n]); err == nil {
				t.Fatalf("the first %d of %d bytes were taken for all", n, len(data))
			}
		}
		if _, err := decodeCached(append(bytes.Clone(data), 0)); err == nil {
			t.Error("a byte too many was taken")
		}
	}
}

func FuzzCacheFormat(f *testing.F) {
	for _, c := range []*cached{{}, result(1), result(3)} {
		data, err := encodeCached(c)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := decodeCached(data)
		if err != nil {
			return
		}
		again, err := encodeCached(c)
		if err != nil {
			t.Fatal(err)
		}
		d, err := decodeCached(again)
		if err != nil {
			t.Fatalf("what was read does not read again: %v", err)
		}
		if diff := cmp.Diff(c, d); diff != "" {
			t.Errorf("(-once +twice):\n%s", diff)
		}
	})
}

func BenchmarkCacheFormat(b *testing.B) {
	data, err := encodeCached(result(600))
	if err != nil {
		b.Fatal(err)
	}
	text, err := json.Marshal(result(600))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ReportMetric(float64(len(data))/float64(len(text)), "size/JSON")
	for b.Loop() {
		if _, err := decodeCached(data); err != nil {
			b.Fatal(err)
		}
	}
}
