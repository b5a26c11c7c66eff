// Package limit holds the ceilings on everything that whoever made the input
// controls: sizes, counts, ratios and depths. Readers of untrusted bytes take
// a [Limits] and return an [*Error] when one is met, so that a hostile file
// ends in a sentence and never in an exhausted machine.
package limit

import (
	"fmt"
	"io"
)

// Limits are the ceilings. A field that is zero or less means "no ceiling";
// start from [Default].
type Limits struct {
	LayerBytes int64 // inflated bytes of one layer
	TotalBytes int64 // inflated bytes of one artifact
	Ratio      int64 // inflated bytes per stored byte, looked at once 64 MiB are inflated
	Entries    int64 // entries of all archives of one artifact
	PathLength int64 // bytes of one path
	FileBytes  int64 // bytes of one file that is read whole
	Depth      int64 // archives within archives, links behind links
	JSONBytes  int64 // bytes of one manifest, configuration or SBOM
	Spool      int64 // bytes kept in temporary files
	Memory     int64 // bytes of file content kept in memory before spooling
}

// Default is meant to pass every image that people run and to stop every
// known kind of bomb.
func Default() Limits {
	return Limits{
		LayerBytes: 32 << 30,
		TotalBytes: 128 << 30,
		Ratio:      200,
		Entries:    5_000_000,
		PathLength: 4096,
		FileBytes:  1 << 30,
		Depth:      16,
		JSONBytes:  256 << 20,
		Spool:      8 << 30,
		Memory:     16 << 20,
	}
}

// Error says which ceiling was met. Flag is the command-line flag that
// raises it.
type Error struct {
	What string // "inflated layer"
	Max  int64
	Unit string // "bytes", "entries"
	Flag string // "--max-layer-bytes"
}

// Error is a sentence that ends in what to do.
func (e *Error) Error() string {
	return fmt.Sprintf("%s: more than %d %s (raise %s if you trust the input)", e.What, e.Max, e.Unit, e.Flag)
}

// Reader gives what r gives, up to max bytes, and fails with err at the first
// byte past them. A max of zero or less means no ceiling.
func Reader(r io.Reader, max int64, err *Error) io.Reader {
	if max <= 0 {
		return r
	}
	return &reader{r: r, left: max, err: err}
}

type reader struct {
	r    io.Reader
	left int64
	err  *Error
}

func (l *reader) Read(p []byte) (int, error) {
	if l.left < 0 {
		return 0, l.err
	}
	// One byte more than is left tells an input of exactly max bytes from a
	// longer one.
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return n - 1, l.err
	}
	return n, err
}

// ReadAll reads r to its end, or fails with err past max bytes.
func ReadAll(r io.Reader, max int64, err *Error) ([]byte, error) {
	return io.ReadAll(Reader(r, max, err))
}
