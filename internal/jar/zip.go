package jar

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/klauspost/compress/flate"

	"github.com/boltseal/boltseal/internal/limit"
)

// A zip file is read as Java reads it (APPNOTE.TXT 6.3.10): its directory
// stands right before the end record, and what the end record says of the
// directory's place tells how many foreign bytes stand before the zip, such as
// the script that starts an executable jar. Only the directory is walked;
// nothing is inflated that nobody asks for.

// ErrFormat says that a file is no zip file, or a damaged one.
var ErrFormat = errors.New("not a zip file")

const (
	endLength         = 22
	maxComment        = 1<<16 - 1
	locatorLength     = 20
	end64Length       = 56
	centralLength     = 46
	localLength       = 30
	directoryBuffer   = 64 << 10
	methodStored      = 0
	methodDeflated    = 8
	sizeInExtra       = 1<<32 - 1
	extraZip64        = 1
	signatureEnd      = "PK\x05\x06"
	signatureEnd64    = "PK\x06\x06"
	signatureLocator  = "PK\x06\x07"
	signatureCentral  = "PK\x01\x02"
	signatureLocal    = "PK\x03\x04"
	flagEncrypted     = 1
	maxDirectoryBytes = 512 << 20
)

// tools are what reading one zip file after the other needs again and again.
// They are for one goroutine.
type tools struct {
	directory []byte
	copying   []byte
	inflater  io.ReadCloser
	packed    *bufio.Reader
	lines     *bufio.Reader
	buffers   [][]byte // free ones
}

// buffer lends n bytes.
func (t *tools) buffer(n int64) []byte {
	for i, b := range t.buffers {
		if int64(cap(b)) >= n {
			t.buffers = slices.Delete(t.buffers, i, i+1)
			return b[:n]
		}
	}
	if len(t.buffers) > 0 {
		t.buffers = t.buffers[:len(t.buffers)-1] // a larger one takes its place
	}
	return make([]byte, n, n+n/4)
}

// release takes a buffer back. Large ones are not worth their memory.
func (t *tools) release(b []byte) {
	if len(t.buffers) < maxBuffers && cap(b) <= 2*maxWhole {
		t.buffers = append(t.buffers, b)
	}
}

const maxBuffers = 3

func (t *tools) copyBuffer() []byte {
	if t.copying == nil {
		t.copying = make([]byte, 128<<10)
	}
	return t.copying
}

// inflate returns a reader of packed bytes; the one before is done with.
func (t *tools) inflate(packed io.Reader) io.Reader {
	if t.packed == nil {
		t.packed = bufio.NewReader(nil)
	}
	t.packed.Reset(packed)
	if again, ok := t.inflater.(flate.Resetter); ok && again.Reset(t.packed, nil) == nil {
		return t.inflater
	}
	t.inflater = flate.NewReader(t.packed)
	return t.inflater
}

// text returns a buffered reader; the one before is done with.
func (t *tools) text(r io.Reader) *bufio.Reader {
	if t.lines == nil {
		t.lines = bufio.NewReader(nil)
	}
	t.lines.Reset(r)
	return t.lines
}

// zipFile is an open zip file.
type zipFile struct {
	*tools
	r      io.ReaderAt
	start  int64 // of the directory
	length int64 // bytes of it
	base   int64 // where the zip starts
}

// entry is one file in a zip file.
type entry struct {
	name   string
	method uint16
	flags  uint16
	packed int64
	plain  int64
	offset int64 // of its local header, from the start of r
}

func openZip(r io.ReaderAt, size int64, t *tools) (*zipFile, error) {
	end, record, err := findEnd(r, size)
	if err != nil {
		return nil, err
	}
	z := &zipFile{tools: t, r: r}
	z.length = int64(binary.LittleEndian.Uint32(record[12:]))
	offset := int64(binary.LittleEndian.Uint32(record[16:]))
	if end64, length, start, ok := findEnd64(r, end); ok {
		end, z.length, offset = end64, length, start
	}
	z.start = end - z.length
	z.base = z.start - offset
	if z.length < 0 || z.start < 0 || offset < 0 || z.base < 0 {
		return nil, fmt.Errorf("%w: its end record points outside of it", ErrFormat)
	}
	if z.length > maxDirectoryBytes {
		return nil, &limit.Error{What: "zip directory", Max: maxDirectoryBytes, Unit: "bytes", Flag: "--max-file-bytes"}
	}
	return z, nil
}

// findEnd looks for the end record from the end of the file; a comment may
// follow it.
func findEnd(r io.ReaderAt, size int64) (int64, []byte, error) {
	for _, length := range []int64{endLength, endLength + 1024, endLength + maxComment} {
		length = min(length, size)
		if length < endLength {
			break
		}
		tail := make([]byte, length)
		if err := readAt(r, tail, size-length); err != nil {
			return 0, nil, err
		}
		for at := len(tail) - endLength; at >= 0; at-- {
			if tail[at] != 'P' || string(tail[at:at+4]) != signatureEnd {
				continue
			}
			comment := int(binary.LittleEndian.Uint16(tail[at+20:]))
			if at+endLength+comment <= len(tail) {
				return size - length + int64(at), tail[at : at+endLength], nil
			}
		}
	}
	return 0, nil, ErrFormat
}

