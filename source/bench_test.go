package source_test

import (
	"testing"

	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source"
)

// BenchmarkOpen opens an image of 60 layers of a megabyte each: the time must
// not depend on what the layers hold.
func BenchmarkOpen(b *testing.B) {
	var layers []testimage.Layer
	for i := range 60 {
		body := string(testimage.Random(1 << 20))
		layers = append(layers, testimage.NewLayer(b, "plain", testimage.Tar(b, testimage.File(string(rune('a'+i)), body))))
	}
	im := testimage.New(layers...)
	dir := b.TempDir()
	testimage.NewLayout(im).Write(b, dir)
	for name, target := range map[string]string{
		"legacy": write(b, "legacy.tar", testimage.DockerArchive(b, testimage.Legacy, im)),
		"modern": write(b, "modern.tar", testimage.DockerArchive(b, testimage.Modern, im)),
		"layout": dir,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s, err := source.Open(b.Context(), target, nil)
				if err != nil {
					b.Fatal(err)
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
