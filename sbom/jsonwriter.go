package sbom

import (
	"strconv"
	"unicode/utf8"
)

// jsonWriter appends indented JSON. encoding/json does the same through
// reflection and a second pass for the indent, at a third of the speed.
type jsonWriter struct {
	buf   []byte
	depth int
	bare  bool // the next value starts a line of its own or follows a key
	empty bool // nothing stands in the innermost object or array yet
}

func (w *jsonWriter) line() {
	w.buf = append(w.buf, '\n')
	for range w.depth {
		w.buf = append(w.buf, ' ', ' ')
	}
}

// value prepares the place of the next value.
func (w *jsonWriter) value() {
	if w.bare {
		w.bare = false
		return
	}
	if w.depth > 0 {
		if !w.empty {
			w.buf = append(w.buf, ',')
		}
		w.line()
	}
	w.empty = false
}

func (w *jsonWriter) open(c byte) {
	w.value()
	w.buf = append(w.buf, c)
	w.depth++
	w.empty = true
}

func (w *jsonWriter) close(c byte) {
	w.depth--
	if !w.empty {
		w.line()
	}
	w.buf = append(w.buf, c)
	w.empty = false
}

func (w *jsonWriter) object() { w.open('{') }
func (w *jsonWriter) array()  { w.open('[') }
func (w *jsonWriter) end()    { w.close('}') }
func (w *jsonWriter) endArray() {
	w.close(']')
}

func (w *jsonWriter) key(name string) {
	w.value()
	w.quote(name)
	w.buf = append(w.buf, ": "...)
	w.bare = true
}

func (w *jsonWriter) str(s string) {
	w.value()
	w.quote(s)
}

// field writes a member, unless it is empty.
func (w *jsonWriter) field(name, value string) {
	if value != "" {
		w.must(name, value)
	}
}

// must writes a member even if it is empty.
func (w *jsonWriter) must(name, value string) {
	w.key(name)
	w.str(value)
}

func (w *jsonWriter) int(name string, n int) {
	w.key(name)
	w.value()
	w.buf = strconv.AppendInt(w.buf, int64(n), 10)
}

func (w *jsonWriter) bool(name string, b bool) {
	w.key(name)
	w.value()
	w.buf = strconv.AppendBool(w.buf, b)
}

// strings writes a member that is an array, unless it is empty.
func (w *jsonWriter) strings(name string, values []string) {
	if len(values) == 0 {
		return
	}
	w.key(name)
	w.array()
	for _, v := range values {
		w.str(v)
	}
	w.endArray()
}

func (w *jsonWriter) quote(s string) { w.buf = appendQuoted(w.buf, s, false) }

const hexDigits = "0123456789abcdef"

// appendQuoted appends s as a JSON string. Bytes that are no UTF-8 become
// U+FFFD. With markup, '<', '>' and '&' are escaped, too.
func appendQuoted(buf []byte, s string, markup bool) []byte {
	buf = append(buf, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= 0x20 && c != '"' && c != '\\' && c != 0x7f && (!markup || c != '<' && c != '>' && c != '&') {
				i++
				continue
			}
			buf = append(buf, s[start:i]...)
			switch c {
			case '"', '\\':
				buf = append(buf, '\\', c)
			case '\n':
				buf = append(buf, '\\', 'n')
			case '\r':
				buf = append(buf, '\\', 'r')
			case '\t':
				buf = append(buf, '\\', 't')
			default:
				buf = append(buf, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			buf = append(append(buf, s[start:i]...), "\ufffd"...)
			i++
			start = i
			continue
		}
		i += size
	}
	return append(append(buf, s[start:]...), '"')
}