// findEnd64 looks for the records that large zip files have before the end
// record. It returns false when there are none.
func findEnd64(r io.ReaderAt, end int64) (at, length, offset int64, ok bool) {
	if end < locatorLength+end64Length {
		return 0, 0, 0, false
	}
	locator := make([]byte, locatorLength)
	if readAt(r, locator, end-locatorLength) != nil || string(locator[:4]) != signatureLocator {
		return 0, 0, 0, false
	}
	// The locator says where the record is from the start of the zip; with
	// foreign bytes before that, it is still right before the locator.
	record := make([]byte, end64Length)
	for _, at := range []int64{int64(binary.LittleEndian.Uint64(locator[8:])), end - locatorLength - end64Length} {
		if at < 0 || at > end-locatorLength-end64Length || readAt(r, record, at) != nil || string(record[:4]) != signatureEnd64 {
			continue
		}
		return at, int64(binary.LittleEndian.Uint64(record[40:])), int64(binary.LittleEndian.Uint64(record[48:])), true
	}
	return 0, 0, 0, false
}

// entries walks the directory. Only entries whose name want accepts are
// yielded; every one counts. An error ends the walk.
func (z *zipFile) entries(want func(name []byte) bool, count func() error) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		directory := z.window(io.NewSectionReader(z.r, z.start, z.length))
		for n := 0; ; n++ {
			header, err := directory.next(centralLength)
			if errors.Is(err, io.EOF) {
				return
			}
			if err == nil && string(header[:4]) != signatureCentral {
				err = fmt.Errorf("%w: entry %d of its directory is none", ErrFormat, n)
			}
			if err == nil {
				err = count()
			}
			if err != nil {
				yield(entry{}, err)
				return
			}
			e := entry{
				flags:  binary.LittleEndian.Uint16(header[8:]),
				method: binary.LittleEndian.Uint16(header[10:]),
				packed: int64(binary.LittleEndian.Uint32(header[20:])),
				plain:  int64(binary.LittleEndian.Uint32(header[24:])),
				offset: int64(binary.LittleEndian.Uint32(header[42:])),
			}
			nameLength := int(binary.LittleEndian.Uint16(header[28:]))
			extraLength := int(binary.LittleEndian.Uint16(header[30:]))
			commentLength := int(binary.LittleEndian.Uint16(header[32:]))
			rest, err := directory.next(nameLength + extraLength + commentLength)
			if err != nil {
				yield(entry{}, fmt.Errorf("%w: its directory is cut off", ErrFormat))
				return
			}
			if name := rest[:nameLength]; want(name) {
				e.name = string(name)
				e.large(rest[nameLength : nameLength+extraLength])
				e.offset += z.base
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// large takes sizes that do not fit into 32 bits from the extra field.
func (e *entry) large(extra []byte) {
	for len(extra) >= 4 {
		tag, size := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if extra = extra[4:]; size > len(extra) {
			return
		}
		field := extra[:size]
		extra = extra[size:]
		if tag != extraZip64 {
			continue
		}
		for _, value := range []*int64{&e.plain, &e.packed, &e.offset} {
			if *value == sizeInExtra && len(field) >= 8 {
				*value = int64(binary.LittleEndian.Uint64(field))
				field = field[8:]
			}
		}
		return
	}
}

// stored returns the bytes of an entry as they stand in the file.
func (z *zipFile) stored(e entry) (*io.SectionReader, error) {
	header := make([]byte, localLength)
	if e.offset < z.base || e.packed < 0 || e.plain < 0 {
		return nil, fmt.Errorf("%s: %w: it lies outside of the file", e.name, ErrFormat)
	}
	if err := readAt(z.r, header, e.offset); err != nil || string(header[:4]) != signatureLocal {
		return nil, fmt.Errorf("%s: %w: no entry stands where the directory says", e.name, ErrFormat)
	}
	data := e.offset + localLength + int64(binary.LittleEndian.Uint16(header[26:])) + int64(binary.LittleEndian.Uint16(header[28:]))
	if e.packed > z.start-data {
		return nil, fmt.Errorf("%s: %w: it runs into the directory", e.name, ErrFormat)
	}
	if e.flags&flagEncrypted != 0 {
		return nil, fmt.Errorf("%s: encrypted", e.name)
	}
	return io.NewSectionReader(z.r, data, e.packed), nil
}

// open returns a reader of the entry's content.
func (z *zipFile) open(e entry) (io.Reader, error) {
	packed, err := z.stored(e)
	if err != nil {
		return nil, err
	}
	switch e.method {
	case methodStored:
		return packed, nil
	case methodDeflated:
		return z.inflate(packed), nil
	}
	return nil, fmt.Errorf("%s: compression method %d", e.name, e.method)
}

// readAt fills p or fails.
func readAt(r io.ReaderAt, p []byte, off int64) error {
	n, err := r.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// window hands out successive pieces of a reader without copying them.
type window struct {
	r      io.Reader
	buffer []byte
	ready  []byte
}

func (t *tools) window(r io.Reader) *window {
	if t.directory == nil {
		t.directory = make([]byte, directoryBuffer)
	}
	return &window{r: r, buffer: t.directory}
}

// next returns n bytes, which stay valid until the next call. It returns
// io.EOF only when there are none left.
func (w *window) next(n int) ([]byte, error) {
	for len(w.ready) < n {
		if n > len(w.buffer) {
			w.buffer = append(bytes.Clone(w.ready), make([]byte, n-len(w.ready))...)
			w.ready = w.buffer[:len(w.ready)]
		}
		kept := copy(w.buffer, w.ready)
		got, err := w.r.Read(w.buffer[kept:])
		w.ready = w.buffer[:kept+got]
		switch {
		case err != nil && len(w.ready) == 0:
			return nil, err
		case err != nil && len(w.ready) < n:
			return nil, io.ErrUnexpectedEOF
		}
	}
	piece := w.ready[:n]
	w.ready = w.ready[n:]
	return piece, nil
}
