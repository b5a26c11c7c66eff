// Package rpmdb reads the databases in which rpm keeps what is installed, in
// the three shapes that they have had: Berkeley DB ("Packages"), rpm's own
// ("Packages.db") and SQLite ("rpmdb.sqlite"). [Read] tells them apart and
// gives the header of every package. It needs random access and nothing
// else: no file, no library, no lock.
//
// It only reads, and only the table of packages: indexes are there for rpm's
// own queries. The bytes are taken for hostile: every offset is checked, no
// page is visited twice, and nothing larger than the file is ever held.
package rpmdb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
)

// ErrFormat is the error of a file that is none of the three.
var ErrFormat = errors.New("not an rpm database")

// maxHeader is how long one package's header may be (rpm allows 256 MiB of
// data in one; the largest that distributions ship are below 32).
const maxHeader = 64 << 20

// Options are the optional parameters of [Read].
type Options struct {
	// WAL is the write-ahead log beside an SQLite database and WALSize how
	// long it is: images are often sealed before rpm has folded it in.
	WAL     io.ReaderAt
	WALSize int64
}

// Read gives the header of each package in the database of size bytes, in
// the order in which they are stored. A header is good until the next one is
// asked for. An error that ends in [ErrFormat] or that concerns the database
// as a whole ends the sequence; one that concerns a single entry does not.
func Read(r io.ReaderAt, size int64, opts *Options) iter.Seq2[*Header, error] {
	return func(yield func(*Header, error) bool) {
		if opts == nil {
			opts = &Options{}
		}
		entries, err := open(r, size, opts)
		if err != nil {
			yield(nil, err)
			return
		}
		// No byte of the database is part of two headers: more of them than
		// it has bytes are one entry again and again.
		left := size + opts.WALSize
		var header Header
		for blob, err := range entries {
			if left -= int64(len(blob)); left < 0 {
				yield(nil, errors.New("entries of the database overlap"))
				return
			}
			if err == nil {
				err = header.parse(blob)
			}
			if err != nil {
				if !yield(nil, err) {
					return
				}
				continue
			}
			if !yield(&header, nil) {
				return
			}
		}
	}
}

// open finds out the format by the first bytes.
func open(r io.ReaderAt, size int64, opts *Options) (iter.Seq2[[]byte, error], error) {
	f := &file{r: r, size: size}
	head, err := f.read(0, 32, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	switch {
	case bytes.HasPrefix(head, []byte(sqliteMagic)):
		return openSQLite(f, opts)
	case bytes.HasPrefix(head, []byte(ndbMagic)):
		return openNDB(f)
	case binary.LittleEndian.Uint32(head[12:]) == bdbHashMagic:
		return openBDB(f, binary.LittleEndian)
	case binary.BigEndian.Uint32(head[12:]) == bdbHashMagic:
		return openBDB(f, binary.BigEndian)
	}
	return nil, ErrFormat
}

// file is random access that knows its end.
type file struct {
	r    io.ReaderAt
	size int64
}

// read returns n bytes from off, in buf if they fit.
func (f *file) read(off, n int64, buf []byte) ([]byte, error) {
	if off < 0 || n < 0 || off > f.size || n > f.size-off {
		return nil, fmt.Errorf("bytes %d to %d of a database of %d: %w", off, off+n, f.size, io.ErrUnexpectedEOF)
	}
	if int64(cap(buf)) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	got, err := f.r.ReadAt(buf, off)
	if int64(got) == n {
		return buf, nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return nil, fmt.Errorf("read database: %w", err)
}

// extend appends n bytes from off to buf.
func (f *file) extend(buf []byte, off, n int64) ([]byte, error) {
	have := len(buf)
	buf = slices.Grow(buf, int(n))
	got, err := f.read(off, n, buf[have:have:cap(buf)])
	if err != nil {
		return buf[:have], err
	}
	return buf[:have+len(got)], nil
}
