package vuln_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
	"github.com/boltseal/boltseal/check/vuln"
)

// synthetic is a database of 20,000 advisories about 5,000 packages, and an
// image of 5,000 components of which one in fifty is affected.
func synthetic(b testing.TB) (*advisory.DB, []boltseal.Component) {
	var records []map[string]any
	for i := range 20_000 {
		p := i % 5_000
		fixed := "1.0.0"
		if i >= 5_000*3 && p%50 == 0 {
			fixed = "9.0.0"
		}
		ecosystem, name := "npm", fmt.Sprintf("package-%d", p)
		if p%2 == 0 {
			ecosystem, name = "Debian:12", fmt.Sprintf("source-%d", p)
		}
		records = append(records, map[string]any{
			"id": fmt.Sprintf("GHSA-%04d-%04d-xxxx", i, p), "modified": "2024-01-01T00:00:00Z", "published": "2024-01-01T00:00:00Z",
			"aliases": []string{fmt.Sprintf("CVE-2024-%d", 10_000+i)}, "summary": "A summary of it", "details": "Details of some length, to be read when printed.",
			"severity": []map[string]string{{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:H"}},
			"affected": []map[string]any{{"package": map[string]string{"ecosystem": ecosystem, "name": name},
				"ranges": []map[string]any{{"type": "ECOSYSTEM", "events": []map[string]string{{"introduced": "0"}, {"fixed": fixed}}}}}},
		})
	}
	data, err := json.Marshal(records)
	if err != nil {
		b.Fatal(err)
	}
	db := database(b, map[string][]byte{"advisories.json": data})
	var components []boltseal.Component
	for p := range 5_000 {
		c := boltseal.Component{Version: "2.3.4", Basis: boltseal.Installed, Locations: []boltseal.Location{{File: "x"}}}
		if p%2 == 0 {
			c.Name, c.Source = fmt.Sprintf("binary-%d", p), &boltseal.Source{Name: fmt.Sprintf("source-%d", p)}
			c.PURL = fmt.Sprintf("pkg:deb/debian/binary-%d@2.3.4?arch=amd64&distro=debian-12&upstream=source-%d", p, p)
		} else {
			c.Name = fmt.Sprintf("package-%d", p)
			c.PURL = fmt.Sprintf("pkg:npm/package-%d@2.3.4", p)
		}
		components = append(components, c)
	}
	return db, components
}

func BenchmarkMatch(b *testing.B) {
	db, components := synthetic(b)
	for _, jobs := range []int{1, 2} {
		b.Run(fmt.Sprintf("components=5000/jobs=%d", jobs), func(b *testing.B) {
			b.ReportAllocs()
			var n int
			for b.Loop() {
				findings, _, err := vuln.Match(b.Context(), components, &vuln.Options{DB: db, Jobs: jobs})
				if err != nil {
					b.Fatal(err)
				}
				n = len(findings)
			}
			b.ReportMetric(float64(n), "findings")
		})
	}
}

// BenchmarkMirror needs the mirror of real advisories beside the repository.
func BenchmarkMirror(b *testing.B) {
	const mirror = "../../../shared/osv"
	if _, err := os.Stat(mirror); err != nil {
		b.Skip("no mirror of advisories beside the repository: ", err)
	}
	name := filepath.Join(b.TempDir(), "mirror.db")
	if _, err := advisory.Build(b.Context(), name, []advisory.Source{{Feed: "osv", At: mirror, Ecosystems: []string{"Debian", "npm", "PyPI", "Go", "Maven"}}}, nil); err != nil {
		b.Fatal(err)
	}
	db, err := advisory.Open(name)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	var components []boltseal.Component
	for k, err := range db.Keys() {
		if err != nil {
			b.Fatal(err)
		}
		if len(components) >= 5_000 {
			break
		}
		c := boltseal.Component{Name: k.Name, Version: "9999", Basis: boltseal.Installed}
		switch k.Ecosystem {
		case "Debian:12":
			c.PURL = boltseal.PURL{Type: "deb", Namespace: "debian", Name: k.Name, Version: "9999", Qualifiers: map[string]string{"distro": "debian-12"}}.String()
		case "npm", "PyPI":
			c.PURL = "pkg:" + map[string]string{"npm": "npm", "PyPI": "pypi"}[k.Ecosystem] + "/" + k.Name + "@9999"
		case "Go":
			c.Version = "v9999.0.0"
			c.PURL = "pkg:golang/" + k.Name + "@v9999.0.0"
		default:
			continue
		}
		components = append(components, c)
	}
	b.ReportMetric(float64(len(components)), "components")
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := vuln.Match(b.Context(), components, &vuln.Options{DB: db}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(components)), "components")
}
