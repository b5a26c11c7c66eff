package safetar

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
)

type format byte

const (
	formatV7 format = iota
	formatUSTAR
	formatSTAR
	formatGNU
)

// parse reads a header block into r.h. The names point into the block.
func (r *Reader) parse(b []byte) error {
	f, err := formatOf(b)
	if err != nil {
		return err
	}
	n := numbers{}
	r.h = Header{
		Type:    b[156],
		Name:    cString(b[0:100]),
		Link:    cString(b[157:257]),
		Mode:    n.parse(b[100:108]),
		UID:     n.parse(b[108:116]),
		GID:     n.parse(b[116:124]),
		Size:    n.parse(b[124:136]),
		ModTime: n.parse(b[136:148]),
	}
	if f != formatV7 {
		r.h.Major = n.parse(b[329:337])
		r.h.Minor = n.parse(b[337:345])
	}
	var prefix []byte
	switch f {
	case formatV7: // it has none
	case formatUSTAR:
		prefix = cString(b[345:500])
	case formatSTAR:
		prefix = cString(b[345:476])
		n.parse(b[476:488]) // access and change time must be numbers
		n.parse(b[488:500])
	case formatGNU:
		prefix = gnuPrefix(b)
	}
	if len(prefix) > 0 {
		r.joined = append(append(append(r.joined[:0], prefix...), '/'), r.h.Name...)
		r.h.Name = r.joined
	}
	if n.bad {
		return fmt.Errorf("%w: a field is no number", ErrHeader)
	}
	return r.enter()
}

// formatOf checks the block's checksum and tells its format by the magic.
func formatOf(b []byte) (format, error) {
	n := numbers{}
	want := n.octal(b[148:156])
	if n.bad || !checksum(b, want) {
		return 0, fmt.Errorf("%w: wrong checksum", ErrHeader)
	}
	switch magic := b[257:265]; {
	case string(magic[:6]) == "ustar\x00" && string(b[508:512]) == "tar\x00":
		return formatSTAR, nil
	case string(magic[:6]) == "ustar\x00":
		return formatUSTAR, nil
	case string(magic) == "ustar  \x00":
		return formatGNU, nil
	}
	return formatV7, nil
}

// checksum says whether want is the sum of the block's bytes with its own
// field as spaces. POSIX sums unsigned bytes; old Sun tars summed signed ones.
func checksum(b []byte, want int64) bool {
	const even = 0x00ff00ff00ff00ff
	var sum uint64 // four lanes of 16 bits: 128 bytes of 255 fit
	for i := 0; i+8 <= blockSize; i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		sum += x&even + x>>8&even
	}
	unsigned := int64(sum&0xffff + sum>>16&0xffff + sum>>32&0xffff + sum>>48)
	for _, c := range b[148:156] {
		unsigned += ' ' - int64(c)
	}
	if unsigned == want {
		return true
	}
	signed := unsigned
	for i, c := range b {
		if c >= 0x80 && (i < 148 || i >= 156) {
			signed -= 256
		}
	}
	return signed == want
}

// gnuPrefix is nothing in a GNU header, but Go before 1.8 wrote the ustar
// prefix there; it is told by what ought to be two times and cannot be.
func gnuPrefix(b []byte) []byte {
	n := numbers{}
	if atime := b[345:357]; atime[0] != 0 {
		n.parse(atime)
	}
	if ctime := b[357:369]; ctime[0] != 0 {
		n.parse(ctime)
	}
	if !n.bad {
		return nil
	}
	prefix := cString(b[345:500])
	for _, c := range prefix {
		if c >= 0x80 {
			return nil
		}
	}
	return prefix
}

// cString is b up to its first NUL.
func cString(b []byte) []byte {
	before, _, _ := bytes.Cut(b, []byte{0})
	return before
}

// numbers parses number fields and remembers whether one was bad.
type numbers struct{ bad bool }

// parse reads base-256 (first bit set, two's complement, big endian) or octal.
func (n *numbers) parse(b []byte) int64 {
	if b[0]&0x80 == 0 {
		return n.octal(b)
	}
	var invert byte
	if b[0]&0x40 != 0 {
		invert = 0xff
	}
	x := uint64(b[0]^invert) & 0x7f
	for _, c := range b[1:] {
		if x>>56 != 0 {
			n.bad = true
			return 0
		}
		x = x<<8 | uint64(c^invert)
	}
	if x>>63 != 0 {
		n.bad = true
		return 0
	}
	if invert != 0 {
		return ^int64(x)
	}
	return int64(x)
}

func (n *numbers) octal(b []byte) int64 {
	for len(b) > 0 && (b[0] == ' ' || b[0] == 0) {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == 0) {
		b = b[:len(b)-1]
	}
	var x int64
	for i, c := range b {
		if c == 0 && i > 0 {
			break
		}
		if c < '0' || c > '7' {
			n.bad = true
			return 0
		}
		x = x<<3 | int64(c-'0') // fields are at most 12 bytes: no overflow
	}
	return x
}

// decimal reads a number as PAX records and sparse maps have it.
func decimal(b []byte) (int64, bool) {
	x, err := strconv.ParseInt(string(b), 10, 64)
	return x, err == nil
}
