package safetar_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/internal/safetar"
)

// entry is what both readers must agree on.
type entry struct {
	Type       byte
	Name, Link string
	Size       int64
	Mode       int64
	UID, GID   int64
	ModTime    int64
	Major      int64
	Minor      int64
	Body       string
}

// most content of sparse files is not there: compare so much of it.
const maxBody = 1 << 20

func ours(in safetar.Input, bodies bool) (entries []entry, err error) {
	r := safetar.NewReader(in)
	for {
		h, err := r.Next()
		if err != nil {
			return entries, err
		}
		e := entry{
			Type: h.Type, Name: string(h.Name), Link: string(h.Link), Size: h.Size, Mode: h.Mode,
			UID: h.UID, GID: h.GID, ModTime: h.ModTime, Major: h.Major, Minor: h.Minor,
		}
		if bodies {
			body, err := io.ReadAll(io.LimitReader(r, maxBody))
			if e.Body = string(body); err != nil {
				return append(entries, e), err
			}
		}
		entries = append(entries, e)
	}
}

func theirs(data []byte, bodies bool) (entries []entry, err error) {
	r := tar.NewReader(bytes.NewReader(data))
	for {
		h, err := r.Next()
		if err != nil {
			return entries, err
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		e := entry{
			Type: h.Typeflag, Name: h.Name, Link: h.Linkname, Size: h.Size, Mode: h.Mode,
			UID: int64(h.Uid), GID: int64(h.Gid), ModTime: h.ModTime.Unix(), Major: h.Devmajor, Minor: h.Devminor,
		}
		if t := h.Typeflag; t >= '1' && t <= '6' {
			e.Size = 0
		}
		if bodies {
			body, err := io.ReadAll(io.LimitReader(r, maxBody))
			if e.Body = string(body); err != nil {
				return append(entries, e), err
			}
		}
		entries = append(entries, e)
	}
}

// compare fails the test unless both readers see the same archive.
func compare(t *testing.T, data []byte) {
	t.Helper()
	for _, bodies := range []bool{true, false} {
		want, wantErr := theirs(data, bodies)
		for name, in := range map[string]safetar.Input{
			"stream":  safetar.FromReader(bytes.NewReader(data)),
			"trickle": safetar.FromReader(iotest.OneByteReader(bytes.NewReader(data))),
			"random":  safetar.FromReaderAt(bytes.NewReader(data), int64(len(data))),
		} {
			if name == "trickle" && len(data) > 10_000 {
				continue
			}
			got, gotErr := ours(in, bodies)
			if errors.Is(gotErr, io.EOF) != errors.Is(wantErr, io.EOF) {
				t.Fatalf("%s, bodies %v: got error %v, archive/tar gives %v", name, bodies, gotErr, wantErr)
			}
			if !errors.Is(gotErr, io.EOF) {
				// How far each gets into a bad entry is its own affair.
				n := min(len(got), len(want))
				got, want = got[:max(n-1, 0)], want[:max(n-1, 0)]
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s, bodies %v (-archive/tar +ours):\n%s", name, bodies, diff)
			}
		}
	}
}

func writeTar(t testing.TB, headers ...*tar.Header) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for i, h := range headers {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := w.Write(bytes.Repeat([]byte{byte('a' + i)}, int(h.Size))); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// samples are archives with each form of header.
func samples(t testing.TB) map[string][]byte {
	long := strings.Repeat("long/", 60) + "name"
	all := map[string][]byte{
		"plain": writeTar(t,
			&tar.Header{Typeflag: tar.TypeDir, Name: "d/", Mode: 0o755, Uid: 1, Gid: 2},
			&tar.Header{Typeflag: tar.TypeReg, Name: "d/empty", Mode: 0o4755},
			&tar.Header{Typeflag: tar.TypeReg, Name: "d/small", Size: 5},
			&tar.Header{Typeflag: tar.TypeReg, Name: "d/block", Size: 512},
			&tar.Header{Typeflag: tar.TypeReg, Name: "d/large", Size: 70_001},
			&tar.Header{Typeflag: tar.TypeSymlink, Name: "s", Linkname: "../x"},
			&tar.Header{Typeflag: tar.TypeLink, Name: "h", Linkname: "d/small"},
			&tar.Header{Typeflag: tar.TypeChar, Name: "c", Devmajor: 1, Devminor: 3},
			&tar.Header{Typeflag: tar.TypeFifo, Name: "f"}),
		"prefix": writeTar(t, &tar.Header{Typeflag: tar.TypeReg, Name: strings.Repeat("p/", 60) + "n", Size: 1, Format: tar.FormatUSTAR}),
		"gnu": writeTar(t,
			&tar.Header{Typeflag: tar.TypeReg, Name: long, Size: 3, Format: tar.FormatGNU},
			&tar.Header{Typeflag: tar.TypeSymlink, Name: "s", Linkname: long, Format: tar.FormatGNU},
			&tar.Header{Typeflag: tar.TypeReg, Name: "big id", Uid: 1 << 30, Format: tar.FormatGNU}),
		"pax": writeTar(t,
			&tar.Header{Typeflag: tar.TypeXGlobalHeader, Name: "g", PAXRecords: map[string]string{"path": "nope", "comment": "c"}},
			&tar.Header{Typeflag: tar.TypeReg, Name: long, Size: 3, Format: tar.FormatPAX, PAXRecords: map[string]string{
				"SCHILY.xattr.security.capability": "\x01\x00\x00\x02", "mtime": "-5.25"}},
			&tar.Header{Typeflag: tar.TypeSymlink, Name: "s", Linkname: long, Format: tar.FormatPAX},
			&tar.Header{Typeflag: tar.TypeReg, Name: "ü", Uid: 1 << 30, Format: tar.FormatPAX}),
		"sparse 0.0": paxSparse(t, "3 2 10 2", "GNU.sparse.size=20", "GNU.sparse.numblocks=2",
			"GNU.sparse.offset=3", "GNU.sparse.numbytes=2", "GNU.sparse.offset=10", "GNU.sparse.numbytes=2"),
		"sparse 0.1": paxSparse(t, "", "GNU.sparse.size=20", "GNU.sparse.numblocks=2", "GNU.sparse.name=real",
			"GNU.sparse.major=0", "GNU.sparse.minor=1", "GNU.sparse.map=3,2,10,2"),
		"sparse 1.0": paxSparse(t, "2\n3\n2\n10\n2\n", "GNU.sparse.realsize=20", "GNU.sparse.name=real",
			"GNU.sparse.major=1", "GNU.sparse.minor=0"),
		"sparse future":       paxSparse(t, "", "GNU.sparse.realsize=20", "GNU.sparse.major=2", "GNU.sparse.minor=0"),
		"sparse old":          oldSparse(4, 0),
		"sparse old extended": oldSparse(4, 30),
	}
	for name, data := range all {
		if name == "plain" {
			v7 := bytes.Clone(data)
			copy(v7[257:265], make([]byte, 8))
			v7[156] = 0
			setChecksum(v7)
			all["v7"] = v7
			star := bytes.Clone(data)
			copy(star[508:512], "tar\x00")
			setChecksum(star)
			all["star"] = star
			break
		}
	}
	return all
}

func setChecksum(b []byte) {
	copy(b[148:156], "        ")
	sum := 0
	for _, c := range b[:512] {
		sum += int(c)
	}
	copy(b[148:156], fmt.Sprintf("%06o\x00 ", sum))
}

// paxSparse is an archive of one sparse file with the records given, whose
// body is a map, padded, and "abcd".
func paxSparse(t testing.TB, sparseMap string, records ...string) []byte {
	t.Helper()
	body := []byte("abcd")
	if strings.Contains(sparseMap, "\n") {
		body = append(append([]byte(sparseMap), make([]byte, 512-len(sparseMap))...), body...)
	}
	var pax []byte
	for _, r := range records {
		n := len(r) + 3
		n += len(fmt.Sprint(n))
		if len(fmt.Sprint(n))+len(r)+2 != n {
			n--
		}
		pax = fmt.Appendf(pax, "%d %s\n", n, r)
	}
	data := raw('x', "pax", int64(len(pax)), pax)
	data = append(data, raw('0', "stored", int64(len(body)), body)...)
	return append(data, make([]byte, 1024)...)
}

// raw is a ustar header with its padded body.
func raw(kind byte, name string, size int64, body []byte) []byte {
	b := make([]byte, 512, 1024+len(body))
	copy(b, name)
	copy(b[100:], "0000644\x000000000\x000000000\x00")
	copy(b[124:], fmt.Sprintf("%011o\x00%011o\x00", size, 0))
	b[156] = kind
	copy(b[257:], "ustar\x0000")
	setChecksum(b)
	b = append(b, body...)
	return append(b, make([]byte, -len(b)&511)...)
}

// oldSparse is an archive of one old GNU sparse file with n fragments in the
// header and more in blocks after it, each of one byte at every tenth.
func oldSparse(n, more int) []byte {
	b := make([]byte, 512)
	copy(b, "sparse")
	copy(b[100:], "0000644\x000000000\x000000000\x00")
	b[156] = 'S'
	copy(b[257:], "ustar  \x00")
	fragment := func(to []byte, i int) { copy(to, fmt.Sprintf("%011o\x00%011o\x00", 10*i+5, 1)) }
	for i := range n {
		fragment(b[386+24*i:], i)
	}
	var extended []byte
	for i := range more {
		if i%21 == 0 {
			if i > 0 {
				extended[len(extended)-8] = 1
			}
			extended = append(extended, make([]byte, 512)...)
			b[482] = 1
		}
		fragment(extended[len(extended)-512+24*(i%21):], n+i)
	}
	copy(b[124:], fmt.Sprintf("%011o\x00%011o\x00", n+more, 0))
	copy(b[483:], fmt.Sprintf("%011o\x00", 10*(n+more)+50))
	setChecksum(b)
	data := append(b, extended...)
	data = append(data, bytes.Repeat([]byte{'x'}, n+more)...)
	return append(data, make([]byte, -len(data)&511+1024)...)
}

func TestSamples(t *testing.T) {
	for name, data := range samples(t) {
		t.Run(name, func(t *testing.T) {
			if got, err := theirs(data, true); !errors.Is(err, io.EOF) || len(got) == 0 {
				t.Fatalf("the sample is no good: %v", err)
			}
			compare(t, data)
		})
	}
}

func TestSparseContent(t *testing.T) {
	for name, data := range samples(t) {
		if !strings.HasPrefix(name, "sparse 0") && name != "sparse 1.0" {
			continue
		}
		got, err := ours(safetar.FromReader(bytes.NewReader(data)), true)
		if !errors.Is(err, io.EOF) || len(got) != 1 {
			t.Fatalf("%s: got %v, %v", name, got, err)
		}
		if want := "\x00\x00\x00ab\x00\x00\x00\x00\x00cd\x00\x00\x00\x00\x00\x00\x00\x00"; got[0].Body != want {
			t.Errorf("%s: got %q, want %q", name, got[0].Body, want)
		}
	}
}

func TestCut(t *testing.T) {
	for name, data := range samples(t) {
		t.Run(name, func(t *testing.T) {
			edge := func(n int) bool { return n&511 <= 1 || n&511 == 511 }
			for n := range data {
				if n%61 == 0 || edge(n) && (n < 10_000 || n%7 == 0) {
					compare(t, data[:n])
				}
			}
		})
	}
}

func TestEnded(t *testing.T) {
	data := samples(t)["plain"]
	body := len(data) - 1024
	for n, want := range map[int]bool{len(data): true, body: false, body + 512: false, 0: false} {
		r := safetar.NewReader(safetar.FromReader(bytes.NewReader(data[:n])))
		var err error
		for err == nil {
			_, err = r.Next()
		}
		if !errors.Is(err, io.EOF) || r.Ended() != want {
			t.Errorf("first %d bytes: got Ended %v, %v, want %v", n, r.Ended(), err, want)
		}
	}
}

func TestRefused(t *testing.T) {
	negative := raw('0', "n", 0, nil)
	copy(negative[124:136], bytes.Repeat([]byte{0xff}, 12))
	setChecksum(negative)
	overflow := raw('0', "n", 0, nil)
	copy(overflow[124:136], append([]byte{0x80}, bytes.Repeat([]byte{0xff}, 11)...))
	setChecksum(overflow)
	checksum := raw('0', "n", 0, nil)
	checksum[3] ^= 1
	afterZeros := append(make([]byte, 512), raw('0', "n", 0, nil)...)
	pax := func(record string) []byte {
		return append(raw('x', "pax", int64(len(record)), []byte(record)), raw('0', "f", 0, nil)...)
	}
	for name, data := range map[string][]byte{
		"negative size":      negative,
		"overflow":           overflow,
		"checksum":           checksum,
		"after zeros":        afterZeros,
		"pax negative size":  pax("11 size=-1\n"),
		"pax length lies":    pax("99 size=1\n"),
		"pax no newline":     pax("10 size=1x"),
		"pax no equals":      pax("7 size\n"),
		"pax NUL in path":    pax("10 path=\x00\n"),
		"pax bad mtime":      pax("11 mtime=x\n"),
		"special too long":   raw('L', "long", 2<<20, make([]byte, 2<<20)),
		"map out of order":   paxSparse(t, "", "GNU.sparse.numbytes=3"),
		"map overlaps":       paxSparse(t, "", "GNU.sparse.size=20", "GNU.sparse.numblocks=2", "GNU.sparse.map=3,2,4,2"),
		"map beyond the end": paxSparse(t, "", "GNU.sparse.size=10", "GNU.sparse.numblocks=1", "GNU.sparse.map=9,2"),
		"map overflows":      paxSparse(t, "", "GNU.sparse.size=10", "GNU.sparse.numblocks=1", "GNU.sparse.map=9223372036854775807,2"),
		"map is short":       paxSparse(t, "", "GNU.sparse.size=10", "GNU.sparse.numblocks=2", "GNU.sparse.map=1,2"),
		"map count is huge":  paxSparse(t, "999999999\n1\n", "GNU.sparse.size=10", "GNU.sparse.major=1", "GNU.sparse.minor=0"),
		"map without data":   paxSparse(t, "", "GNU.sparse.size=20", "GNU.sparse.numblocks=1", "GNU.sparse.map=1,9"),
		"data without map":   paxSparse(t, "", "GNU.sparse.size=20", "GNU.sparse.numblocks=1", "GNU.sparse.map=1,1"),
	} {
		if _, err := ours(safetar.FromReader(bytes.NewReader(data)), true); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%s: got error %v, want one", name, err)
		}
		compare(t, data)
	}
}

func TestPeek(t *testing.T) {
	for name, data := range samples(t) {
		want, _ := theirs(data, true)
		for _, in := range []safetar.Input{
			safetar.FromReader(iotest.HalfReader(bytes.NewReader(data))),
			safetar.FromReader(iotest.OneByteReader(bytes.NewReader(data))),
			safetar.FromReaderAt(bytes.NewReader(data), int64(len(data))),
		} {
			r := safetar.NewReader(in)
			for _, w := range want {
				if _, err := r.Next(); err != nil {
					t.Fatal(err)
				}
				head, err := r.Peek(512)
				if err != nil {
					t.Fatal(err)
				}
				if string(head) != w.Body[:min(512, len(w.Body))] {
					t.Errorf("%s: %s: got head %q", name, w.Name, head)
				}
				body, err := io.ReadAll(io.LimitReader(r, maxBody))
				if err != nil || string(body) != w.Body {
					t.Errorf("%s: %s: body after Peek differs: %v", name, w.Name, err)
				}
			}
		}
	}
}

// A sparse file whose size is a lie costs nothing unless it is read.
func TestSparseBombIsSkipped(t *testing.T) {
	data := paxSparse(t, "", "GNU.sparse.size=9223372036854775807", "GNU.sparse.numblocks=1", "GNU.sparse.map=3,4")
	got, err := ours(safetar.FromReader(bytes.NewReader(data)), false)
	if !errors.Is(err, io.EOF) || len(got) != 1 || got[0].Size != 1<<63-1 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestReadsLittle(t *testing.T) {
	var headers []*tar.Header
	for i := range 100 {
		headers = append(headers, &tar.Header{Typeflag: tar.TypeReg, Name: fmt.Sprint(i), Size: 1 << 20})
	}
	data := writeTar(t, headers...)
	c := &counter{r: bytes.NewReader(data)}
	if got, err := ours(safetar.FromReaderAt(c, int64(len(data))), false); len(got) != 100 {
		t.Fatal(err)
	}
	if c.n > 1<<20 {
		t.Errorf("read %d bytes of %d to list 100 entries", c.n, len(data))
	}
}

type counter struct {
	r io.ReaderAt
	n int
}

func (c *counter) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(p, off)
	c.n += n
	return n, err
}

func FuzzReader(f *testing.F) {
	for _, data := range samples(f) {
		if len(data) < 20_000 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		compare(t, data)
		fixed := bytes.Clone(data)
		for i := 0; i+512 <= len(fixed); i += 512 {
			setChecksum(fixed[i : i+512])
		}
		compare(t, fixed)
	})
}

func BenchmarkHeaders(b *testing.B) {
	var headers []*tar.Header
	for i := range 10_000 {
		headers = append(headers, &tar.Header{
			Typeflag: tar.TypeReg, Name: fmt.Sprintf("usr/share/something/%d/file", i), Size: int64(i % 3000), Mode: 0o644,
		})
	}
	data := writeTar(b, headers...)
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r := safetar.NewReader(safetar.FromReader(bytes.NewReader(data)))
			for {
				if _, err := r.Next(); err != nil {
					break
				}
			}
		}
	})
	b.Run("archive-tar", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r := tar.NewReader(bytes.NewReader(data))
			for {
				if _, err := r.Next(); err != nil {
					break
				}
			}
		}
	})
}
