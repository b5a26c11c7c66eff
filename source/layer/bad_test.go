package layer_test

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source/layer"
)

// stored is a blob of these bytes that claims nothing.
func stored(data []byte) layer.Blob {
	return layer.Blob{Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data)), nil
	}}
}

func TestClaimsAreVerified(t *testing.T) {
	l := testimage.NewLayer(t, "gzip", testimage.Tar(t, testimage.File("a", "b")))
	plain := testimage.NewLayer(t, "plain", l.Raw)
	wrong := testimage.Sum([]byte("else"))
	long := sha512.Sum512(l.Stored)
	for name, c := range map[string]struct {
		change func(*layer.Blob)
		of     testimage.Layer
		want   string // part of the error, empty if there is none
	}{
		"right":              {func(*layer.Blob) {}, l, ""},
		"right, SHA-512":     {func(b *layer.Blob) { b.Digest = boltseal.Digest("sha512:" + hex.EncodeToString(long[:])) }, l, ""},
		"nothing claimed":    {func(b *layer.Blob) { b.Layer = boltseal.Layer{} }, l, ""},
		"wrong digest":       {func(b *layer.Blob) { b.Digest = wrong }, l, "it has the digest " + string(l.Digest)},
		"wrong DiffID":       {func(b *layer.Blob) { b.DiffID = wrong }, l, "its uncompressed tar has the digest " + string(l.DiffID)},
		"wrong size":         {func(b *layer.Blob) { b.Size++ }, l, "bytes, not"},
		"bad digest":         {func(b *layer.Blob) { b.Digest = "md5:00" }, l, "digest"},
		"plain, wrong":       {func(b *layer.Blob) { b.Digest = wrong }, plain, "it has the digest"},
		"plain, wrong too":   {func(b *layer.Blob) { b.DiffID = wrong }, plain, "its uncompressed tar has the digest"},
		"plain, mixed":       {func(b *layer.Blob) { b.Digest = boltseal.Digest("sha512:" + strings.Repeat("0", 128)) }, plain, "it has the digest"},
		"no way to open it":  {func(b *layer.Blob) { b.Open = nil }, l, "no way"},
		"in place, wrong":    {func(b *layer.Blob) { b.At, b.DiffID = bytes.NewReader(l.Stored), wrong }, l, "its uncompressed tar has the digest"},
		"in place, too long": {func(b *layer.Blob) { b.At = bytes.NewReader(l.Stored); b.Size += 5 }, l, "EOF"},
	} {
		b := blob(c.of)
		c.change(&b)
		_, err := layer.Read(t.Context(), []layer.Blob{b}, nil)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "layer 1 of 1")):
			t.Errorf("%s: got %v, want it to say %q", name, err, c.want)
		}
	}
}

// An uncompressed layer in place is verified only when that is asked for.
func TestVerifyPlain(t *testing.T) {
	l := testimage.NewLayer(t, "plain", testimage.Tar(t, testimage.File("a", "b")))
	b := layer.Blob{Layer: boltseal.Layer{DiffID: testimage.Sum(nil), Size: int64(len(l.Raw))}, At: bytes.NewReader(l.Raw)}
	if got := read(t, []layer.Blob{b}, nil).Layers()[0].DiffID; got != b.DiffID {
		t.Errorf("got %s, want what was claimed", got)
	}
	if _, err := layer.Read(t.Context(), []layer.Blob{b}, &layer.Options{VerifyPlain: true}); err == nil {
		t.Error("a wrong digest was not noticed")
	}
	b.DiffID = ""
	if got := read(t, []layer.Blob{b}, &layer.Options{VerifyPlain: true}).Layers()[0]; got.DiffID != l.DiffID || got.Digest != l.DiffID {
		t.Errorf("got %+v, want %s", got, l.DiffID)
	}
}

