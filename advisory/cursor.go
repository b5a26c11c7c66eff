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
	at  int
	bad bool
}

func (c *cursor) err(what string) error {
	if c.bad {
		return fmt.Errorf("%w: %s", ErrCorrupt, what)
	}
	return nil
}

func (c *cursor) left() int { return len(c.b) - c.at }

func (c *cursor) uint() uint64 {
	// Most numbers are below 128.
	if c.at < len(c.b) {
		if v := c.b[c.at]; v < 0x80 {
			c.at++
			return uint64(v)
		}
	}
	return c.long()
}

func (c *cursor) long() uint64 {
	v, n := binary.Uvarint(c.b[c.at:])
	if n <= 0 {
		c.fail()
		return 0
	}
	c.at += n
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
	if n > uint64(c.left()) {
		c.fail()
		return 0
	}
	return int(n)
}

func (c *cursor) bytes() []byte {
	n := c.count()
	c.at += n
	return c.b[c.at-n : c.at]
}

func (c *cursor) byte() byte {
	if c.at >= len(c.b) {
		c.fail()
		return 0
	}
	c.at++
	return c.b[c.at-1]
}

func (c *cursor) fail() { c.at, c.bad = len(c.b), true }

// textCursor gives strings as parts of one that holds the same bytes.
type textCursor struct {
	cursor
	text string
}

func (t *textCursor) str() string {
	n := t.count()
	t.at += n
	return t.text[t.at-n : t.at]
}

func (t *textCursor) strs() []string {
	n := t.count()
	if n == 0 {
		return nil
	}
	all := make([]string, n)
	for i := range all {
		all[i] = t.str()
	}
	return all
}

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

func (a *arena) add(p []byte) string {
	if len(p) == 0 {
		return ""
	}
	a.reserve(len(p), 0)
	start := a.b.Len()
	a.b.Write(p)
	return a.b.String()[start:]
}

// reserve makes room for n bytes, and when it must make any, for as many as
// are expected. It begins a new buffer rather than copying the old one over.
func (a *arena) reserve(n, expected int) {
	if a.b.Cap()-a.b.Len() < n {
		a.b = strings.Builder{}
		a.b.Grow(max(n, expected))
	}
}
