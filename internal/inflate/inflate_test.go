package inflate_test

import (
	"bytes"
	stdflate "compress/flate"
	stdgzip "compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"

	"github.com/boltseal/boltseal/internal/inflate"
)

// member wraps raw DEFLATE data, with the checksum and length of its content.
func member(deflated, content []byte) []byte {
	b := []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff")
	b = append(b, deflated...)
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(content))
	return binary.LittleEndian.AppendUint32(b, uint32(len(content)))
}

func compress(t testing.TB, data []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := stdgzip.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Write(data)
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// compare holds what the reader makes of data against the standard library.
func compare(t *testing.T, data []byte) {
	t.Helper()
	const most = 4 << 20
	var want []byte
	z, wantErr := stdgzip.NewReader(bytes.NewReader(data))
	if wantErr == nil {
		want, wantErr = io.ReadAll(io.LimitReader(z, most))
	}
	ours := inflate.NewReader(nil)
	for name, r := range map[string]io.Reader{
		"whole": bytes.NewReader(data), "half": iotest.HalfReader(bytes.NewReader(data)), "trickle": iotest.OneByteReader(bytes.NewReader(data)),
		"with EOF": iotest.DataErrReader(bytes.NewReader(data)),
	} {
		if name == "trickle" && len(data) > 10_000 {
			continue
		}
		ours.Reset(r)
		got, err := io.ReadAll(io.LimitReader(ours, most))
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%s: got error %v after %d bytes, compress/gzip gives %v after %d", name, err, len(got), wantErr, len(want))
		}
		n := min(len(got), len(want))
		if err == nil && len(got) != len(want) || !bytes.Equal(got[:n], want[:n]) {
			t.Fatalf("%s: got %d bytes, want %d, which differ", name, len(got), len(want))
		}
	}
}

// inputs are contents of many kinds.
func inputs() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	random := func(n, symbols int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.IntN(symbols))
		}
		return b
	}
	skewed := make([]byte, 300_000)
	for i := range skewed {
		skewed[i] = byte(min(r.ExpFloat64()*9, 255))
	}
	var text, near strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&text, "line %d of %x;\n", i*i, r.Uint32())
	}
	for d := range 40 {
		piece := string(random(d+1, 256))
		near.WriteString(strings.Repeat(piece, 5+600/len(piece)))
	}
	return map[string][]byte{
		"empty": nil, "one": {7}, "few": []byte("abcabcabcabc"), "zeros": make([]byte, 1_000_000), "random": random(400_000, 256),
		"two": random(200_000, 2), "skewed": skewed, "text": []byte(text.String()), "near": []byte(near.String()),
		"far": bytes.Repeat(random(32<<10, 256), 5), "farther": bytes.Repeat(random(32<<10+1, 256), 5),
	}
}

func TestRoundTrip(t *testing.T) {
	for name, data := range inputs() {
		for level := stdgzip.HuffmanOnly; level <= stdgzip.BestCompression; level++ {
			t.Run(fmt.Sprint(name, level), func(t *testing.T) {
				packed := compress(t, data, level)
				got, err := io.ReadAll(inflate.NewReader(bytes.NewReader(packed)))
				if err != nil || !bytes.Equal(got, data) {
					t.Fatalf("got %d bytes of %d: %v", len(got), len(data), err)
				}
			})
		}
	}
}

func TestMembers(t *testing.T) {
	var all, want []byte
	for i := range 50 {
		data := bytes.Repeat([]byte{byte(i), 1, 2}, i*i*20)
		all = append(all, compress(t, data, i%10)...)
		want = append(want, data...)
	}
	got, err := io.ReadAll(inflate.NewReader(bytes.NewReader(all)))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %d bytes of %d: %v", len(got), len(want), err)
	}
	compare(t, append(all, 0))
	compare(t, append(all, all[:9]...))
	// A match may not reach into the member before.
	compare(t, append(compress(t, []byte("history"), 6), member([]byte{0x03 | 1<<3, 0x02, 0x00}, nil)...))
}

