// Package safetar reads tar archives that nobody vouches for: one entry after
// the other, without a name, a size or a map that the archive chose ever
// deciding how much memory is used. [Reader] is the walker; it takes its bytes
// from an [Input], which may be able to skip.
//
// It reads what archive/tar reads (V7, ustar, PAX, GNU and star headers, GNU
// sparse files in all four forms) and gives the same entries, because that is
// what container runtimes unpack with; it allocates nothing per entry. Global
// PAX headers are checked and passed over, as runtimes do. It does not judge
// names: they come as they are stored.
package safetar

import (
	"errors"
	"fmt"
	"io"
)

// The types of entries that have a meaning of their own. Every other type is
// given as it is stored, and has a body as regular files have.
const (
	Regular   = '0'
	HardLink  = '1'
	Symlink   = '2'
	CharDev   = '3'
	BlockDev  = '4'
	Directory = '5'
	FIFO      = '6'
	Contig    = '7' // POSIX: treat as a regular file
	GNUSparse = 'S' // an old GNU sparse file; also a regular file
)

const (
	blockSize  = 512
	maxSpecial = 1 << 20 // of a PAX header, a GNU long name or a sparse map
)

// ErrHeader is given for a header that is none, or contradicts itself.
var ErrHeader = errors.New("invalid tar header")

// ErrSparse is given when a sparse file's map and its stored data disagree.
var ErrSparse = errors.New("tar: sparse map and stored data disagree")

// Header describes an entry. It is only valid until the next call of
// [Reader.Next]; clone what is to stay.
type Header struct {
	Type    byte
	Name    []byte // as stored
	Link    []byte // target, of links
	Size    int64  // of the content, holes included; 0 for what has no body
	Mode    int64
	UID     int64
	GID     int64
	ModTime int64 // seconds since 1970
	Major   int64 // of devices
	Minor   int64

	// Offset is where the stored content starts in the archive, and Stored is
	// its length. They say where the content itself is unless Sparse is true.
	Offset int64
	Stored int64
	Sparse bool
}

// HasBody says whether entries of the header's type have content.
func (h *Header) HasBody() bool {
	switch h.Type {
	case HardLink, Symlink, CharDev, BlockDev, Directory, FIFO:
		return false
	}
	return true
}

// Input gives an archive's bytes in order.
type Input interface {
	// Next gives at least one more byte, valid until the call after, or
	// [io.EOF] at the end. want is how many bytes the reader is sure to need.
	Next(want int64) ([]byte, error)

	// Skip passes over the next n bytes if it can do so without reading
	// them, and returns how many it passed over; 0 is always right.
	// Passing over more than there is gives [io.ErrUnexpectedEOF].
	Skip(n int64) (int64, error)
}

// Reader walks an archive.
type Reader struct {
	in  Input
	buf []byte // what the input gave and is not consumed
	pos int64  // offset of buf in the archive

	h     Header
	left  int64 // stored bytes of the current body that are not consumed
	pad   int64 // zero bytes after them
	holes sparse
	ended bool // the end marker was there
	err   error

	block  [blockSize]byte
	head   []byte // what Peek took out of a sparse file
	replay []byte // what Piece has to give again
	name   []byte
	link   []byte
	joined []byte // ustar prefix and name
	pax    paxRecords
}

// NewReader returns a reader for the archive that in gives.
func NewReader(in Input) *Reader { return &Reader{in: in} }

// Ended says whether the archive's end marker was seen. An archive that stops
// without it where a header could be is not an error to most readers, but it
// may have been cut there.
func (r *Reader) Ended() bool { return r.ended }

// Offset is the place in the archive up to which bytes were consumed.
func (r *Reader) Offset() int64 { return r.pos }

// Next goes to the next entry. It gives [io.EOF] at the end of the archive
// and [io.ErrUnexpectedEOF] when the archive is cut inside an entry.
func (r *Reader) Next() (*Header, error) {
	if r.err != nil {
		return nil, r.err
	}
	if r.err = r.next(); r.err != nil {
		return nil, r.err
	}
	return &r.h, nil
}

