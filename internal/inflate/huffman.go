package inflate

import (
	"encoding/binary"
	"fmt"
	"io"
)

// huffman inflates symbols until the block ends, the chunk is full or there
// is no more input. One round takes up to three literals, or up to one
// literal and a match, and never more than the 56 bits that it starts with.
func (z *Reader) huffman() error {
	if z.end-z.ip < 64 && !z.eof {
		if err := z.fill(); err != nil {
			return err
		}
	}
	in, out := z.in, z.out
	ip, op := z.ip, z.op
	bits, nbits := z.bits, z.nbits
	lit, dist := &z.lit, &z.dist
	base := z.base
	stop := z.end - 8
	if z.eof {
		stop = z.end + 8
	}
	const full = historySize + chunkSize
	var bad string
	for op < full && ip <= stop {
		bits |= binary.LittleEndian.Uint64(in[ip:]) << (nbits & 63)
		ip += int((63 - nbits) >> 3)
		nbits |= 56

		e := lit[bits&(1<<litBits-1)]
		if e&literal != 0 {
			bits >>= e & 63
			nbits -= uint(e & 63)
			out[op] = byte(e >> 16)
			op++
			e = lit[bits&(1<<litBits-1)]
			if e&literal != 0 {
				bits >>= e & 63
				nbits -= uint(e & 63)
				out[op] = byte(e >> 16)
				op++
				e = lit[bits&(1<<litBits-1)]
				if e&literal != 0 {
					bits >>= e & 63
					nbits -= uint(e & 63)
					out[op] = byte(e >> 16)
					op++
					continue
				}
			}
			// What a match takes may be more than what is left.
			if nbits < 48 {
				bits |= binary.LittleEndian.Uint64(in[ip:]) << (nbits & 63)
				ip += int((63 - nbits) >> 3)
				nbits |= 56
			}
		}
		if e&exception != 0 {
			if e&subtable != 0 {
				bits >>= litBits
				nbits -= litBits
				e = lit[(e>>16+uint32(bits)&(1<<(e>>8&15)-1))&(litSize-1)]
			}
			if e&literal != 0 {
				bits >>= e & 63
				nbits -= uint(e & 63)
				out[op] = byte(e >> 16)
				op++
				continue
			}
			if e&exception != 0 {
				if e&endBlock == 0 {
					bad = "no such code"
					break
				}
				bits >>= e & 63
				nbits -= uint(e & 63)
				z.state = atBlock
				break
			}
		}
		length := int(e>>16) + int(bits&(1<<(e&63)-1)>>(e>>8&15))
		bits >>= e & 63
		nbits -= uint(e & 63)

		e = dist[bits&(1<<distBits-1)]
		if e&exception != 0 {
			if e&subtable != 0 {
				bits >>= distBits
				nbits -= distBits
				e = dist[(e>>16+uint32(bits)&(1<<(e>>8&15)-1))&(distSize-1)]
			}
			if e&exception != 0 {
				bad = "no such distance code"
				break
			}
		}
		d := int(e>>16) + int(bits&(1<<(e&63)-1)>>(e>>8&15))
		bits >>= e & 63
		nbits -= uint(e & 63)
		if d > op-base {
			bad = "distance before the start"
			break
		}
		op = match(out, op, d, length)
	}
	z.ip, z.op, z.bits, z.nbits = ip, op, bits, nbits
	switch {
	case z.overrun():
		return io.ErrUnexpectedEOF
	case bad != "":
		return fmt.Errorf("%w: %s", ErrCorrupt, bad)
	case z.eof && z.state == inHuffman && ip > stop:
		return io.ErrUnexpectedEOF
	}
	return nil
}

// match copies length bytes from d before op to op, and returns their end. It
// may write up to 15 bytes more.
func match(out []byte, op, d, length int) int {
	end := op + length
	from := op - d
	switch {
	case d >= 16:
		for {
			*(*[16]byte)(out[op:]) = *(*[16]byte)(out[from:])
			if op += 16; op >= end {
				return end
			}
			from += 16
		}
	case d >= 8:
		for {
			*(*[8]byte)(out[op:]) = *(*[8]byte)(out[from:])
			if op += 8; op >= end {
				return end
			}
			from += 8
		}
	case d == 1:
		word := uint64(out[from]) * 0x0101010101010101
		for {
			binary.LittleEndian.PutUint64(out[op:], word)
			if op += 8; op >= end {
				return end
			}
		}
	}
	for op < end {
		out[op] = out[from]
		op++
		from++
	}
	return end
}
