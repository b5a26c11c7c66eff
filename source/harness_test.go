package source_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/source/layer"
)

// sample is a small image on a base of one layer.
func sample(t testing.TB, tag string) *testimage.Image {
	t.Helper()
	im := testimage.Parse(t, `
-- CONFIG --
{"config": {"Env": ["PATH=/bin"], "Labels": {"team": "ann", "Team": "bob"}}}
-- LAYER gzip: ADD rootfs.tar / --
-- etc/os-release --
ID=debian
-- EMPTY: CMD ["bash"] --
-- LAYER zstd: COPY app /app --
-- app/package.json --
{"name": "app"}
-- EMPTY: ENV A=b --
-- LAYER plain: RUN make --
-- app/out --
built
`)
	im.Tag = tag
	return im
}

func open(t testing.TB, target string, opts *source.Options) (*source.Subject, error) {
	t.Helper()
	o := source.Options{}
	if opts != nil {
		o = *opts
	}
	if o.TempDir == "" {
		o.TempDir = t.TempDir()
	}
	s, err := source.Open(t.Context(), target, &o)
	if err != nil {
		if s != nil {
			t.Error("a subject beside an error")
		}
		noTemp(t, o.TempDir)
		return nil, err
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close again: %v", err)
		}
		noTemp(t, o.TempDir)
	})
	return s, nil
}

func mustOpen(t testing.TB, target string, opts *source.Options) *source.Subject {
	t.Helper()
	s, err := open(t, target, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func noTemp(t testing.TB, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 0 {
		t.Errorf("temporary files are left: %v, %v", entries, err)
	}
}

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func zstandard(t testing.TB, data []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(data, nil)
}

// stored reads a blob the way a layer reader does.
func stored(b layer.Blob) ([]byte, error) {
	if b.At != nil {
		return io.ReadAll(io.NewSectionReader(b.At, 0, b.Size))
	}
	r, err := b.Open(context.Background())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// checkBlobs compares what the subject's blobs give with the image's layers,
// which archives may store uncompressed.
func checkBlobs(t testing.TB, s *source.Subject, im *testimage.Image) {
	t.Helper()
	if len(s.Blobs) != len(im.Layers) || len(s.Artifact.Layers) != len(im.Layers) {
		t.Fatalf("got %d blobs and %d layers, want %d", len(s.Blobs), len(s.Artifact.Layers), len(im.Layers))
	}
	for i, b := range s.Blobs {
		data, err := stored(b)
		if err != nil {
			t.Errorf("blob %d: %v", i, err)
		}
		l := im.Layers[i]
		if string(data) != string(l.Stored) && string(data) != string(l.Raw) {
			t.Errorf("blob %d: got %d other bytes", i, len(data))
		}
		if b.Size != int64(len(data)) {
			t.Errorf("blob %d: size %d, want %d", i, b.Size, len(data))
		}
		if b.DiffID != l.DiffID {
			t.Errorf("blob %d: diff id %s, want %s", i, b.DiffID, l.DiffID)
		}
		if b.Digest != "" && b.Digest != testimage.Sum(data) {
			t.Errorf("blob %d: digest %s of other bytes", i, b.Digest)
		}
		if plain := string(data) == string(l.Raw); plain != (b.At != nil) && b.Open == nil {
			t.Errorf("blob %d: random access %v", i, b.At != nil)
		}
	}
	if string(s.Config) != string(im.Config()) || s.Artifact.ImageID != im.ID() {
		t.Errorf("config: got %d bytes, id %s", len(s.Config), s.Artifact.ImageID)
	}
}

// summary is a subject in a few lines, for comparisons.
func summary(s *source.Subject) string {
	var b strings.Builder
	line := func(s *source.Subject, indent string) {
		platform := "-"
		if s.Artifact.Platform != nil {
			platform = s.Artifact.Platform.String()
		}
		fmt.Fprintf(&b, "%s%s %s %s", indent, s.Artifact.Kind, s.Artifact.Name, platform)
		if s.Artifact.Parent != "" {
			b.WriteString(" of an index")
		}
		b.WriteByte('\n')
		for _, a := range s.Attachments {
			fmt.Fprintf(&b, "%s  note: %s\n", indent, a.Type)
		}
		for _, g := range s.Gaps {
			fmt.Fprintf(&b, "%s  gap: %s\n", indent, g.Kind)
		}
	}
	line(s, "")
	for _, c := range s.Children {
		line(c, "  ")
	}
	return b.String()
}

func platform(im *testimage.Image, s string) *testimage.Image {
	im.Platform, _ = boltseal.ParsePlatform(s)
	return im
}
