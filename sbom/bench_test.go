package sbom_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/sbom"
)

// image is a document as a big image gives it: OS packages and twice as many
// npm packages, with dependencies.
func image(n int) *sbom.Document {
	r := newRandom(7)
	doc := &sbom.Document{
		Artifact: boltseal.Artifact{
			Kind: boltseal.KindImage, Name: "registry.example/team/app:1", Digest: r.digest(),
			Distro: &boltseal.Distro{ID: "debian", Version: "12", Name: "Debian GNU/Linux 12 (bookworm)"},
		},
		Tool: boltseal.Tool{Name: "boltseal", Version: "1.0.0"}, Time: r.when(), Phase: "post-build", Completeness: sbom.CannotBeKnown,
	}
	for range 12 {
		doc.Artifact.Layers = append(doc.Artifact.Layers, boltseal.Layer{Digest: r.digest(), DiffID: r.digest(), CreatedBy: "RUN something"})
	}
	for i := range n {
		layer := doc.Artifact.Layers[i%12].DiffID
		c := boltseal.Component{
			PURL: fmt.Sprintf("pkg:npm/%%40scope/name-%d@1.%d.0", i, i%50), Name: fmt.Sprintf("@scope/name-%d", i), Version: fmt.Sprintf("1.%d.0", i%50),
			Licenses: []string{"MIT"}, FoundBy: "npm/package-json", Basis: boltseal.Installed,
			Locations: []boltseal.Location{{File: fmt.Sprintf("app/node_modules/@scope/name-%d/package.json", i), Layer: layer}},
		}
		if i%3 == 0 {
			c.PURL = fmt.Sprintf("pkg:deb/debian/package-%d@1.%d-2?arch=amd64&distro=debian-12&upstream=source-%d", i, i%50, i)
			c.Name, c.Version, c.Supplier = fmt.Sprintf("package-%d", i), fmt.Sprintf("1.%d-2", i%50), "Maintainers <team@lists.example.org>"
			c.Source = &boltseal.Source{Name: fmt.Sprintf("source-%d", i), Version: c.Version}
			c.Locations[0].File, c.FoundBy = "var/lib/dpkg/status", "dpkg/status"
			c.Licenses = []string{"GPL-2.0-or-later", "LGPL-2.1-only OR MIT"}
		}
		for j := range i % 5 {
			if i > j*7 {
				c.DependsOn = append(c.DependsOn, doc.Components[i-1-j*7].PURL)
			}
		}
		doc.Components = append(doc.Components, c)
	}
	return doc
}

func BenchmarkWrite(b *testing.B) {
	doc := image(5000)
	for _, f := range sbom.Formats() {
		b.Run(f.Name, func(b *testing.B) {
			var size counter
			for b.Loop() {
				size = 0
				if err := f.Write(&size, doc); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(size)/1e6, "MB")
		})
	}
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func BenchmarkRead(b *testing.B) {
	doc := image(5000)
	for _, f := range sbom.Formats() {
		var out bytes.Buffer
		if err := f.Write(&out, doc); err != nil {
			b.Fatal(err)
		}
		b.Run(f.Name, func(b *testing.B) {
			b.SetBytes(int64(out.Len()))
			for b.Loop() {
				if _, _, err := sbom.Read(out.Bytes()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

var _ io.Writer = (*counter)(nil)
