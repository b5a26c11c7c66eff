// Package inflate reads gzip (RFC 1952) faster than the libraries do, since
// inflating is most of what reading an image costs. [Reader] is an [io.Reader]
// of any number of members in a row. It accepts what compress/gzip accepts
// and gives the same bytes; a fuzz test holds it to that.
//
// It is fast because it looks at 64 bits at a time, finds most symbols with
// one look into a table that stays in the first-level cache, and copies
// matches in words within one window. It is safe Go throughout: a table or a
// distance that is wrong is an error, never a read outside the window.
package inflate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// ErrCorrupt is given for data that is not DEFLATE, or whose checksum or
// length is not that of what came out.
var ErrCorrupt = errors.New("corrupt data")

// ErrHeader is given where a gzip member should start and does not.
var ErrHeader = errors.New("invalid gzip header")

const (
	historySize = 32 << 10
	chunkSize   = 128 << 10
	// slack is what one step may write beyond the chunk: three literals, a
	// match of 258, and the rest of the word that its end is in.
	slack     = 3 + 258 + 16
	inputSize = 64 << 10
	// headerSize is more than the longest header of a block takes.
	headerSize = 1 << 10
	// padding zeros after the last input let the bit buffer be filled in
	// words, a few of them beyond the end, before the end is noticed.
	padding = 64
)

// state is what comes next in the stream.
type state uint8

const (
	atMember  state = iota // a gzip header
	atBlock                // a block's header
	inStored               // bytes of a stored block
	inHuffman              // symbols of a compressed block
	atTrailer              // a member's checksum and length
)

// Reader inflates gzip.
type Reader struct {
	src   io.Reader
	err   error // sticky
	state state
	final bool // the block is the member's last
	first bool // no member was read yet
	left  int  // of a stored block

	in    []byte // inputSize and padding
	ip    int    // next byte of in
	end   int    // of what was read into in
	eof   bool   // src has no more
	bits  uint64 // read ahead; more bits than nbits says may be right
	nbits uint

	out  []byte
	op   int    // end of what was inflated
	rp   int    // start of what was not given out
	base int    // start of the member's output, as far as it is still there
	sum  uint32 // CRC-32 of the member's output before cp
	cp   int
	size uint32 // of the member's output before cp

	lit  litTable
	dist distTable
	lens [maxLit + maxDist]uint8
}

// NewReader returns a reader of what r holds compressed. It reads ahead.
func NewReader(r io.Reader) *Reader {
	z := &Reader{in: make([]byte, inputSize+padding), out: make([]byte, historySize+chunkSize+slack)}
	z.Reset(r)
	return z
}

// Reset makes z read from r, as new.
func (z *Reader) Reset(r io.Reader) {
	z.src, z.err, z.state, z.first = r, nil, atMember, true
	z.ip, z.end, z.eof, z.bits, z.nbits = 0, 0, false, 0, 0
	z.op, z.rp, z.cp, z.base = 0, 0, 0, 0
}

// Read gives inflated bytes.
func (z *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for z.rp == z.op {
		if z.err != nil {
			return 0, z.err
		}
		z.slide()
		z.err = z.inflate()
	}
	n := copy(p, z.out[z.rp:z.op])
	z.rp += n
	return n, nil
}

// slide makes room for a chunk; what was given out is needed as history only.
func (z *Reader) slide() {
	z.check()
	if n := z.op - historySize; n > 0 {
		copy(z.out, z.out[n:z.op])
		z.op, z.base = historySize, max(z.base-n, 0)
	}
	z.rp, z.cp = z.op, z.op
}

// check takes what was inflated since into the member's checksum.
func (z *Reader) check() {
	z.sum = crc32.Update(z.sum, crc32.IEEETable, z.out[z.cp:z.op])
	z.size += uint32(z.op - z.cp)
	z.cp = z.op
}

