package layer_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source/layer"
)

// readFails reads with the limits and wants an error about flag.
func readFails(t *testing.T, bs []layer.Blob, limits limit.Limits, flag string) {
	t.Helper()
	f, err := layer.Read(t.Context(), bs, &layer.Options{Limits: limits, Jobs: 2, TempDir: t.TempDir()})
	if err == nil {
		_ = f.Close()
		t.Fatalf("no error, want one about %s", flag)
	}
	if e, ok := errors.AsType[*limit.Error](err); !ok || e.Flag != flag {
		t.Errorf("got %v, want an error about %s", err, flag)
	}
}

func TestLimitsOfTheWhole(t *testing.T) {
	im := testimage.Parse(t, "-- a (random 100000) --\n-- b --\n-- LAYER --\n-- c (random 100000) --\n")
	for _, c := range []struct {
		limits limit.Limits
		flag   string
	}{
		{limit.Limits{LayerBytes: 100_000}, "--max-layer-bytes"},
		{limit.Limits{LayerBytes: 150_000, TotalBytes: 200_000}, "--max-total-bytes"},
		{limit.Limits{Entries: 2}, "--max-entries"},
	} {
		readFails(t, blobs(im), c.limits, c.flag)
		readFails(t, inPlace(im), c.limits, c.flag)
	}
	enough := limit.Limits{LayerBytes: 150_000, TotalBytes: 300_000, Entries: 3}
	read(t, blobs(im), &layer.Options{Limits: enough})
	read(t, inPlace(im), &layer.Options{Limits: enough})
}

func TestLimitsOfFiles(t *testing.T) {
	long := strings.Repeat("d/", 30) + "f"
	im := testimage.Parse(t, "-- small --\nx\n-- big (random 5000) --\n-- "+long+" --\nx\n-- l -> "+long+" --\n-- h => "+long+" --\n")
	limits := limit.Limits{FileBytes: 1000, PathLength: 50}
	for kind, bs := range map[string][]layer.Blob{"stream": blobs(im), "in place": inPlace(im)} {
		f := read(t, bs, &layer.Options{Limits: limits})
		if _, err := f.ReadFile("small"); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if _, err := f.ReadFile("big"); !errors.Is(err, layer.ErrNotKept) {
			t.Errorf("%s: big: got %v, want ErrNotKept", kind, err)
		}
		if err := f.Fetch(t.Context(), []string{"big"}); err != nil {
			t.Errorf("%s: fetch big: %v", kind, err)
		}
		var got []string
		for _, g := range f.Gaps() {
			got = append(got, g.Kind+": "+g.What)
		}
		want := []string{"limit: file big in layer 1", "limit: file " + long + " in layer 1", "limit: file h in layer 1", "limit: file l in layer 1"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: gaps (-want +got):\n%s", kind, diff)
		}
	}
	// A file that is too large for one pass is too large for the next.
	f := read(t, blobs(im), &layer.Options{Limits: limits, Select: only()})
	if err := f.Fetch(t.Context(), []string{"big"}); err != nil || len(f.Gaps()) != 4 {
		t.Errorf("fetch: got %v and %v", err, f.Gaps())
	}
}

