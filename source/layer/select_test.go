package layer_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source/layer"
)

// only keeps the files of these paths.
func only(paths ...string) func(string, int64, fs.FileMode) layer.Choice {
	return func(path string, _ int64, _ fs.FileMode) layer.Choice {
		if slices.Contains(paths, path) {
			return layer.Keep
		}
		return layer.Skip
	}
}

// counted counts how often blobs are opened.
func counted(all []layer.Blob) ([]layer.Blob, *atomic.Int64) {
	var n atomic.Int64
	all = slices.Clone(all)
	for i := range all {
		open := all[i].Open
		all[i].Open = func(ctx context.Context) (io.ReadCloser, error) {
			n.Add(1)
			return open(ctx)
		}
	}
	return all, &n
}

const manyNames = `
-- LAYER gzip --
-- usr/lib/apk/db/installed --
P:musl
-- usr/lib/sysimage/rpm/Packages --
rpm
-- lib -> usr/lib --
-- var/lib/rpm -> ../../usr/lib/sysimage/rpm --
-- usr/bin/tool --
tool
-- usr/bin/alias => usr/bin/tool --
-- etc/os-release -> ../usr/lib/os-release --
-- usr/lib/os-release --
ID=x
-- opt/app -> /srv/app --
-- LAYER zstd --
-- opt/app/package.json --
{}
-- other --
other
-- LAYER --
-- last --
last
`

func TestSelection(t *testing.T) {
	im := testimage.Parse(t, manyNames)
	for _, c := range []struct {
		want   string // the name that is selected and opened
		opens  int64  // of blobs; one each, and one more for a second pass
		reason string
	}{
		{"usr/bin/tool", 3, "its own name"},
		{"usr/bin/alias", 4, "a hard link's name"},
		{"lib/apk/db/installed", 4, "through a link to a folder"},
		{"var/lib/rpm/Packages", 4, "through a relative link to a folder"},
		{"etc/os-release", 4, "a link's name"},
		{"opt/app/package.json", 3, "as its layer has it, through a link"},
		{"srv/app/package.json", 4, "where it is in the view"},
	} {
		for kind, bs := range map[string][]layer.Blob{"stream": blobs(im), "in place": inPlace(im)} {
			bs, opens := counted(bs)
			f := read(t, bs, &layer.Options{Select: only(c.want), Jobs: 2})
			if _, err := f.ReadFile(c.want); err != nil {
				t.Errorf("%s, %s: %v", c.reason, kind, err)
			}
			if kind == "stream" && opens.Load() != c.opens {
				t.Errorf("%s: blobs were opened %d times, want %d", c.reason, opens.Load(), c.opens)
			}
			for _, not := range []string{"other", "last"} {
				if _, err := f.Open(not); !errors.Is(err, layer.ErrNotKept) {
					t.Errorf("%s, %s: open %s: got %v, want ErrNotKept", c.reason, kind, not, err)
				}
				if info, err := f.Stat(not); err != nil || info.Size() == 0 {
					t.Errorf("%s, %s: stat %s: got %v, %v", c.reason, kind, not, info, err)
				}
			}
		}
	}
}

