package inflate

import "math/bits"

const (
	maxLit  = 288
	maxDist = 32
	maxLen  = 15 // bits of a code

	litBits  = 11 // looked up at once
	distBits = 9
	litSize  = 4096 // the table and the subtables behind it; a power of two
	distSize = 1024
)

// Tables are indexed by the next bits. Codes that are longer than the first
// look lead to a subtable. An entry is
//
//	literal       bit 31, byte << 16, length of the code
//	length, dist  base << 16, length of the code << 8, that plus the extra bits
//	subtable      exception, subtable, index << 16, its bits << 8, bits of the table
//	end of block  exception, end, length of the code
//	no code       exception
//
// In a subtable the length of the code is what is left of it.
type (
	litTable  [litSize]uint32
	distTable [distSize]uint32
)

const (
	literal   = 1 << 31
	exception = 1 << 15
	subtable  = 1 << 14
	endBlock  = 1 << 13
)

// Base values and extra bits of lengths (RFC 1951, 3.2.5).
var (
	lengthBase = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthBits = [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
)

// The entries of the symbols of each alphabet, but for the codes' lengths.
var (
	litEntries  = entries(maxLit, litEntry)
	distEntries = entries(maxDist, distEntry)
	preEntries  = entries(19, func(symbol int) uint32 { return uint32(symbol) << 16 })
)

func entries(n int, entry func(int) uint32) []uint32 {
	all := make([]uint32, n)
	for symbol := range all {
		all[symbol] = entry(symbol)
	}
	return all
}

func litEntry(symbol int) uint32 {
	switch {
	case symbol < 256:
		return literal | uint32(symbol)<<16
	case symbol == 256:
		return exception | endBlock
	case symbol < 286:
		return uint32(lengthBase[symbol-257])<<16 | uint32(lengthBits[symbol-257])
	}
	return exception
}

func distEntry(symbol int) uint32 {
	switch {
	case symbol < 4:
		return uint32(symbol+1) << 16
	case symbol < 30:
		extra := uint32(symbol/2 - 1)
		return (uint32(2+symbol&1)<<extra+1)<<16 | extra
	}
	return exception
}

// build makes the table of a canonical code from its symbols' lengths and
// entries. It is false for lengths that are no prefix code. Two shapes are no
// full code and allowed all the same: a single code of one bit, and none at
// all, which must then not be used.
func build(t []uint32, tableBits uint, lens []uint8, entries []uint32) bool {
	var count, at [maxLen + 2]uint
	for _, n := range lens {
		count[n]++
	}
	count[0] = 0
	code, longest := uint(0), uint(0)
	for n := uint(1); n <= maxLen; n++ {
		code = code<<1 + count[n]
		at[n+1] = at[n] + count[n]
		if count[n] > 0 {
			longest = n
		}
		if code > 1<<n {
			return false
		}
	}
	if code != 1<<maxLen {
		if longest > 1 || count[1] > 1 {
			return false
		}
		for i := range t[:1<<tableBits] {
			t[i] = exception
		}
	}
	var sorted [maxLit]uint16
	for symbol, n := range lens {
		if n > 0 {
			sorted[at[n]%maxLit] = uint16(symbol)
			at[n]++
		}
	}
	return fill(t, tableBits, sorted[:at[maxLen]], lens, entries, &count)
}

// fill writes the entries of the symbols, which are in the order of their
// codes: count of them for each length.
func fill(t []uint32, tableBits uint, sorted []uint16, lens []uint8, entries []uint32, count *[maxLen + 2]uint) bool {
	code, length := uint(0), uint(0)
	free := uint(1) << tableBits // where the next subtable goes
	var sub []uint32
	prefix, subBits := ^uint(0), uint(0)
	for _, symbol := range sorted {
		n := uint(lens[symbol])
		code <<= n - length
		length = n
		// The bits of a code come first bit first.
		reversed := uint(bits.Reverse16(uint16(code))) >> (16 - n)
		code++
		if n <= tableBits {
			e := entries[symbol] + uint32(n)<<8 + uint32(n)
			for i := reversed; i < 1<<tableBits; i += 1 << n {
				t[i] = e
			}
			count[n]--
			continue
		}
		if low := reversed & (1<<tableBits - 1); low != prefix {
			prefix = low
			// As many bits as the codes with these first bits need: they are
			// the next ones, until the room is full.
			subBits = n - tableBits
			for used := count[n]; used < 1<<subBits && tableBits+subBits < maxLen; {
				subBits++
				used = used<<1 + count[tableBits+subBits]
			}
			if free+1<<subBits > uint(len(t)) {
				return false
			}
			sub = t[free:][:1<<subBits]
			t[low] = exception | subtable | uint32(free)<<16 | uint32(subBits)<<8 | uint32(tableBits)
			free += 1 << subBits
		}
		count[n]--
		left := n - tableBits
		e := entries[symbol] + uint32(left)<<8 + uint32(left)
		for i := reversed >> tableBits; i < 1<<subBits; i += 1 << left {
			sub[i] = e
		}
	}
	return true
}