// next reads headers until one is an entry's.
func (r *Reader) next() error {
	var longName, longLink bool
	r.pax.reset()
	for {
		if err := r.leave(); err != nil {
			return err
		}
		block, err := r.header()
		if err != nil {
			return err
		}
		at := r.pos - blockSize
		if err := r.parse(block); err != nil {
			return fmt.Errorf("at offset %d: %w", at, err)
		}
		switch r.h.Type {
		case 'x', 'g':
			err = r.readPAX()
			if r.h.Type == 'g' {
				// As in archive/tar: a global header ends what came before it.
				r.pax.reset()
				longName, longLink = false, false
			}
		case 'L':
			r.name, err = r.readLong(r.name)
			longName = len(r.name) > 0
		case 'K':
			r.link, err = r.readLong(r.link)
			longLink = len(r.link) > 0
		default:
			if err := r.finish(block, longName, longLink); err != nil {
				return fmt.Errorf("at offset %d: %w", at, err)
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("at offset %d: %w", at, err)
		}
	}
}

// finish applies to the header in r.h what the headers before it said.
func (r *Reader) finish(block []byte, longName, longLink bool) error {
	h := &r.h
	if err := r.pax.apply(h); err != nil {
		return err
	}
	if longName {
		h.Name = r.name
	} else {
		r.name = append(r.name[:0], h.Name...)
		h.Name = r.name
	}
	if longLink {
		h.Link = r.link
	} else {
		r.link = append(r.link[:0], h.Link...)
		h.Link = r.link
	}
	if h.Type == 0 {
		h.Type = Regular
		if n := len(h.Name); n > 0 && h.Name[n-1] == '/' {
			h.Type = Directory // V7 has no other way to say so
		}
	}
	if err := r.enter(); err != nil {
		return err
	}
	if err := r.mapHoles(block); err != nil {
		return err
	}
	h.Offset, h.Stored = r.pos, r.left
	return nil
}

// enter sets the body's bounds by the header in r.h.
func (r *Reader) enter() error {
	if !r.h.HasBody() {
		r.h.Size = 0
	}
	if r.h.Size < 0 {
		return fmt.Errorf("%w: negative size", ErrHeader)
	}
	r.left = r.h.Size
	r.pad = -r.h.Size & (blockSize - 1)
	r.holes.on = false
	r.replay = nil
	return nil
}

// leave consumes the rest of the current body.
func (r *Reader) leave() error {
	if err := r.skip(r.left); err != nil {
		return err
	}
	r.left = 0
	pad := r.pad
	r.pad = 0
	for pad > 0 {
		if len(r.buf) == 0 {
			if err := r.fill(pad); err != nil {
				return err // EOF: a last body without its padding
			}
		}
		n := min(pad, int64(len(r.buf)))
		r.consume(int(n))
		pad -= n
	}
	return nil
}

func (r *Reader) skip(n int64) error {
	for n > 0 {
		if len(r.buf) == 0 {
			skipped, err := r.in.Skip(n)
			if err != nil {
				return err
			}
			r.pos += skipped
			if n -= skipped; n == 0 {
				return nil
			}
			if err := r.fill(n); err != nil {
				return unexpected(err)
			}
		}
		k := min(n, int64(len(r.buf)))
		r.consume(int(k))
		n -= k
	}
	return nil
}

// header gives the next header block, or io.EOF at the end of the archive.
func (r *Reader) header() ([]byte, error) {
	block, err := r.take(blockSize)
	if err != nil || !allZero(block) {
		return block, err
	}
	block, err = r.take(blockSize)
	if err != nil {
		return nil, err
	}
	if !allZero(block) {
		return nil, fmt.Errorf("at offset %d: %w: it follows a block of zeros", r.pos-blockSize, ErrHeader)
	}
	r.ended = true
	return nil, io.EOF
}

// take consumes n bytes, at most a block, and gives them in one piece that is
// valid until more bytes are needed. It gives io.EOF when there is not one.
func (r *Reader) take(n int) ([]byte, error) {
	if len(r.buf) >= n {
		b := r.buf[:n]
		r.consume(n)
		return b, nil
	}
	b := r.block[:n]
	for have := 0; have < n; {
		if len(r.buf) == 0 {
			if err := r.fill(int64(n - have)); err != nil {
				if have > 0 {
					err = unexpected(err)
				}
				return nil, err
			}
			if have == 0 && len(r.buf) >= n {
				return r.take(n)
			}
		}
		k := copy(b[have:], r.buf)
		r.consume(k)
		have += k
	}
	return b, nil
}

func (r *Reader) fill(want int64) (err error) {
	r.buf, err = r.in.Next(want)
	return err
}

func (r *Reader) consume(n int) {
	r.buf = r.buf[n:]
	r.pos += int64(n)
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