func TestFetch(t *testing.T) {
	im := testimage.Parse(t, manyNames)
	for kind, bs := range map[string][]layer.Blob{"stream": blobs(im), "in place": inPlace(im)} {
		bs, opens := counted(bs)
		f := read(t, bs, &layer.Options{Select: only()})
		opens.Store(0)
		names := []string{"lib/apk/db/installed", "usr/bin/alias", "other", "missing", "usr", "../bad"}
		if err := f.Fetch(t.Context(), names); err != nil {
			t.Fatal(err)
		}
		if got := opens.Load(); kind == "stream" && got != 2 {
			t.Errorf("%d blobs were opened, want 2", got)
		}
		for name, want := range map[string]string{
			"usr/lib/apk/db/installed": "P:musl\n", "usr/bin/tool": "tool\n", "usr/bin/alias": "tool\n", "other": "other\n",
		} {
			if got, err := f.ReadFile(name); err != nil || string(got) != want {
				t.Errorf("%s: %s: got %q, %v, want %q", kind, name, got, err, want)
			}
		}
		if _, err := f.ReadFile("last"); !errors.Is(err, layer.ErrNotKept) {
			t.Errorf("%s: last: got %v, want ErrNotKept", kind, err)
		}
		opens.Store(0)
		if err := f.Fetch(t.Context(), names); err != nil || opens.Load() != 0 {
			t.Errorf("%s: fetching again opened %d blobs: %v", kind, opens.Load(), err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Open("other"); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("%s: open after Close: got %v", kind, err)
		}
	}
}

// What is read the second time must be what was verified the first time.
func TestFetchOfAnotherBlob(t *testing.T) {
	one := testimage.NewLayer(t, "gzip", testimage.Tar(t, testimage.File("a", "one")))
	two := testimage.NewLayer(t, "gzip", testimage.Tar(t, testimage.File("a", "two")))
	reads := 0
	b := layer.Blob{Open: func(context.Context) (io.ReadCloser, error) {
		if reads++; reads > 1 {
			return io.NopCloser(bytes.NewReader(two.Stored)), nil
		}
		return io.NopCloser(bytes.NewReader(one.Stored)), nil
	}}
	f := read(t, []layer.Blob{b}, &layer.Options{Select: only()})
	if err := f.Fetch(t.Context(), []string{"a"}); err == nil {
		t.Error("the blob was exchanged, and Fetch did not notice")
	}
	if _, err := f.ReadFile("a"); !errors.Is(err, layer.ErrNotKept) {
		t.Errorf("got %v, want ErrNotKept", err)
	}
}

func TestSniff(t *testing.T) {
	im := testimage.Parse(t, `
-- LAYER --
-- elf (mode 755) --
#ELF and more
-- script (mode 755) --
#!/bin/sh
-- elf-again => elf --
-- data --
#ELF, but nobody asked
-- data-link => data --
-- long (random 5000, mode 755) --
-- empty (mode 755, noeol) --
`)
	for kind, bs := range map[string][]layer.Blob{"stream": blobs(im), "in place": inPlace(im)} {
		var mu sync.Mutex
		var asked []string
		bs, opens := counted(bs)
		f := read(t, bs, &layer.Options{
			Select: func(name string, _ int64, mode fs.FileMode) layer.Choice {
				if mode&0o111 != 0 || name == "data-link" {
					return layer.Sniff
				}
				return layer.Skip
			},
			Sniff: func(name string, head []byte) bool {
				mu.Lock()
				defer mu.Unlock()
				asked = append(asked, name)
				if want := map[string]int{"elf": 14, "script": 10, "data-link": 23, "long": 512, "empty": 0}[name]; len(head) != want {
					t.Errorf("%s: got %d bytes, want %d", name, len(head), want)
				}
				return bytes.HasPrefix(head, []byte("#ELF"))
			},
		})
		slices.Sort(asked)
		if diff := cmp.Diff([]string{"data-link", "elf", "empty", "long", "script"}, asked); diff != "" {
			t.Errorf("%s: asked about (-want +got):\n%s", kind, diff)
		}
		if kind == "stream" && opens.Load() != 2 {
			t.Errorf("the blob was opened %d times, want 2", opens.Load())
		}
		for name, want := range map[string]bool{"elf": true, "elf-again": true, "data": true, "script": false, "long": false} {
			if _, err := f.ReadFile(name); (err == nil) != want {
				t.Errorf("%s: %s: got %v, want kept %v", kind, name, err, want)
			}
		}
	}
}

// TestAccept judges files by all of their content. Room that one of them had
// serves the next, so what is kept must be its own content all the same.
func TestAccept(t *testing.T) {
	content := map[string]string{}
	var entries [2][]testimage.Entry
	for i, name := range []string{
		"large-no", "large-yes", "huge-no", "small-yes", "large-no-2", "huge-yes", "small-no", "middle-yes", "large-yes-2", "empty-yes",
		"large-yes-3", "large-no-3", "middle-no", "large-yes-4",
	} {
		kind, _, _ := strings.Cut(name, "-")
		size := map[string]int{"empty": 0, "small": 3000, "middle": 1 << 20, "large": 3 << 20, "huge": 9 << 20}[kind]
		content[name] = strings.Repeat(string(rune('a'+i)), size)
		entries[i/12] = append(entries[i/12], testimage.File(name, content[name]))
	}
	im := testimage.New(testimage.NewLayer(t, "gzip", testimage.Tar(t, entries[0]...)), testimage.NewLayer(t, "zstd", testimage.Tar(t, entries[1]...)))
	for kind, bs := range map[string][]layer.Blob{"stream": blobs(im), "in place": inPlace(im)} {
		var mu sync.Mutex
		var asked []string
		f := read(t, bs, &layer.Options{
			Jobs:   2,
			Limits: limit.Limits{Memory: 8 << 10, Spool: 40 << 20},
			Select: func(string, int64, fs.FileMode) layer.Choice { return layer.Sniff },
			Sniff:  func(name string, _ []byte) bool { return !strings.HasPrefix(name, "small-no") },
			Accept: func(name string, r io.ReaderAt, size int64) bool {
				mu.Lock()
				defer mu.Unlock()
				asked = append(asked, name)
				if got, err := io.ReadAll(io.NewSectionReader(r, 0, size)); err != nil || string(got) != content[name] {
					t.Errorf("%s: %s: asked about %d bytes of something else: %v", kind, name, len(got), err)
				}
				return strings.Contains(name, "yes")
			},
		})
		if slices.Contains(asked, "small-no") || len(asked) < len(content)-1 {
			t.Errorf("%s: asked about %v", kind, asked)
		}
		for name, want := range content {
			got, err := f.ReadFile(name)
			if !strings.Contains(name, "yes") {
				if !errors.Is(err, layer.ErrNotKept) {
					t.Errorf("%s: %s was kept: %v", kind, name, err)
				}
				continue
			}
			if err != nil || string(got) != want {
				t.Errorf("%s: %s: got %d bytes of something else: %v", kind, name, len(got), err)
			}
		}
	}
}

// sink collects what a layer streams.
type sink struct {
	bytes.Buffer
	closed int
	fail   error
}

func (s *sink) Write(p []byte) (int, error) {
	if s.fail != nil {
		return 0, s.fail
	}
	return s.Buffer.Write(p)
}

func (s *sink) Close() error { s.closed++; return nil }

func TestStream(t *testing.T) {
	im := testimage.Parse(t, `
-- LAYER gzip --
-- secret --
key
-- big (random 400000) --
-- h => secret --
-- LAYER plain --
-- .wh.secret --
-- big --
small
`)
	for kind, bs := range map[string][]layer.Blob{"stream": blobs(im), "in place": inPlace(im)} {
		var mu sync.Mutex
		sinks := map[string]*sink{}
		read(t, bs, &layer.Options{
			Jobs: 2, Select: only("big", "h"),
			Stream: func(n int, path string, size int64) io.WriteCloser {
				mu.Lock()
				defer mu.Unlock()
				s := &sink{}
				sinks[string(rune('0'+n))+" "+path] = s
				return s
			},
		})
		got := map[string]int{}
		for name, s := range sinks {
			got[name] = s.Len()
			if s.closed != 1 {
				t.Errorf("%s: %s: closed %d times", kind, name, s.closed)
			}
		}
		// The second pass for h does not stream again.
		if diff := cmp.Diff(map[string]int{"0 secret": 4, "0 big": 400000, "1 big": 6}, got); diff != "" {
			t.Errorf("%s: bytes (-want +got):\n%s", kind, diff)
		}
		if !bytes.HasSuffix(sinks["0 big"].Bytes(), testimage.Random(400000)) {
			t.Errorf("%s: the bytes of big differ", kind)
		}
	}
}

func TestStreamFails(t *testing.T) {
	im := testimage.Parse(t, "-- a --\nx\n")
	fail := errors.New("sink is full")
	_, err := layer.Read(t.Context(), blobs(im), &layer.Options{
		Stream: func(int, string, int64) io.WriteCloser { return &sink{fail: fail} },
	})
	if !errors.Is(err, fail) || !strings.Contains(err.Error(), "a: ") {
		t.Errorf("got %v", err)
	}
}

func TestProgress(t *testing.T) {
	im := testimage.Parse(t, variety)
	for kind, bs := range map[string][]layer.Blob{"stream": blobs(im), "in place": inPlace(im)} {
		var got atomic.Int64
		read(t, bs, &layer.Options{Select: only(), Jobs: 2, Progress: func(n int64) { got.Add(n) }})
		want := int64(0)
		for _, b := range bs {
			want += b.Size
		}
		if got.Load() != want {
			t.Errorf("%s: got %d bytes, want %d", kind, got.Load(), want)
		}
	}
}

func TestLayers(t *testing.T) {
	im := testimage.Parse(t, variety)
	var bs, want []layer.Blob
	for i, b := range blobs(im) {
		b.CreatedBy, b.FromBase = im.History[i].CreatedBy, i == 0
		want = append(want, b)
		b.Digest, b.DiffID, b.Size = "", "", 0
		bs = append(bs, b)
	}
	got := read(t, bs, nil).Layers()
	for i, w := range want {
		if diff := cmp.Diff(w.Layer, got[i]); diff != "" {
			t.Errorf("layer %d (-want +got):\n%s", i, diff)
		}
	}
	for i, l := range read(t, inPlace(im), nil).Layers() {
		if l.DiffID != im.Layers[i].DiffID || l.Digest != im.Layers[i].DiffID || l.Size != int64(len(im.Layers[i].Raw)) {
			t.Errorf("layer %d in place: got %+v", i, l)
		}
	}
}

// A file of a layer that is stored uncompressed is not copied.
func TestInPlaceReadsLittle(t *testing.T) {
	im := testimage.Parse(t, "-- big (random 30000000) --\n-- wanted --\nx\n-- more (random 30000000) --\n")
	for verify, most := range map[bool]int64{false: 1 << 20, true: 70 << 20} {
		at := &countingAt{r: bytes.NewReader(im.Layers[0].Raw)}
		b := layer.Blob{Layer: boltseal.Layer{DiffID: im.Layers[0].DiffID, Size: int64(len(im.Layers[0].Raw))}, At: at}
		f := read(t, []layer.Blob{b}, &layer.Options{Select: only("wanted", "big"), VerifyPlain: verify})
		if n := at.n.Load(); n > most || verify && n < 60_000_000 {
			t.Errorf("verify %v: %d bytes were read", verify, n)
		}
		if data, err := f.ReadFile("big"); err != nil || !bytes.HasSuffix(data, testimage.Random(30000000)) {
			t.Errorf("verify %v: big differs: %v", verify, err)
		}
	}
}

type countingAt struct {
	r io.ReaderAt
	n atomic.Int64
}

func (c *countingAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(p, off)
	c.n.Add(int64(n))
	return n, err
}

// The selection sees clean names, sizes and modes, and no whiteouts.
func TestSelectIsAsked(t *testing.T) {
	im := testimage.Parse(t, "-- ./a/../b (mode 4755) --\nx\n-- c/ --\n-- l -> b --\n-- .wh.gone --\n-- .wh..wh..opq --\n-- sub/.wh.gone --\n")
	var got []string
	read(t, blobs(im), &layer.Options{Select: func(name string, size int64, mode fs.FileMode) layer.Choice {
		got = append(got, path.Clean(name)+" "+mode.String())
		if size != 2 {
			t.Errorf("%s: size %d", name, size)
		}
		return layer.Skip
	}})
	// The second is the link's name for it.
	if diff := cmp.Diff([]string{"b urwxr-xr-x", "l urwxr-xr-x"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
