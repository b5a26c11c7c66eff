package layer_test

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source/layer"
)

// corpus is a layer of some 40 MB as package managers leave them: many small
// texts, some large binaries.
func corpus(b *testing.B) []byte {
	b.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("function return const module exports require the of and package version license import self none true false if else for while error string number value index length")
	for range 2000 {
		words = append(words, fmt.Sprintf("%x", r.Uint32N(1<<20)))
	}
	text := func(n int) []byte {
		var t []byte
		for len(t) < n {
			t = append(append(t, words[min(r.IntN(len(words)), r.IntN(len(words)))]...), " \n\t("[r.IntN(4)])
		}
		return t[:n]
	}
	var entries []testimage.Entry
	for i := range 6000 {
		dir := fmt.Sprintf("usr/lib/node_modules/pkg%d/lib/%d/", i/40, i/10)
		e := testimage.File(dir+fmt.Sprintf("file%d.js", i), "")
		e.Body = text(100 + r.IntN(9000))
		entries = append(entries, e)
		if i%40 == 0 {
			entries = append(entries, testimage.File(dir+"package.json", `{"name":"x","version":"1.0.0"}`))
		}
	}
	for i := range 12 {
		e := testimage.File(fmt.Sprintf("usr/bin/tool%d", i), "")
		e.Body = append(text(600_000), testimage.Random(300_000)...)
		e.Mode = 0o755
		entries = append(entries, e)
	}
	return testimage.Tar(b, entries...)
}

// floor is the least that reading a layer can be with the same libraries:
// inflate, hash both streams, walk the headers.
func floor(data []byte) error {
	stored, raw := sha256.New(), sha256.New()
	buffered := bufio.NewReaderSize(io.TeeReader(bytes.NewReader(data), stored), 64<<10)
	r := io.Reader(buffered)
	switch data[0] {
	case 0x1f:
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return err
		}
		r = io.TeeReader(z, raw)
	case 0x28:
		z, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
		if err != nil {
			return err
		}
		defer z.Close()
		r = io.TeeReader(z, raw)
	}
	t := tar.NewReader(r)
	for {
		if _, err := t.Next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
	}
	_, err := io.Copy(io.Discard, r)
	return err
}

func wanted(name string, _ int64, mode fs.FileMode) layer.Choice {
	switch {
	case path.Base(name) == "package.json":
		return layer.Keep
	case mode&0o111 != 0:
		return layer.Sniff
	}
	return layer.Skip
}

// BenchmarkRead gives the time of a read and, as x-floor, how many times that
// of the floor it is. The two run in turn, so that a busy machine slows both.
func BenchmarkRead(b *testing.B) {
	raw := corpus(b)
	for _, compression := range []string{"gzip", "zstd", "plain"} {
		l := testimage.NewLayer(b, compression, raw)
		b.Run(compression, func(b *testing.B) { benchmark(b, blob(l), l) })
	}
	b.Run("in place", func(b *testing.B) {
		l := testimage.NewLayer(b, "plain", raw)
		at := blob(l)
		at.At = bytes.NewReader(raw)
		benchmark(b, at, l)
	})
}

func benchmark(b *testing.B, blob layer.Blob, l testimage.Layer) {
	b.SetBytes(int64(len(l.Raw)))
	b.ReportAllocs()
	var ours, least time.Duration
	opts := &layer.Options{Jobs: 2, Select: wanted, Sniff: func(_ string, head []byte) bool { return bytes.HasPrefix(head, []byte("\x7fELF")) }}
	for b.Loop() {
		start := time.Now()
		f, err := layer.Read(context.Background(), []layer.Blob{blob}, opts)
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			b.Fatal(err)
		}
		ours += time.Since(start)
		b.StopTimer()
		start = time.Now()
		if err := floor(l.Stored); err != nil {
			b.Fatal(err)
		}
		least += time.Since(start)
		b.StartTimer()
	}
	b.ReportMetric(ours.Seconds()/least.Seconds(), "x-floor")
}

// BenchmarkMerge merges 20 layers of 5,000 entries.
func BenchmarkMerge(b *testing.B) {
	var blobs []layer.Blob
	for i := range 20 {
		var entries []testimage.Entry
		for j := range 5000 {
			entries = append(entries, testimage.File(fmt.Sprintf("usr/share/%d/%d/%d", j/100, j%10, i*j), ""))
		}
		blobs = append(blobs, blob(testimage.NewLayer(b, "zstd", testimage.Tar(b, entries...))))
	}
	b.ReportAllocs()
	for b.Loop() {
		f, err := layer.Read(context.Background(), blobs, &layer.Options{Jobs: 2, Select: wanted})
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStat looks names up, straight and through a link.
func BenchmarkStat(b *testing.B) {
	f := read(b, blobs(testimage.Parse(b, manyNames)), &layer.Options{Select: only()})
	for _, name := range []string{"usr/lib/apk/db/installed", "lib/apk/db/installed"} {
		b.Run(strings.SplitN(name, "/", 2)[0], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f.Stat(name); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