func TestHeaders(t *testing.T) {
	body := compress(t, []byte("content"), 6)[10:]
	long := strings.Repeat("n", 511) + "\x00"
	for name, head := range map[string]string{
		"plain":         "\x1f\x8b\x08\x00....\x00\xff",
		"extra":         "\x1f\x8b\x08\x04....\x00\xff\x05\x00extra",
		"long extra":    "\x1f\x8b\x08\x04....\x00\xff\xff\xff" + strings.Repeat("x", 65535),
		"name":          "\x1f\x8b\x08\x08....\x00\xffname\x00",
		"long name":     "\x1f\x8b\x08\x08....\x00\xff" + long,
		"too long name": "\x1f\x8b\x08\x08....\x00\xffn" + long,
		"comment":       "\x1f\x8b\x08\x18....\x00\xffname\x00comment\x00",
		"wrong crc":     "\x1f\x8b\x08\x02....\x00\xff\x00\x00",
		"other method":  "\x1f\x8b\x07\x00....\x00\xff",
		"reserved":      "\x1f\x8b\x08\xe0....\x00\xff",
		"no magic":      "\x1f\x8c\x08\x00....\x00\xff",
	} {
		t.Run(name, func(t *testing.T) {
			compare(t, append([]byte(head), body...))
			compare(t, []byte(head)[:len(head)-1])
		})
	}
	// A header with its own checksum, right and wrong.
	head := []byte("\x1f\x8b\x08\x1e....\x00\xff\x05\x00extraname\x00comment\x00")
	head = binary.LittleEndian.AppendUint16(head, uint16(crc32.ChecksumIEEE(head)))
	got, err := io.ReadAll(inflate.NewReader(bytes.NewReader(append(head, body...))))
	if err != nil || string(got) != "content" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestCut(t *testing.T) {
	for name, data := range inputs() {
		if len(data) > 400_000 {
			data = data[:100_000]
		}
		for _, level := range []int{stdgzip.HuffmanOnly, 0, 1, 9} {
			packed := compress(t, data, level)
			for n := range packed {
				if n > 600 && n < len(packed)-20 && n%4999 != 0 {
					continue
				}
				_, err := io.Copy(io.Discard, inflate.NewReader(bytes.NewReader(packed[:n])))
				if !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("%s, level %d, first %d bytes of %d: got %v", name, level, n, len(packed), err)
				}
			}
		}
	}
}

func TestCorrupt(t *testing.T) {
	for _, level := range []int{0, 6} {
		packed := compress(t, []byte(strings.Repeat("some text to be changed, ", 50)), level)
		for i := range min(len(packed), 120) {
			for bit := range 8 {
				changed := bytes.Clone(packed)
				changed[i] ^= 1 << bit
				compare(t, changed)
			}
		}
	}
}

// bitWriter writes DEFLATE by hand.
type bitWriter struct {
	b []byte
	n uint
}

func (w *bitWriter) bits(v, n uint) {
	for i := range n {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(v>>i&1) << (w.n % 8)
		w.n++
	}
}