func TestSpool(t *testing.T) {
	im := testimage.Parse(t, "-- a (random 50000) --\n-- b (random 60000) --\n-- c (random 70000) --\n-- d --\nd\n")
	dir := t.TempDir()
	f := read(t, blobs(im), &layer.Options{Limits: limit.Limits{Memory: 1, Spool: 120_000}, TempDir: dir})
	kept := 0
	for name, n := range map[string]int{"a": 50000, "b": 60000, "c": 70000} {
		data, err := f.ReadFile(name)
		switch {
		case err == nil && bytes.Equal(data, testimage.Random(n)):
			kept++
		case err == nil:
			t.Errorf("%s differs", name)
		case !errors.Is(err, layer.ErrNotKept):
			t.Errorf("%s: %v", name, err)
		}
	}
	if gaps := f.Gaps(); kept != 2 || len(gaps) != 1 || gaps[0].Kind != "limit" || !strings.Contains(gaps[0].Why, "--max-spool-bytes") {
		t.Errorf("%d files are kept, gaps %v", kept, gaps)
	}
	if data, err := f.ReadFile("d"); err != nil || string(data) != "d\n" {
		t.Errorf("d: got %q, %v", data, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	empty(t, dir)
}

// empty wants nothing in a folder.
func empty(t *testing.T, dir string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// Nothing is left behind when reading fails after something was spooled, and
// nobody else can look into the spool meanwhile.
func TestSpoolIsPrivateAndGoes(t *testing.T) {
	raw := testimage.Tar(t, testimage.File("a", string(testimage.Random(500_000))), testimage.File("b", "x"))
	dir := t.TempDir()
	b := blob(testimage.NewLayer(t, "plain", raw[:len(raw)-1600]))
	b.Digest, b.DiffID = "", ""
	opts := &layer.Options{Limits: limit.Limits{Memory: 1}, TempDir: dir, Select: func(string, int64, fs.FileMode) layer.Choice {
		left, err := os.ReadDir(dir)
		if err != nil {
			t.Error(err)
		}
		for _, e := range left {
			if info, err := e.Info(); err == nil && info.Mode().Perm() != 0o700 {
				t.Errorf("%s has mode %v", e.Name(), info.Mode())
			}
		}
		return layer.Keep
	}}
	if _, err := layer.Read(t.Context(), []layer.Blob{b}, opts); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
	empty(t, dir)
}

func TestNoTempDirWhenSmall(t *testing.T) {
	im := testimage.Parse(t, variety)
	read(t, blobs(im), &layer.Options{TempDir: filepath.Join(t.TempDir(), "does not exist"), Select: only("etc/os-release")})
}

// endless gives a start and then one chunk again and again.
type endless struct {
	start, chunk []byte
	at           int
	n            int64
}

func (e *endless) Read(p []byte) (int, error) {
	src := e.start
	if len(src) == 0 {
		src = e.chunk[e.at:]
	}
	n := copy(p, src)
	if len(e.start) > 0 {
		e.start = e.start[n:]
	} else {
		e.at = (e.at + n) % len(e.chunk)
	}
	e.n += int64(n)
	return n, nil
}

func (e *endless) Close() error { return nil }

// bomb is a tar of one file that never ends, compressed.
func bomb(t *testing.T, compress func([]byte) []byte) *endless {
	t.Helper()
	head := testimage.Tar(t, testimage.Entry{Header: tar.Header{Typeflag: tar.TypeReg, Name: "zeros", Format: tar.FormatGNU}})[:512]
	copy(head[124:136], "\x80\x00\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00") // 2^60
	copy(head[148:156], "        ")
	sum := 0
	for _, c := range head {
		sum += int(c)
	}
	copy(head[148:156], fmt.Sprintf("%06o\x00 ", sum))
	return &endless{start: compress(head), chunk: compress(make([]byte, 16<<20))}
}

func TestBombsEndEarly(t *testing.T) {
	best := func(data []byte) []byte {
		var b bytes.Buffer
		w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Write(data)
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for name, compress := range map[string]func([]byte) []byte{"gzip": best, "zstd": testimage.Zstd} {
		for _, choice := range []layer.Choice{layer.Keep, layer.Skip} {
			e := bomb(t, compress)
			b := layer.Blob{Open: func(context.Context) (io.ReadCloser, error) { return e, nil }}
			start := time.Now()
			_, err := layer.Read(t.Context(), []layer.Blob{b}, &layer.Options{
				Select: func(string, int64, fs.FileMode) layer.Choice { return choice }, TempDir: t.TempDir(),
			})
			if l, ok := errors.AsType[*limit.Error](err); !ok || l.Flag != "--max-ratio" {
				t.Errorf("%s: got %v", name, err)
			}
			if d := time.Since(start); d > 20*time.Second || e.n > 8<<20 {
				t.Errorf("%s: it took %v and %d bytes", name, d, e.n)
			}
		}
	}
}

// A plain layer that never ends meets the ceiling on inflated bytes.
func TestEndlessPlain(t *testing.T) {
	e := bomb(t, func(b []byte) []byte { return b })
	b := layer.Blob{Open: func(context.Context) (io.ReadCloser, error) { return e, nil }}
	readFails(t, []layer.Blob{b}, limit.Limits{LayerBytes: 100 << 20, FileBytes: 1 << 20}, "--max-layer-bytes")
}

// peak runs f and returns how many bytes the heap grew while it ran.
func peak(f func()) int64 {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	most := int64(0)
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
				runtime.ReadMemStats(&now)
				most = max(most, int64(now.HeapInuse)-int64(before.HeapInuse))
			}
		}
	}()
	f()
	close(done)
	<-stopped
	return most
}

// A million entries take what a million names take, about 100 bytes each and
// twice that while they are merged and the garbage waits.
func TestMillionEntries(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	const n = 1_000_000
	r, w := io.Pipe()
	go func() {
		z := gzip.NewWriter(w)
		block := testimage.Tar(t, testimage.File("d00000000", ""))[:512]
		for i := range n {
			copy(block[1:9], fmt.Sprintf("%08d", i))
			if i%1000 == 0 {
				block[1] = '/'
			}
			copy(block[148:156], "        ")
			sum := 0
			for _, c := range block {
				sum += int(c)
			}
			copy(block[148:156], fmt.Sprintf("%06o\x00 ", sum))
			if _, err := z.Write(block); err != nil {
				return // the reader gave up
			}
		}
		_, err := z.Write(make([]byte, 1024))
		w.CloseWithError(errors.Join(err, z.Close()))
	}()
	b := layer.Blob{Open: func(context.Context) (io.ReadCloser, error) { return r, nil }}
	var f *layer.FS
	most := peak(func() { f = read(t, []layer.Blob{b}, &layer.Options{Select: only(), Limits: limit.Limits{Entries: n}}) })
	t.Logf("peak heap: %d MiB", most>>20)
	if most > 260<<20 {
		t.Errorf("it took %d MiB", most>>20)
	}
	entries, err := f.ReadDir(".")
	if err != nil || len(entries) < 900_000 {
		t.Errorf("%d entries, %v", len(entries), err)
	}
}

// Layers made to be slow to merge are not: the time is linear.
func TestHostileMerge(t *testing.T) {
	const n = 50_000
	var flips, hides, links []testimage.Entry
	for i := range n {
		flips = append(flips, testimage.File(fmt.Sprint("d/", i), ""))
		hides = append(hides, testimage.File(fmt.Sprint("d/", i), ""))
	}
	links = append(links, testimage.Symlink("up", strings.Repeat("a/../", 700)+"."), testimage.Dir("a"))
	for i := range n {
		if i%2 == 0 {
			flips = append(flips, testimage.File("d", ""))
			links = append(links, testimage.File(fmt.Sprint("up/up/up/up/up/", i), ""))
		} else {
			flips = append(flips, testimage.Dir("d"))
			links = append(links, testimage.File(fmt.Sprint("a/", i), ""))
		}
		hides = append(hides, testimage.File(".wh.d", ""), testimage.File("d/.wh..wh..opq", ""))
	}
	for name, entries := range map[string][]testimage.Entry{"flips": flips, "whiteouts": hides, "links": links} {
		l := testimage.NewLayer(t, "plain", testimage.Tar(t, entries...))
		start := time.Now()
		f := read(t, []layer.Blob{blob(l), blob(l)}, &layer.Options{Select: only()})
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("%s took %v", name, d)
		}
		if name == "links" && len(f.Gaps()) == 0 {
			t.Error("endless paths were followed without a word")
		}
	}
}

