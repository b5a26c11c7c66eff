package advisory

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// cursor walks over encoded bytes. The first fault sticks: later reads give
// zeros, and the caller looks at err once, after a whole thing was read.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) err(what string) error {
	if c.bad {
		return fmt.Errorf("%w: %s", ErrCorrupt, what)
	}
	return nil
}

func (c *cursor) uint() uint64 {
	// Most numbers are below 128.
	if len(c.b) > 0 && c.b[0] < 0x80 {
		v := uint64(c.b[0])
		c.b = c.b[1:]
		return v
	}
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.fail()
		return 0
	}
	c.b = c.b[n:]
	return v
}

// int is a signed number (zig-zag).
func (c *cursor) int() int64 {
	v := c.uint()
	return int64(v>>1) ^ -int64(v&1)
}

// count is a number of things that take at least one byte each, so that no
// count can promise more than the bytes hold.
func (c *cursor) count() int {
	n := c.uint()
	if n > uint64(len(c.b)) {
		c.fail()
		return 0
	}
	return int(n)
}

func (c *cursor) bytes() []byte {
	n := c.count()
	b := c.b[:n:n]
	c.b = c.b[n:]
	return b
}

func (c *cursor) byte() byte {
	if len(c.b) == 0 {
		c.fail()
		return 0
	}
	v := c.b[0]
	c.b = c.b[1:]
	return v
}

func (c *cursor) fail() { c.b, c.bad = nil, true }

func appendInt(b []byte, v int64) []byte { return binary.AppendUvarint(b, uint64(v<<1)^uint64(v>>63)) }

func appendBytes[T ~string | ~[]byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendStrings(b []byte, all []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(all)))
	for _, s := range all {
		b = appendBytes(b, s)
	}
	return b
}

// arena makes many small strings out of few allocations. A strings.Builder
// never moves or changes bytes that it has given out as a string.
type arena struct{ b strings.Builder }

const arenaChunk = 128

func (a *arena) add(p []byte) string {
	if len(p) == 0 {
		return ""
	}
	if a.b.Cap()-a.b.Len() < len(p) {
		a.grow(len(p))
	}
	start := a.b.Len()
	a.b.Write(p)
	return a.b.String()[start:]
}

// grow begins a new buffer rather than copying the old one over.
func (a *arena) grow(n int) {
	size := max(arenaChunk, 2*a.b.Cap(), n)
	a.b = strings.Builder{}
	a.b.Grow(min(size, max(n, 64<<10)))
}
