package netpol

import (
	"encoding/binary"
	"iter"
	"math/bits"
)

// bitset is a set of small numbers.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

func (b bitset) set(i int)      { b[i/64] |= 1 << (i % 64) }
func (b bitset) has(i int) bool { return b[i/64]&(1<<(i%64)) != 0 }

// and writes what is in both into dst and reports whether it is anything.
func (b bitset) and(c, dst bitset) bool {
	var any uint64
	for i := range b {
		dst[i] = b[i] & c[i]
		any |= dst[i]
	}
	return any != 0
}

// all yields the numbers in the set in order.
func (b bitset) all() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, w := range b {
			for ; w != 0; w &= w - 1 {
				if !yield(i*64 + bits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}

// key appends the set's bytes.
func (b bitset) key(dst []byte) []byte {
	for _, w := range b {
		dst = binary.LittleEndian.AppendUint64(dst, w)
	}
	return dst
}