func TestGapsAreBounded(t *testing.T) {
	var entries []testimage.Entry
	for i := range 3000 {
		entries = append(entries, testimage.Hardlink(fmt.Sprint("h", i), "nowhere"))
	}
	f := read(t, []layer.Blob{blob(testimage.NewLayer(t, "gzip", testimage.Tar(t, entries...)))}, nil)
	gaps := f.Gaps()
	if len(gaps) != 101 || gaps[0].What != "2900 more files" {
		t.Errorf("%d gaps, first %v", len(gaps), gaps[0])
	}
}

// A zstd frame that asks for a window larger than anyone needs is refused
// before the memory is taken.
func TestWindowBomb(t *testing.T) {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithWindowSize(256<<20), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Write(testimage.Tar(t, testimage.File("a", "b")))
	if err = errors.Join(err, w.Flush(), w.Close()); err != nil {
		t.Fatal(err)
	}
	most := peak(func() {
		_, err = layer.Read(t.Context(), []layer.Blob{{Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(b.Bytes())), nil
		}}}, nil)
	})
	if !errors.Is(err, zstd.ErrWindowSizeExceeded) {
		t.Errorf("got %v", err)
	}
	if most > 64<<20 {
		t.Errorf("it took %d MiB", most>>20)
	}
}

// sparseFile is a tar of one sparse file of that size, with four bytes of
// data at its start.
func sparseFile(t *testing.T, size int64) []byte {
	t.Helper()
	var pax []byte
	for _, r := range []string{"GNU.sparse.major=0", "GNU.sparse.minor=1", "GNU.sparse.name=sparse",
		fmt.Sprint("GNU.sparse.size=", size), "GNU.sparse.numblocks=1", "GNU.sparse.map=0,4"} {
		n := len(r) + 4
		if n > 99 {
			t.Fatal("record is too long")
		}
		pax = fmt.Appendf(pax, "%02d %s\n", n, r)
	}
	data := testimage.Tar(t, testimage.File("pax", string(pax)), testimage.File("stored", "data"))
	data[156] = 'x'
	copy(data[148:156], "        ")
	sum := 0
	for _, c := range data[:512] {
		sum += int(c)
	}
	copy(data[148:156], fmt.Sprintf("%06o\x00 ", sum))
	return data
}

