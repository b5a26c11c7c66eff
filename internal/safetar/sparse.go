package safetar

import (
	"bytes"
	"fmt"
	"math"
)

// mapHoles finds out whether the entry in r.h is a sparse file of any form, and
// if so reads its map and sets its real size.
func (r *Reader) mapHoles(block []byte) error {
	fragments := r.holes.fragments[:0]
	var err error
	var is bool
	if r.h.Type == GNUSparse {
		fragments, err = r.oldMap(fragments, block)
		is = true
	} else {
		fragments, is, err = r.paxMap(fragments)
	}
	if err != nil || !is {
		return err
	}
	if !r.h.HasBody() || !valid(fragments, r.h.Size) {
		return fmt.Errorf("%w: impossible sparse map", ErrHeader)
	}
	r.h.Sparse = true
	r.holes = sparse{on: true, fragments: fragments}
	return nil
}

// valid says whether the fragments are in order, apart, and within size.
func valid(fragments []Fragment, size int64) bool {
	end := int64(0)
	for _, f := range fragments {
		if f.Length < 0 || f.Offset < end || f.Offset > math.MaxInt64-f.Length {
			return false
		}
		end = f.Offset + f.Length
	}
	return size >= 0 && end <= size
}

// oldMap reads the map of the old GNU form: four fragments in the header, and
// blocks of 21 more between the header and the body.
func (r *Reader) oldMap(fragments []Fragment, block []byte) ([]Fragment, error) {
	if string(block[257:265]) != "ustar  \x00" {
		return nil, fmt.Errorf("%w: sparse file in a format without them", ErrHeader)
	}
	n := numbers{}
	r.h.Size = n.parse(block[483:495])
	table, more := block[386:482], block[482]
	for read := 0; ; read += blockSize {
		for ; len(table) >= 24 && table[0] != 0; table = table[24:] {
			fragments = append(fragments, Fragment{n.parse(table[:12]), n.parse(table[12:24])})
		}
		if n.bad {
			return nil, fmt.Errorf("%w: sparse map", ErrHeader)
		}
		if more == 0 {
			return fragments, nil
		}
		if read >= maxSpecial {
			return nil, errTooLong
		}
		block, err := r.take(blockSize)
		if err != nil {
			return nil, unexpected(err)
		}
		table, more = block[:504], block[504]
	}
}

// paxMap reads the map of the PAX forms: 0.0 and 0.1 have it in the extended
// header, 1.0 before the content in the body.
func (r *Reader) paxMap(fragments []Fragment) ([]Fragment, bool, error) {
	p := &r.pax
	body := false
	switch major, minor := string(p.major), string(p.minor); {
	case major == "0" && (minor == "0" || minor == "1"):
	case major == "1" && minor == "0":
		body = true
	case major != "" || minor != "":
		return nil, false, nil // a form of the future: the stored bytes as they are
	case len(p.sparseMap) == 0:
		return nil, false, nil
	}
	if len(p.sparseName) > 0 {
		r.name = append(r.name[:0], p.sparseName...)
		r.h.Name = r.name
	}
	size := p.sparseSize
	if len(size) == 0 {
		size = p.realSize
	}
	if len(size) > 0 {
		n, ok := decimal(size)
		if !ok {
			return nil, false, fmt.Errorf("%w: sparse file's size", ErrHeader)
		}
		r.h.Size = n
	}
	var err error
	if body {
		fragments, err = r.bodyMap(fragments)
	} else {
		fragments, err = p.list(fragments)
	}
	return fragments, true, err
}

// list reads "offset,length,offset,length…".
func (p *paxRecords) list(fragments []Fragment) ([]Fragment, error) {
	count, ok := decimal(p.numBlocks)
	rest := p.sparseMap
	for ok && len(rest) > 0 {
		var offset, length []byte
		var more bool
		if offset, rest, more = bytes.Cut(rest, []byte{','}); !more {
			ok = false
			break
		}
		length, rest, more = bytes.Cut(rest, []byte{','})
		o, good1 := decimal(offset)
		l, good2 := decimal(length)
		ok = good1 && good2 && (!more || len(rest) > 0)
		fragments = append(fragments, Fragment{o, l})
	}
	if !ok || int64(len(fragments)) != count {
		return nil, fmt.Errorf("%w: sparse map", ErrHeader)
	}
	return fragments, nil
}

// bodyMap reads the numbers, one a line, that come before the content, in
// blocks of their own: how many fragments, then each one's offset and length.
func (r *Reader) bodyMap(fragments []Fragment) ([]Fragment, error) {
	var line []byte
	var offset int64
	left, started := int64(1), false // numbers still to come
	odd := false
	for read := 0; left > 0; read += blockSize {
		if read >= maxSpecial {
			return nil, errTooLong
		}
		if r.left < blockSize {
			return nil, fmt.Errorf("%w: sparse map is cut off", ErrHeader)
		}
		block, err := r.take(blockSize)
		if err != nil {
			return nil, unexpected(err)
		}
		r.left -= blockSize
		for left > 0 {
			text, rest, whole := bytes.Cut(block, []byte{'\n'})
			line = append(line, text...)
			if !whole {
				break
			}
			n, ok := decimal(line)
			if !ok || !started && (n < 0 || n > math.MaxInt32) {
				return nil, fmt.Errorf("%w: sparse map", ErrHeader)
			}
			line, block = line[:0], rest
			left--
			switch {
			case !started:
				started, left = true, 2*n
			case odd:
				fragments = append(fragments, Fragment{offset, n})
				odd = false
			default:
				offset, odd = n, true
			}
		}
	}
	return fragments, nil
}
