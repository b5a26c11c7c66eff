package inflate

import (
	"encoding/binary"
	"fmt"
	"io"
)

// block reads a block's header (RFC 1951, 3.2.3) and builds its tables.
func (z *Reader) block() error {
	if z.final {
		z.final = false
		z.align()
		z.state = atTrailer
		return nil
	}
	if err := z.ensure(headerSize); err != nil {
		return err
	}
	z.need()
	z.final = z.take(1) == 1
	var err error
	switch z.take(2) {
	case 0:
		return z.storedHeader()
	case 1:
		err = z.fixed()
	case 2:
		err = z.dynamic()
	default:
		err = fmt.Errorf("%w: unknown block", ErrCorrupt)
	}
	if z.overrun() {
		return io.ErrUnexpectedEOF
	}
	z.state = inHuffman
	return err
}

func (z *Reader) storedHeader() error {
	z.align()
	if z.end-z.ip < 4 {
		return io.ErrUnexpectedEOF
	}
	n, inverse := binary.LittleEndian.Uint16(z.in[z.ip:]), binary.LittleEndian.Uint16(z.in[z.ip+2:])
	z.ip += 4
	if n != ^inverse {
		return fmt.Errorf("%w: stored block's length", ErrCorrupt)
	}
	z.left, z.state = int(n), inStored
	return nil
}

func (z *Reader) stored() error {
	if z.left == 0 {
		z.state = atBlock
		return nil
	}
	if err := z.ensure(1); err != nil {
		return err
	}
	if z.ip == z.end {
		return io.ErrUnexpectedEOF
	}
	n := copy(z.out[z.op:historySize+chunkSize], z.in[z.ip:min(z.end, z.ip+z.left)])
	z.ip += n
	z.op += n
	z.left -= n
	return nil
}

// order is the order in which the lengths of the code length code come.
var order = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// dynamic reads the code lengths of a block (RFC 1951, 3.2.7).
func (z *Reader) dynamic() error {
	z.need()
	nlit, ndist, nlen := int(z.take(5))+257, int(z.take(5))+1, int(z.take(4))+4
	if nlit > 286 || ndist > 30 {
		return fmt.Errorf("%w: too many codes", ErrCorrupt)
	}
	lens := z.lens[:19]
	clear(lens)
	for _, at := range order[:nlen] {
		z.need()
		lens[at] = uint8(z.take(3))
	}
	// The distance table is free yet; it is larger than this code needs.
	if !build(z.dist[:], distBits, lens, preEntries) {
		return fmt.Errorf("%w: code length code", ErrCorrupt)
	}
	lens = z.lens[:nlit+ndist]
	for i := 0; i < len(lens); {
		z.need()
		e := z.dist[z.bits&(1<<distBits-1)]
		if e&exception != 0 {
			return fmt.Errorf("%w: code length code", ErrCorrupt)
		}
		z.take(uint(e & 63))
		n, what := 1, uint8(e>>16)
		switch what {
		case 16:
			if i == 0 {
				return fmt.Errorf("%w: nothing to repeat", ErrCorrupt)
			}
			n, what = 3+int(z.take(2)), lens[i-1]
		case 17:
			n, what = 3+int(z.take(3)), 0
		case 18:
			n, what = 11+int(z.take(7)), 0
		}
		if i+n > len(lens) {
			return fmt.Errorf("%w: too many code lengths", ErrCorrupt)
		}
		for range n {
			lens[i] = what
			i++
		}
		if z.overrun() {
			return io.ErrUnexpectedEOF
		}
	}
	if !build(z.lit[:], litBits, lens[:nlit], litEntries) || !build(z.dist[:], distBits, lens[nlit:], distEntries) {
		return fmt.Errorf("%w: codes", ErrCorrupt)
	}
	return nil
}

// fixed sets the codes of blocks that bring none (RFC 1951, 3.2.6).
func (z *Reader) fixed() error {
	lens := z.lens[:maxLit]
	for i := range lens {
		switch {
		case i < 144:
			lens[i] = 8
		case i < 256:
			lens[i] = 9
		case i < 280:
			lens[i] = 7
		default:
			lens[i] = 8
		}
	}
	ok := build(z.lit[:], litBits, lens, litEntries)
	lens = z.lens[:maxDist]
	for i := range lens {
		lens[i] = 5
	}
	if !ok || !build(z.dist[:], distBits, lens, distEntries) {
		return fmt.Errorf("%w: codes", ErrCorrupt)
	}
	return nil
}