func TestSparse(t *testing.T) {
	for _, size := range []int64{4, 1000, 3_000_000, 40_000_000} {
		l := testimage.NewLayer(t, "gzip", sparseFile(t, size))
		for kind, b := range map[string]layer.Blob{
			"stream":   blob(l),
			"in place": {At: bytes.NewReader(l.Raw), Layer: boltseal.Layer{Size: int64(len(l.Raw))}},
		} {
			f := read(t, []layer.Blob{b}, &layer.Options{TempDir: t.TempDir()})
			data, err := f.ReadFile("sparse")
			if err != nil || int64(len(data)) != size || string(data[:4]) != "data" || len(bytes.Trim(data[4:], "\x00")) > 0 {
				t.Errorf("%s: %d bytes of %d: %v", kind, len(data), size, err)
			}
			g := read(t, []layer.Blob{b}, &layer.Options{TempDir: t.TempDir(), Select: only()})
			if err := g.Fetch(t.Context(), []string{"sparse"}); err != nil {
				t.Fatal(err)
			}
			if again, err := g.ReadFile("sparse"); err != nil || !bytes.Equal(again, data) {
				t.Errorf("%s: fetched: %d bytes, %v", kind, len(again), err)
			}
		}
	}
}

func TestSparseBomb(t *testing.T) {
	l := testimage.NewLayer(t, "gzip", sparseFile(t, 1<<60))
	f := read(t, []layer.Blob{blob(l)}, &layer.Options{TempDir: t.TempDir()})
	if gaps := f.Gaps(); len(gaps) != 1 || gaps[0].Kind != "limit" {
		t.Errorf("gaps: %v", gaps)
	}
	streamed := &sink{}
	f = read(t, []layer.Blob{blob(l)}, &layer.Options{Select: only(), Stream: func(int, string, int64) io.WriteCloser { return streamed }})
	if gaps := f.Gaps(); len(gaps) != 1 || streamed.Len() > 0 || streamed.closed != 1 {
		t.Errorf("streamed %d bytes, gaps: %v", streamed.Len(), gaps)
	}
	// Holes that are made up count as inflated bytes.
	l = testimage.NewLayer(t, "gzip", sparseFile(t, 500<<20))
	readFails(t, []layer.Blob{blob(l)}, limit.Limits{TotalBytes: 100 << 20}, "--max-total-bytes")
}

func TestLinkDepth(t *testing.T) {
	text := "-- l0 --\nx\n"
	for i := range 8 {
		text += fmt.Sprintf("-- l%d -> l%d --\n", i+1, i)
	}
	f := read(t, blobs(testimage.Parse(t, text)), &layer.Options{Limits: limit.Limits{Depth: 5}})
	if _, err := f.ReadFile("l5"); err != nil {
		t.Error(err)
	}
	_, err := f.ReadFile("l6")
	if e, ok := errors.AsType[*limit.Error](err); !ok || e.Flag != "--max-depth" {
		t.Errorf("got %v", err)
	}
	f = read(t, blobs(testimage.Parse(t, "-- a -> b --\n-- b -> a --\n")), &layer.Options{Limits: limit.Limits{Spool: 1}})
	if _, err := f.Open("a"); err == nil {
		t.Error("a loop was opened")
	}
}

// Long names that share everything but their ends compress well and are
// still kept whole: there is a ceiling on them.
func TestNamesAreBounded(t *testing.T) {
	long := strings.Repeat("n", 3000)
	var entries []testimage.Entry
	for i := range 25_000 {
		entries = append(entries, testimage.File(fmt.Sprint(long, i), ""))
	}
	l := testimage.NewLayer(t, "zstd", testimage.Tar(t, entries...))
	readFails(t, []layer.Blob{blob(l)}, limit.Limits{Entries: 30_000, PathLength: 4096}, "--max-entries")
}