func TestOtherFormats(t *testing.T) {
	for want, head := range map[string]string{
		"bzip2: ": "BZh91AY&SYxxxx", "xz: ": "\xfd7zXZ\x00\x00", "lz4": "\x04\x22\x4d\x18", "invalid tar header": strings.Repeat("text ", 200),
	} {
		_, err := layer.Read(t.Context(), []layer.Blob{stored([]byte(head))}, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}

// A layer that is cut anywhere is an error, whatever is claimed; only where
// one could also end without its end marker is it a gap.
func TestTruncated(t *testing.T) {
	raw := testimage.Tar(t, testimage.File("a", "some text"), testimage.Dir("d"), testimage.File("d/b", strings.Repeat("more text ", 200)),
		testimage.Symlink("l", "a"))
	for _, compression := range []string{"plain", "gzip", "zstd", "gzip-members", "zstd-frames", "xz"} {
		l := testimage.NewLayer(t, compression, raw)
		for n := range l.Stored {
			f, err := layer.Read(t.Context(), []layer.Blob{stored(l.Stored[:n])}, nil)
			if err == nil {
				gaps := f.Gaps()
				_ = f.Close()
				if len(gaps) == 1 && gaps[0].Kind == "unverified-layer" {
					continue
				}
				// zstd-frames ends in a skippable frame: what is before it is whole.
				if compression == "zstd-frames" && n >= len(l.Stored)-8-len("table of contents") {
					continue
				}
				t.Errorf("%s: the first %d of %d bytes were read without a word", compression, n, len(l.Stored))
			}
			b := blob(l)
			b.Open = stored(l.Stored[:n]).Open
			if _, err := layer.Read(t.Context(), []layer.Blob{b}, nil); err == nil {
				t.Errorf("%s: the first %d of %d bytes were taken for all", compression, n, len(l.Stored))
			}
		}
	}
}

// A cut archive in place is noticed though nothing is read of the bodies.
func TestTruncatedInPlace(t *testing.T) {
	raw := testimage.Tar(t, testimage.File("a", string(testimage.Random(100_000))), testimage.File("b", string(testimage.Random(100_000))))
	for n := 1; n < len(raw)-1024; n += 997 {
		b := layer.Blob{Layer: boltseal.Layer{Size: int64(n)}, At: bytes.NewReader(raw[:n])}
		f, err := layer.Read(t.Context(), []layer.Blob{b}, &layer.Options{Select: only()})
		if err == nil && len(f.Gaps()) == 0 {
			t.Errorf("%d of %d bytes were read without a word", n, len(raw))
		}
		// The index of the outer archive may lie about the length.
		b.Size = int64(len(raw))
		if _, err := layer.Read(t.Context(), []layer.Blob{b}, &layer.Options{Select: only()}); err == nil {
			t.Errorf("%d of %d bytes were taken for all", n, len(raw))
		}
	}
}

func TestNoLayers(t *testing.T) {
	f := read(t, nil, nil)
	if entries, err := f.ReadDir("."); err != nil || len(entries) > 0 {
		t.Errorf("got %v, %v", entries, err)
	}
}

// body is a blob whose reads wait until it is closed or let go.
type body struct {
	io.Reader
	wait   chan struct{}
	closed chan struct{}
	once   sync.Once
	ready  func()
}

func (b *body) Read(p []byte) (int, error) {
	if b.ready != nil {
		b.ready()
		b.ready = nil
	}
	select {
	case <-b.wait:
		return b.Reader.Read(p)
	case <-b.closed:
		return 0, errors.New("read of a closed body")
	}
}

func (b *body) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}

func TestCancelEndsHangingRead(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the user has had enough")
	b := layer.Blob{Open: func(context.Context) (io.ReadCloser, error) {
		return &body{wait: make(chan struct{}), closed: make(chan struct{}), ready: func() { cancel(why) }}, nil
	}}
	done := make(chan error)
	go func() {
		_, err := layer.Read(ctx, []layer.Blob{b}, nil)
		done <- err
	}()
	select {
	case err := <-done:
		if !errors.Is(err, why) {
			t.Errorf("got %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it still hangs")
	}
}

// As many layers as there are jobs are read at once: here each waits for the
// other.
func TestLayersAreReadSideBySide(t *testing.T) {
	im := testimage.Parse(t, "-- a --\nx\n-- LAYER --\n-- b --\ny\n")
	var both sync.WaitGroup
	both.Add(2)
	go both.Wait()
	open := make(chan struct{})
	go func() { both.Wait(); close(open) }()
	bs := blobs(im)
	for i := range bs {
		bs[i].Open = func(context.Context) (io.ReadCloser, error) {
			return &body{Reader: bytes.NewReader(im.Layers[i].Stored), wait: open, closed: make(chan struct{}), ready: both.Done}, nil
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	f, err := layer.Read(ctx, bs, &layer.Options{Jobs: 2})
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
}

// Files of many layers cost what there is of them, not files times layers,
// and no copy of the image is made.
func TestManyLayers(t *testing.T) {
	var entries []testimage.Entry
	for i := range 2000 {
		entries = append(entries, testimage.File("base/"+string(rune('a'+i%26))+"/"+strings.Repeat("x", i%50)+string(rune('0'+i%10)), "content"))
	}
	bs := []layer.Blob{blob(testimage.NewLayer(t, "gzip", testimage.Tar(t, entries...)))}
	for i := range 400 {
		bs = append(bs, blob(testimage.NewLayer(t, "gzip", testimage.Tar(t, testimage.File("top", strings.Repeat("x", i))))))
	}
	dir := t.TempDir()
	most := peak(func() {
		f := read(t, bs, &layer.Options{Jobs: 2, TempDir: dir})
		if n, ok := f.LayerOf("top"); !ok || n != 400 {
			t.Errorf("top is from layer %d", n)
		}
		if n, ok := f.LayerOf("base/a/0"); !ok || n != 0 {
			t.Errorf("base/a/0 is from layer %d", n)
		}
	})
	if most > 32<<20 {
		t.Errorf("it took %d MiB", most>>20)
	}
	empty(t, dir)
}

// FuzzBlob reads any bytes as a layer. Whatever they are, what comes out is
// an error or a tree that stays in its root.
func FuzzBlob(f *testing.F) {
	raw := testimage.Tar(f, testimage.File("a/../../b", "text"), testimage.Symlink("l", "../../.."), testimage.Hardlink("h", "b"),
		testimage.Dir("d"), testimage.File("d/.wh..wh..opq", ""))
	for _, compression := range []string{"plain", "gzip", "zstd", "gzip-members", "zstd-frames"} {
		f.Add(testimage.NewLayer(f, compression, raw).Stored, uint16(3), byte(1))
	}
	limits := limit.Limits{
		LayerBytes: 8 << 20, TotalBytes: 16 << 20, Ratio: 200, Entries: 10_000, PathLength: 4096,
		FileBytes: 1 << 20, Depth: 16, Spool: 4 << 20, Memory: 1 << 20,
	}
	f.Fuzz(func(t *testing.T, data []byte, at uint16, flip byte) {
		for _, b := range []layer.Blob{stored(data), {Layer: boltseal.Layer{Size: int64(len(data))}, At: bytes.NewReader(data)}} {
			f, err := layer.Read(t.Context(), []layer.Blob{b}, &layer.Options{Limits: limits, TempDir: t.TempDir()})
			if err != nil {
				continue
			}
			for path, info := range f.Files() {
				if strings.HasPrefix(path, "/") || strings.Contains("/"+path+"/", "/../") || strings.Contains("/"+path+"/", "/./") {
					t.Errorf("path %q", path)
				}
				got, err := f.ReadFile(path)
				if info.Mode().IsRegular() && err == nil && int64(len(got)) != info.Size() {
					t.Errorf("%q: %d bytes, size %d", path, len(got), info.Size())
				}
				if info.Mode()&fs.ModeSymlink != 0 {
					if entries, err := f.ReadDir(path); err == nil && len(entries) == 0 && path == "" {
						t.Errorf("%q leads out", path)
					}
				}
			}
			layers := f.Layers()
			_ = f.Close()
			// The same bytes with a flipped bit are not what was claimed.
			if b.At != nil || flip == 0 || len(data) == 0 {
				continue
			}
			changed := bytes.Clone(data)
			changed[int(at)%len(data)] ^= flip
			claimed := stored(changed)
			claimed.Layer = layers[0]
			if _, err := layer.Read(t.Context(), []layer.Blob{claimed}, &layer.Options{Limits: limits}); err == nil {
				t.Error("a changed bit was not noticed")
			}
		}
	})
}
