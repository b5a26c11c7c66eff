// Package exe recognises executables by their first bytes and finds their
// sections by name: ELF, PE and Mach-O, in a few small reads and without
// trusting what the headers say of sizes. Start with [Open].
//
// It is not a loader and knows nothing of symbols.
package exe

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Errors of [Open].
var (
	ErrFormat     = errors.New("not an executable")
	ErrNoSections = errors.New("the executable has no section headers")
)

const (
	maxSections = 1 << 16
	maxNames    = 4 << 20 // bytes of all section names
	maxCommands = 1 << 16 // load commands of a Mach-O file
)

// Is says whether the first bytes are those of an executable.
func Is(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\x7fELF")) || bytes.HasPrefix(head, []byte("MZ")) || machOrder(head) != nil || isFat(head)
}

// Program is an executable whose sections are known.
type Program struct {
	r        *io.SectionReader
	sections []section
	pe       bool

	// Memo is for the caller: what looking through the program has given.
	Memo any
}

type section struct {
	name   []byte
	offset int64
	size   int64
}

// Open reads where the sections of an executable of size bytes are, and
// nothing of what is in them.
func Open(at io.ReaderAt, size int64) (*Program, error) {
	p := &Program{r: io.NewSectionReader(at, 0, size)}
	head := make([]byte, 64)
	n, err := p.r.ReadAt(head, 0)
	if head = head[:n]; err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("\x7fELF")):
		p.sections, err = elfSections(p.r, head)
	case bytes.HasPrefix(head, []byte("MZ")):
		p.pe = true
		p.sections, err = peSections(p.r, head)
	case isFat(head):
		p.sections, err = fatSections(p.r, head)
	case machOrder(head) != nil:
		p.sections, err = machSections(p.r, head)
	default:
		return nil, ErrFormat
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// PE says whether it is a Windows program.
func (p *Program) PE() bool { return p.pe }

// Has says whether the program names a section so.
func (p *Program) Has(names ...string) bool { return p.find(names) != nil }

// Section returns the content of the first section with one of the names, or
// nil when there is none. Mach-O names have no segment: "__text".
func (p *Program) Section(names ...string) (*io.SectionReader, error) {
	s := p.find(names)
	if s == nil {
		return nil, nil
	}
	if size := p.r.Size(); s.offset < 0 || s.size < 0 || s.offset > size || s.size > size-s.offset {
		return nil, fmt.Errorf("section %s: %w: it lies outside of the file", s.name, ErrFormat)
	}
	return io.NewSectionReader(p.r, s.offset, s.size), nil
}

func (p *Program) find(names []string) *section {
	for i := range p.sections {
		if slices.Contains(names, string(p.sections[i].name)) {
			return &p.sections[i]
		}
	}
	return nil
}

// read returns n bytes at off. What the file does not have is not allocated.
func read(r *io.SectionReader, off, n int64) ([]byte, error) {
	if off < 0 || n < 0 || n > r.Size()-off {
		return nil, fmt.Errorf("%w: it is cut off", ErrFormat)
	}
	b := make([]byte, n)
	if got, err := r.ReadAt(b, off); got < len(b) {
		if err == nil || errors.Is(err, io.EOF) {
			err = fmt.Errorf("%w: it is cut off", ErrFormat)
		}
		return nil, err
	}
	return b, nil
}

// text is a string that a zero byte may end.
func text(b []byte) []byte {
	if end := bytes.IndexByte(b, 0); end >= 0 {
		b = b[:end]
	}
	return b
}

// elfSections reads the section headers (System V ABI, "Sections").
func elfSections(r *io.SectionReader, head []byte) ([]section, error) {
	if len(head) < 52 {
		return nil, ErrFormat
	}
	var order binary.ByteOrder = binary.LittleEndian
	if head[5] == 2 {
		order = binary.BigEndian
	}
	wide := head[4] == 2
	if wide && len(head) < 64 {
		return nil, ErrFormat
	}
	var table int64
	var entry, count, names int
	if wide {
		table = int64(order.Uint64(head[40:]))
		entry, count, names = int(order.Uint16(head[58:])), int(order.Uint16(head[60:])), int(order.Uint16(head[62:]))
	} else {
		table = int64(order.Uint32(head[32:]))
		entry, count, names = int(order.Uint16(head[46:])), int(order.Uint16(head[48:])), int(order.Uint16(head[50:]))
	}
	least := 40
	if wide {
		least = 64
	}
	if table == 0 || table < 0 || table >= r.Size() {
		return nil, ErrNoSections
	}
	if entry < least {
		return nil, fmt.Errorf("%w: section headers of %d bytes", ErrFormat, entry)
	}
	parse := func(h []byte) (name uint32, s section, link uint32) {
		if wide {
			return order.Uint32(h), section{offset: int64(order.Uint64(h[24:])), size: int64(order.Uint64(h[32:]))}, order.Uint32(h[40:])
		}
		return order.Uint32(h), section{offset: int64(order.Uint32(h[16:])), size: int64(order.Uint32(h[20:]))}, order.Uint32(h[24:])
	}
	// Counts that do not fit stand in the first header.
	if count == 0 || names == 0xffff {
		first, err := read(r, table, int64(entry))
		if err != nil {
			return nil, err
		}
		_, s, link := parse(first)
		if count == 0 {
			if s.size <= 0 || s.size > maxSections {
				return nil, ErrNoSections
			}
			count = int(s.size)
		}
		if names == 0xffff {
			names = int(link)
		}
	}
	headers, err := read(r, table, int64(entry)*int64(count))
	if err != nil {
		return nil, err
	}
	if names < 0 || names >= count {
		return nil, fmt.Errorf("%w: its section names are nowhere", ErrFormat)
	}
	_, where, _ := parse(headers[names*entry:])
	if where.size > maxNames || where.size < 0 {
		return nil, fmt.Errorf("%w: %d bytes of section names", ErrFormat, where.size)
	}
	strings, err := read(r, where.offset, where.size)
	if err != nil {
		return nil, err
	}
	all := make([]section, 0, count)
	for i := range count {
		name, s, _ := parse(headers[i*entry:])
		if int64(name) < int64(len(strings)) {
			s.name = text(strings[name:])
		}
		all = append(all, s)
	}
	return all, nil
}

// peSections reads the section table (Microsoft, "PE Format").
func peSections(r *io.SectionReader, head []byte) ([]section, error) {
	if len(head) < 64 {
		return nil, ErrFormat
	}
	at := int64(binary.LittleEndian.Uint32(head[60:]))
	coff, err := read(r, at, 24)
	if err != nil {
		return nil, err
	}
	if string(coff[:4]) != "PE\x00\x00" {
		return nil, ErrFormat
	}
	count := int64(binary.LittleEndian.Uint16(coff[6:]))
	optional := int64(binary.LittleEndian.Uint16(coff[20:]))
	table, err := read(r, at+24+optional, count*40)
	if err != nil {
		return nil, err
	}
	var all []section
	for ; len(table) >= 40; table = table[40:] {
		virtual, raw := binary.LittleEndian.Uint32(table[8:]), binary.LittleEndian.Uint32(table[16:])
		if virtual > 0 {
			raw = min(raw, virtual)
		}
		all = append(all, section{text(table[:8]), int64(binary.LittleEndian.Uint32(table[20:])), int64(raw)})
	}
	return all, nil
}
