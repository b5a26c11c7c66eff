package inventory

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"
	"strings"
)

// stanza is one paragraph of a file in the syntax of Debian's control files
// (Debian policy, section 5.1): the fields that were asked for, under the
// names that they were asked by.
type stanza map[string]string

// maxField bounds what is kept of one field; longer ones are cut. The longest
// real ones, lists of what a package provides, are below 128 KiB.
const maxField = 1 << 20

// stanzas reads paragraphs and keeps of each the named fields. Lines of a
// folded field are joined by "\n" and lose their leading space. The map is
// used again for the next paragraph. Lines that are neither field nor
// continuation are passed over: real databases have them after a crash.
func stanzas(lines iter.Seq2[[]byte, error], names ...string) iter.Seq2[stanza, error] {
	return func(yield func(stanza, error) bool) {
		p := paragraphs{names: names, stanza: stanza{}}
		for line, err := range lines {
			switch {
			case err != nil:
				yield(nil, err)
				return
			case len(bytes.TrimSpace(line)) == 0:
				if !p.end(yield) {
					return
				}
			default:
				p.line(line)
			}
		}
		p.end(yield)
	}
}

// paragraphs gathers one paragraph after the other.
type paragraphs struct {
	names  []string
	stanza stanza
	field  string // being read; empty when it is not wanted
	value  []byte
	fields int
}

func (p *paragraphs) line(line []byte) {
	if line[0] == ' ' || line[0] == '\t' {
		if p.field != "" && len(p.value)+len(line) < maxField {
			p.value = append(append(p.value, '\n'), line[1:]...)
		}
		return
	}
	p.flush()
	name, rest, ok := bytes.Cut(line, []byte(":"))
	if !ok {
		return
	}
	p.fields++
	for _, wanted := range p.names {
		if strings.EqualFold(wanted, string(name)) {
			p.field = wanted
			p.value = append(p.value, rest...)
			return
		}
	}
}

func (p *paragraphs) flush() {
	if p.field != "" {
		if _, twice := p.stanza[p.field]; !twice {
			p.stanza[p.field] = strings.TrimSpace(string(p.value))
		}
	}
	p.field, p.value = "", p.value[:0]
}

func (p *paragraphs) end(yield func(stanza, error) bool) bool {
	p.flush()
	more := p.fields == 0 || yield(p.stanza, nil)
	clear(p.stanza)
	p.fields = 0
	return more
}

// textLines gives each line without its end. Lines longer than maxField are
// cut; the bytes are good until the next one.
//
// It reads on from a [bufio.Reader] as it is, so that a caller with a
// thousand small files needs one buffer.
func textLines(r io.Reader) iter.Seq2[[]byte, error] {
	in, ok := r.(*bufio.Reader)
	if !ok {
		in = bufio.NewReaderSize(r, 16<<10)
	}
	return func(yield func([]byte, error) bool) {
		var long []byte
		for {
			line, err := in.ReadSlice('\n')
			if errors.Is(err, bufio.ErrBufferFull) {
				long = append(long, line[:min(len(line), maxField-len(long))]...)
				continue
			}
			if err != nil && !errors.Is(err, io.EOF) {
				yield(nil, err)
				return
			}
			if len(long) > 0 {
				line = append(long, line[:min(len(line), maxField-len(long))]...)
				long = long[:0]
			}
			end := err != nil
			if end && len(line) == 0 {
				return
			}
			line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
			if !yield(line, nil) || end {
				return
			}
		}
	}
}

// bytesLines gives each line of a text that is in memory.
func bytesLines(text []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for len(text) > 0 {
			line, rest, _ := bytes.Cut(text, []byte("\n"))
			if !yield(bytes.TrimSuffix(line, []byte("\r")), nil) {
				return
			}
			text = rest
		}
	}
}