// Blocks that no encoder at hand writes: the longest codes, degenerate codes,
// repeats over the border of the two alphabets.
func TestHandmadeBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	good := 0
	for range 4000 {
		var w bitWriter
		w.bits(1, 1)
		w.bits(2, 2)
		nlit, ndist := 257+r.UintN(30), 1+r.UintN(30)
		w.bits(nlit-257, 5)
		w.bits(ndist-1, 5)
		w.bits(15, 4)
		// A code length code of 16 codes with 4 bits: 0 to 15.
		for _, at := range []uint{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15} {
			if at < 16 {
				w.bits(4, 3)
			} else {
				w.bits(0, 3)
			}
		}
		for _, n := range []uint{nlit, ndist} {
			lens := make([]uint, n)
			// Split codes at random until the symbols or the bits run out.
			leaves := []uint{0}
			most := 1 + r.UintN(n)
			for uint(len(leaves)) < most {
				i := r.UintN(uint(len(leaves)))
				if r.UintN(3) > 0 {
					i = uint(len(leaves)) - 1
				}
				if leaves[i] == 15 {
					break
				}
				leaves[i]++
				leaves = append(leaves, leaves[i])
			}
			for _, l := range leaves {
				for range 20 {
					if at := r.UintN(n); lens[at] == 0 {
						lens[at] = l
						break
					}
				}
			}
			if n == nlit && lens[256] == 0 && r.UintN(4) > 0 {
				lens[256], lens[r.UintN(256)] = lens[0], lens[256]
			}
			for _, l := range lens {
				reversed := l&1<<3 | l&2<<1 | l&4>>1 | l&8>>3
				w.bits(reversed, 4)
			}
		}
		for range 40 {
			w.bits(r.UintN(1<<16), 16)
		}
		content, used := reference(w.b)
		if len(content) > 0 {
			good++
		}
		compare(t, member(w.b[:used], content))
	}
	if good < 100 {
		t.Errorf("only %d blocks have content: the test tests little", good)
	}
}

// reference inflates blocks with the standard library, and returns how many
// bytes they take.
func reference(deflated []byte) (content []byte, used int) {
	r := bytes.NewReader(deflated)
	content, _ = io.ReadAll(io.LimitReader(stdflate.NewReader(r), 1<<20)) // as far as it goes
	return content, len(deflated) - r.Len()
}

func TestReset(t *testing.T) {
	z := inflate.NewReader(strings.NewReader("no gzip"))
	if _, err := z.Read(make([]byte, 1)); err == nil {
		t.Error("no error")
	}
	for i := range 3 {
		data := bytes.Repeat([]byte{byte(i)}, 100_000*i+1)
		z.Reset(bytes.NewReader(compress(t, data, 6)))
		got, err := io.ReadAll(z)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("got %d bytes of %d: %v", len(got), len(data), err)
		}
		z.Reset(bytes.NewReader(compress(t, data, 6)[:20]))
		_, _ = io.ReadAll(z)
	}
}

func TestReadError(t *testing.T) {
	fail := errors.New("network is gone")
	packed := compress(t, bytes.Repeat([]byte("text"), 1000), 0)
	_, err := io.ReadAll(inflate.NewReader(io.MultiReader(bytes.NewReader(packed[:500]), iotest.ErrReader(fail))))
	if !errors.Is(err, fail) {
		t.Errorf("got %v", err)
	}
}

func FuzzReader(f *testing.F) {
	for _, data := range inputs() {
		data = data[:min(len(data), 2000)]
		for _, level := range []int{stdgzip.HuffmanOnly, 0, 1, 6} {
			packed := compress(f, data, level)
			f.Add(packed[10:len(packed)-8], data)
		}
	}
	f.Fuzz(func(t *testing.T, deflated, content []byte) {
		compare(t, member(deflated, content))
		compare(t, deflated)
		// With the right trailer in the right place, the blocks decide.
		content, used := reference(deflated)
		compare(t, member(deflated[:used], content))
	})
}

func BenchmarkInflate(b *testing.B) {
	name, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		b.Fatal(err)
	}
	packed := compress(b, append(data, inputs()["text"]...), 6)
	type reader interface {
		io.Reader
	}
	for _, c := range []struct {
		name string
		open func() (reader, error)
	}{
		{"ours", func() (reader, error) { return inflate.NewReader(bytes.NewReader(packed)), nil }},
		{"klauspost", func() (reader, error) { return gzip.NewReader(bytes.NewReader(packed)) }},
		{"standard", func() (reader, error) { return stdgzip.NewReader(bytes.NewReader(packed)) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			buf := make([]byte, 128<<10)
			for b.Loop() {
				r, err := c.open()
				n := int64(0)
				for err == nil {
					var k int
					k, err = r.Read(buf)
					n += int64(k)
				}
				if !errors.Is(err, io.EOF) {
					b.Fatal(err)
				}
				b.SetBytes(n)
			}
		})
	}
}
