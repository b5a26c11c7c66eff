package layer

import (
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/boltseal/boltseal/internal/inflate"
	"github.com/boltseal/boltseal/internal/unxz"
)

// format is how a blob is compressed. It is told by the first bytes: media
// types lie, and Docker's archives do not have any.
type format uint8

const (
	plain format = iota
	gzipped
	zstandard
	xzed // Docker has always taken these two, though no image format allows them
	bzipped
)

func (f format) String() string { return [...]string{"tar", "gzip", "zstd", "xz", "bzip2"}[f] }

// maxWindow is the largest zstd window that is decoded. It is what the zstd
// command allows itself; the decoder holds about as much in memory.
const maxWindow = 128 << 20

// sniff tells a blob's format by its first bytes, of which there should be
// at least 6 unless the blob is shorter.
func sniff(head []byte) (format, error) {
	for _, known := range []struct{ magic, name string }{
		{"\x04\x22\x4d\x18", "lz4"}, {"LZIP", "lzip"},
	} {
		if bytes.HasPrefix(head, []byte(known.magic)) {
			return plain, fmt.Errorf("compressed with %s, which no image format allows", known.name)
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return gzipped, nil
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		return zstandard, nil
	case len(head) >= 4 && head[0]&0xf0 == 0x50 && string(head[1:4]) == "\x2a\x4d\x18":
		return zstandard, nil // a skippable frame comes first
	case unxz.Is(head):
		return xzed, nil
	case bytes.HasPrefix(head, []byte("BZh")):
		return bzipped, nil
	}
	return plain, nil
}

// decoders are kept from one layer to the next, since their tables and
// windows are most of what a small layer costs.
type decoders struct {
	gzip chan *inflate.Reader
	zstd chan *zstd.Decoder
}

func newDecoders(jobs int) *decoders {
	return &decoders{gzip: make(chan *inflate.Reader, jobs), zstd: make(chan *zstd.Decoder, jobs)}
}

// decoded reads what from holds compressed. The decoder is opened by the
// goroutine that reads, since opening one reads already.
type decoded struct {
	codecs *decoders
	format format
	from   io.Reader
	gzip   *inflate.Reader
	zstd   *zstd.Decoder
	other  io.Reader
}

func (d *decoders) decode(f format, from io.Reader) *decoded {
	return &decoded{codecs: d, format: f, from: from}
}

// Read inflates.
func (d *decoded) Read(p []byte) (n int, err error) {
	switch {
	case d.gzip != nil:
		n, err = d.gzip.Read(p)
	case d.zstd != nil:
		n, err = d.zstd.Read(p)
	case d.other != nil:
		n, err = d.other.Read(p)
	default:
		if err := d.open(); err != nil {
			return 0, fmt.Errorf("%s: %w", d.format, unexpected(err))
		}
		return d.Read(p)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%s: %w", d.format, err)
	}
	return n, err
}

func (d *decoded) open() (err error) {
	switch d.format {
	case xzed:
		d.other = unxz.NewReader(d.from)
		return nil
	case bzipped:
		d.other = bzip2.NewReader(d.from)
		return nil
	case gzipped:
		select {
		case d.gzip = <-d.codecs.gzip:
			d.gzip.Reset(d.from)
		default:
			d.gzip = inflate.NewReader(d.from)
		}
		return nil
	}
	select {
	case d.zstd = <-d.codecs.zstd:
		return d.zstd.Reset(d.from)
	default:
		d.zstd, err = zstd.NewReader(d.from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxWindow))
		return err
	}
}

// done gives the decoder back; nothing may read any more.
func (d *decoded) done() {
	if d == nil {
		return
	}
	if d.gzip != nil {
		select {
		case d.codecs.gzip <- d.gzip:
		default:
		}
	}
	if d.zstd != nil {
		_ = d.zstd.Reset(nil) // lets go of the input; the error only says so
		select {
		case d.codecs.zstd <- d.zstd:
		default:
			d.zstd.Close()
		}
	}
}

// close frees the decoders that are not in use.
func (d *decoders) close() {
	for {
		select {
		case z := <-d.zstd:
			z.Close()
		default:
			return
		}
	}
}

// unexpected is err, but an end of input where there must be more.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
