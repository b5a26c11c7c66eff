package report

import (
	"bufio"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// writeIndented writes JSON that has no space between its tokens as
// json.Indent would with two spaces, and with the characters of isHostile
// beyond ASCII as \u escapes, which is the same JSON: encoding/json has done
// so with ASCII. It is for what encoding/json wrote and checks nothing.
func writeIndented(w io.Writer, data []byte) error {
	p := indenter{w: bufio.NewWriterSize(w, 64<<10)}
	for len(data) > 0 {
		data = p.token(data)
	}
	_ = p.w.WriteByte('\n') // its errors stay with the writer
	return p.w.Flush()
}

type indenter struct {
	w     *bufio.Writer
	depth int
	open  bool // the last token opened an object or a list
}

// token writes the first token and returns the rest.
func (p *indenter) token(data []byte) []byte {
	c := data[0]
	if c == '}' || c == ']' {
		p.depth--
		if !p.open { // empty ones stay on their line
			p.line()
		}
		p.open = false
		_ = p.w.WriteByte(c)
		return data[1:]
	}
	if p.open {
		p.open = false
		p.line()
	}
	switch c {
	case '"':
		return p.text(data)
	case '{', '[':
		p.depth++
		p.open = true
		_ = p.w.WriteByte(c)
		return data[1:]
	case ',':
		_ = p.w.WriteByte(c)
		p.line()
		return data[1:]
	case ':':
		_, _ = p.w.WriteString(": ")
		return data[1:]
	case ' ', '\t', '\r', '\n':
		return data[1:]
	}
	end := 1
	for end < len(data) && data[end] > ' ' && data[end] != ',' && data[end] != '}' && data[end] != ']' {
		end++
	}
	_, _ = p.w.Write(data[:end])
	return data[end:]
}

// line begins a line.
func (p *indenter) line() {
	const spaces = "                                "
	_ = p.w.WriteByte('\n')
	for n := 2 * p.depth; n > 0; n -= len(spaces) {
		_, _ = p.w.WriteString(spaces[:min(n, len(spaces))])
	}
}

// text writes a string.
func (p *indenter) text(data []byte) []byte {
	done, i := 0, 1
	for i < len(data) {
		switch c := data[i]; {
		case c == '"':
			_, _ = p.w.Write(data[done : i+1])
			return data[i+1:]
		case c == '\\':
			i += 2
		case c < 0x7F:
			i++
		default:
			r, size := utf8.DecodeRune(data[i:])
			if isHostile(r) {
				_, _ = p.w.Write(data[done:i])
				if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
					fmt.Fprintf(p.w, `\u%04x\u%04x`, high, low)
				} else {
					fmt.Fprintf(p.w, `\u%04x`, r)
				}
				done = i + size
			}
			i += size
		}
	}
	_, _ = p.w.Write(data[min(done, len(data)):])
	return nil
}
