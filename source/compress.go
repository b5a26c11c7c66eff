package source

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/internal/unxz"
)

// compression is how a whole file is compressed, told by its first bytes.
type compression uint8

const (
	plain compression = iota
	gzipped
	zstandard
	bzipped
	xzed
	unsupported
)

var errCompression = errors.New("compressed with lz4, which is not read: decompress it first")

// maxWindow is the largest zstd window that is decoded: what the zstd
// command allows itself.
const maxWindow = 128 << 20

func sniffCompression(head []byte) compression {
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return gzipped
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")), len(head) >= 4 && head[0]&0xf0 == 0x50 && string(head[1:4]) == "\x2a\x4d\x18":
		return zstandard
	case len(head) >= 10 && bytes.HasPrefix(head, []byte("BZh")) && string(head[4:10]) == "1AY&SY":
		return bzipped
	case unxz.Is(head):
		return xzed
	case bytes.HasPrefix(head, []byte("\x04\x22\x4d\x18")):
		return unsupported
	}
	return plain
}

// decompress gives what r holds. The caller calls done afterwards.
func (o *opener) decompress(r io.Reader, how compression) (plainly io.Reader, done func(), err error) {
	in := &meter{r: r}
	switch how {
	case gzipped:
		z, err := gzip.NewReader(bufio.NewReaderSize(in, 64<<10))
		if err != nil {
			return nil, nil, err
		}
		return &inflated{r: z, in: in, limits: o.Limits}, func() {}, nil
	case zstandard:
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, err
		}
		return &inflated{r: z, in: in, limits: o.Limits}, z.Close, nil
	case bzipped:
		return &inflated{r: bzip2.NewReader(in), in: in, limits: o.Limits}, func() {}, nil
	case xzed:
		return &inflated{r: unxz.NewReader(bufio.NewReaderSize(in, 64<<10)), in: in, limits: o.Limits}, func() {}, nil
	case unsupported:
		return nil, nil, errCompression
	}
	return r, func() {}, nil
}

type meter struct {
	r io.Reader
	n int64
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.n += int64(n)
	return n, err
}

// inflated ends a stream that grows out of proportion.
type inflated struct {
	r      io.Reader
	in     *meter
	out    int64
	limits limit.Limits
}

// honest is how much may be inflated before the ratio counts.
const honest = 64 << 20

func (i *inflated) Read(p []byte) (int, error) {
	n, err := i.r.Read(p)
	i.out += int64(n)
	if max := i.limits.TotalBytes; max > 0 && i.out > max {
		return 0, &limit.Error{What: "inflated archive", Max: max, Unit: "bytes", Flag: "--max-total-bytes"}
	}
	if max := i.limits.Ratio; max > 0 && i.out > honest && i.out/max > i.in.n {
		return 0, &limit.Error{What: "inflated archive", Max: max, Unit: "bytes for each stored one", Flag: "--max-ratio"}
	}
	if errors.Is(err, io.EOF) {
		return n, io.EOF
	}
	return n, err
}
