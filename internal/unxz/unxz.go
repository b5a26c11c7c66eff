// Package unxz inflates xz streams from anywhere: with a ceiling on the memory
// that a stream may ask for, several streams behind each other as the xz
// command reads them, and a decoder that gives up turned into an error. Start
// with [NewReader].
package unxz

import (
	"bytes"
	"fmt"
	"io"

	"github.com/therootcompany/xz"
)

// Magic is what every xz stream begins with (The .xz File Format, 2.1.1.1).
const Magic = "\xfd7zXZ\x00"

// Is says whether the first bytes are those of an xz stream.
func Is(head []byte) bool { return bytes.HasPrefix(head, []byte(Magic)) }

// dictionary is the largest that is allowed: "xz -9" asks for as much.
const dictionary = 64 << 20

// Reader gives what xz streams hold.
type Reader struct {
	z    *xz.Reader
	err  error
	from io.Reader
}

// NewReader returns a reader of what r holds compressed. It reads nothing yet.
func NewReader(r io.Reader) *Reader { return &Reader{from: r} }

// Read inflates.
func (r *Reader) Read(p []byte) (n int, err error) {
	if r.err != nil {
		return 0, r.err
	}
	defer func() {
		if caught := recover(); caught != nil {
			n, err = 0, fmt.Errorf("the decoder gave up: %v", caught)
		}
		r.err = err
	}()
	if r.z == nil {
		if r.z, err = xz.NewReader(r.from, dictionary); err != nil {
			return 0, err
		}
	}
	return r.z.Read(p)
}