// inflate fills the chunk, as far as there is input.
func (z *Reader) inflate() error {
	for z.op < historySize+chunkSize {
		var err error
		switch z.state {
		case atMember:
			err = z.member()
		case atBlock:
			err = z.block()
		case inStored:
			err = z.stored()
		case inHuffman:
			err = z.huffman()
		case atTrailer:
			err = z.trailer()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fill reads more input behind what is left of it.
func (z *Reader) fill() error {
	if z.eof {
		return nil
	}
	// The bytes before ip may have to be put back by align.
	start := max(z.ip-8, 0)
	copy(z.in, z.in[start:z.end])
	z.end -= start
	z.ip -= start
	n, err := io.ReadAtLeast(z.src, z.in[z.end:inputSize], 1)
	z.end += n
	if err != nil {
		if !errors.Is(err, io.EOF) {
			return err
		}
		z.eof = true
		clear(z.in[z.end : z.end+padding])
	}
	return nil
}

// ensure reads input until n bytes are there, or the end.
func (z *Reader) ensure(n int) error {
	for z.end-z.ip < n && !z.eof {
		if err := z.fill(); err != nil {
			return err
		}
	}
	return nil
}

// align gives up the bits of the current byte and puts whole bytes that were
// read ahead back.
func (z *Reader) align() {
	z.ip -= int(z.nbits / 8)
	z.bits, z.nbits = 0, 0
}

// overrun says whether more bits were used than there are.
func (z *Reader) overrun() bool { return z.eof && z.ip-int(z.nbits/8) > z.end }

// need makes at least 32 bits available; input must have been ensured.
func (z *Reader) need() {
	if z.nbits < 32 {
		z.bits |= binary.LittleEndian.Uint64(z.in[z.ip:]) << (z.nbits & 63)
		z.ip += int((63 - z.nbits) >> 3)
		z.nbits |= 56
	}
}

// take consumes n of the bits made available.
func (z *Reader) take(n uint) uint {
	v := uint(z.bits & (1<<(n&63) - 1))
	z.bits >>= n & 63
	z.nbits -= n
	return v
}

// trailer checks a member's checksum and length against its output.
func (z *Reader) trailer() error {
	if err := z.ensure(8); err != nil {
		return err
	}
	if z.end-z.ip < 8 {
		return io.ErrUnexpectedEOF
	}
	z.check()
	sum, size := binary.LittleEndian.Uint32(z.in[z.ip:]), binary.LittleEndian.Uint32(z.in[z.ip+4:])
	z.ip += 8
	if sum != z.sum || size != z.size {
		return fmt.Errorf("%w: checksum or length is wrong", ErrCorrupt)
	}
	z.state = atMember
	return nil
}

// The flags of a member's header (RFC 1952, 2.3.1).
const (
	flagHCRC    = 1 << 1
	flagExtra   = 1 << 2
	flagName    = 1 << 3
	flagComment = 1 << 4
)

// member reads a member's header. The end of input is a good end here, but
// not before the first member.
func (z *Reader) member() error {
	if err := z.ensure(10); err != nil {
		return err
	}
	head := z.in[z.ip:z.end]
	switch {
	case len(head) == 0 && !z.first:
		return io.EOF
	case len(head) < 10:
		if len(head) > 1 && (head[0] != 0x1f || head[1] != 0x8b) {
			return ErrHeader
		}
		return io.ErrUnexpectedEOF
	case head[0] != 0x1f || head[1] != 0x8b || head[2] != 8:
		return ErrHeader
	}
	z.first = false
	flags := head[3]
	sum := crc32.ChecksumIEEE(head[:10])
	z.ip += 10
	if flags&flagExtra != 0 {
		size, err := z.skip(&sum, 2, false)
		if err != nil {
			return err
		}
		if _, err := z.skip(&sum, size, false); err != nil {
			return err
		}
	}
	for _, text := range []byte{flagName, flagComment} {
		if flags&text == 0 {
			continue
		}
		// compress/gzip takes no longer ones either.
		if _, err := z.skip(&sum, 512, true); err != nil {
			return err
		}
	}
	if flags&flagHCRC != 0 {
		want := uint16(sum)
		got, err := z.skip(&sum, 2, false)
		if err != nil {
			return err
		}
		if got != int(want) {
			return ErrHeader
		}
	}
	z.sum, z.size, z.base = 0, 0, z.op
	z.check()
	z.sum, z.size = 0, 0
	z.state = atBlock
	return nil
}

// skip passes over n bytes of a header, or a text of less than n bytes that
// ends in a zero byte. It returns the first two bytes as a number.
func (z *Reader) skip(sum *uint32, n int, text bool) (int, error) {
	first := 0
	for i := range n {
		if err := z.ensure(1); err != nil {
			return 0, err
		}
		if z.ip == z.end {
			return 0, io.ErrUnexpectedEOF
		}
		b := z.in[z.ip]
		*sum = crc32.Update(*sum, crc32.IEEETable, z.in[z.ip:z.ip+1])
		z.ip++
		if i < 2 {
			first |= int(b) << (8 * i)
		}
		if text && b == 0 {
			return first, nil
		}
	}
	if text {
		return 0, ErrHeader
	}
	return first, nil
}
