package signature

// leastText and mostText bound the texts that are looked for: the longer the
// shortest is, the more bytes the filter may leap over.
const (
	leastText = 11
	mostText  = 64
)

// keyword is one text to look for and whose it is.
type keyword struct {
	text      string
	signature int
	need      int // which of its needs, or -1 for an anchor
}

// filter finds many texts in one pass that looks at a fraction of the bytes
// (Wu and Manber, "A fast algorithm for multi-pattern searching", 1994). Only
// the first leastText bytes of each are hashed, three at a time; what they
// lead to is compared.
type filter struct {
	leap     [1 << 14]uint8
	keywords []keyword
	from     map[uint16][]int // hash of the last three of the hashed bytes → keywords
}

const block = 3

func newFilter(keywords []keyword) *filter {
	f := &filter{keywords: keywords, from: map[uint16][]int{}}
	for i := range f.leap {
		f.leap[i] = leastText - block + 1
	}
	for i, k := range keywords {
		for at := 0; at+block <= leastText; at++ {
			h := hash(k.text[at], k.text[at+1], k.text[at+2])
			f.leap[h] = min(f.leap[h], uint8(leastText-block-at))
			if at+block == leastText {
				f.from[h] = append(f.from[h], i)
			}
		}
	}
	return f
}

// hash is small enough for its table to stay in the processor's first cache.
func hash(a, b, c byte) uint16 {
	return (uint16(a)<<8 ^ uint16(b)<<4 ^ uint16(c)) & (1<<14 - 1)
}

// find calls hit with each keyword that begins in buf[from:to] and where. It
// must be whole in buf.
func (f *filter) find(buf []byte, from, to int, hit func(k *keyword, at int)) {
	end := min(to+leastText-1, len(buf))
	for i := from + leastText - 1; i < end; {
		h := hash(buf[i-2], buf[i-1], buf[i])
		if leap := f.leap[h]; leap > 0 {
			i += int(leap)
			continue
		}
		start := i - leastText + 1
		for _, n := range f.from[h] {
			k := &f.keywords[n]
			if len(buf)-start >= len(k.text) && string(buf[start:start+len(k.text)]) == k.text {
				hit(k, start)
			}
		}
		i++
	}
}
