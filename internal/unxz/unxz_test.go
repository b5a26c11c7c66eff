package unxz_test

import (
	"bytes"
	"io"
	"os"
	"testing"

	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/internal/unxz"
)

// sample is "hello, xz\n" as the xz command packs it, and twice over.
func sample(tb testing.TB) []byte {
	tb.Helper()
	data, err := os.ReadFile("testdata/hello.xz")
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func TestReader(t *testing.T) {
	one := sample(t)
	for want, data := range map[string][]byte{"hello, xz\n": one, "hello, xz\nhello, xz\n": append(bytes.Clone(one), one...)} {
		if !unxz.Is(data) {
			t.Error("not recognised")
		}
		if got, err := io.ReadAll(unxz.NewReader(bytes.NewReader(data))); string(got) != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
}

func TestBad(t *testing.T) {
	data := sample(t)
	for n := range len(data) {
		if _, err := io.ReadAll(unxz.NewReader(bytes.NewReader(data[:n]))); err == nil {
			t.Errorf("the first %d of %d bytes were taken for all", n, len(data))
		}
	}
	for n := range data {
		flipped := bytes.Clone(data)
		flipped[n] ^= 0x10
		got, err := io.ReadAll(unxz.NewReader(bytes.NewReader(flipped)))
		if err == nil && string(got) != "hello, xz\n" {
			t.Errorf("byte %d flipped: got %q", n, got)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(sample(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := unxz.NewReader(bytes.NewReader(data))
		n, err := io.Copy(io.Discard, io.LimitReader(r, 8<<20))
		if err != nil {
			return
		}
		if len(data) < 32 && n > 0 {
			t.Errorf("%d bytes of %d", n, len(data))
		}
	})
}

// TestPlainChunks reads what testimage writes, of many chunks.
func TestPlainChunks(t *testing.T) {
	for _, size := range []int{0, 1, 1 << 16, 1<<16 + 1, 1 << 20} {
		want := testimage.Random(size)
		if got, err := io.ReadAll(unxz.NewReader(bytes.NewReader(testimage.XZ(want)))); !bytes.Equal(got, want) || err != nil {
			t.Errorf("%d bytes: got %d, %v", size, len(got), err)
		}
	}
}
