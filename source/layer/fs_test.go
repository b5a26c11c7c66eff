package layer_test

import (
	"bytes"
	"context"
	"io"
	"testing"
	"testing/fstest"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source/layer"
)

// blobs are an image's layers, claimed rightly.
func blobs(im *testimage.Image) []layer.Blob {
	var all []layer.Blob
	for _, l := range im.Layers {
		all = append(all, blob(l))
	}
	return all
}

func blob(l testimage.Layer) layer.Blob {
	return layer.Blob{
		Layer: boltseal.Layer{Digest: l.Digest, DiffID: l.DiffID, Size: int64(len(l.Stored)), MediaType: l.MediaType(false)},
		Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(l.Stored)), nil
		},
	}
}

// inPlace is the image as "docker save" stores it: uncompressed, with random
// access.
func inPlace(im *testimage.Image) []layer.Blob {
	var all []layer.Blob
	for _, l := range im.Layers {
		all = append(all, layer.Blob{
			Layer: boltseal.Layer{DiffID: l.DiffID, Size: int64(len(l.Raw))}, At: bytes.NewReader(l.Raw),
		})
	}
	return all
}

func read(t testing.TB, blobs []layer.Blob, opts *layer.Options) *layer.FS {
	t.Helper()
	f, err := layer.Read(context.Background(), blobs, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

const variety = `
-- LAYER gzip --
-- etc/os-release --
ID=debian
-- lib -> usr/lib --
-- usr/lib/a --
a
-- usr/bin/perl (mode 755) --
#!perl
-- usr/bin/perl5 => usr/bin/perl --
-- var/empty/ --
-- LAYER zstd --
-- etc/passwd --
root
-- big (random 3000000) --
-- LAYER plain --
-- etc/.wh.passwd --
-- top --
-- LAYER gzip-members --
-- more (random 3000000) --
-- LAYER zstd-frames --
-- again (random 3000000) --
`

func TestFS(t *testing.T) {
	im := testimage.Parse(t, variety)
	for name, bs := range map[string][]layer.Blob{"stream": blobs(im), "in place": inPlace(im)} {
		t.Run(name, func(t *testing.T) {
			f := read(t, bs, &layer.Options{Jobs: 2})
			if err := fstest.TestFS(f, "etc/os-release", "lib", "usr/lib/a", "usr/bin/perl5", "var/empty", "top", "again"); err != nil {
				t.Error(err)
			}
			if gaps := f.Gaps(); len(gaps) > 0 {
				t.Errorf("gaps: %v", gaps)
			}
		})
	}
}
