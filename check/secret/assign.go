package secret

// assignment is a name that is set to a value, in any of the forms that
// configuration, shells and programs have.
type assignment struct {
	name, value span
	quoted      bool
}

type span struct{ start, end int }

const (
	maxName  = 80
	maxValue = 1024
)

// assigned reads the assignment whose name holds buf[at:end].
func assigned(buf []byte, at, end int) (a assignment, ok bool) {
	a.name.start, a.name.end = at, end
	for a.name.start > 0 && at-a.name.start < maxName && nameByte(buf[a.name.start-1]) {
		a.name.start--
	}
	for a.name.end < len(buf) && a.name.end-end < maxName && nameByte(buf[a.name.end]) {
		a.name.end++
	}
	p, ok := operator(buf, a.name)
	if !ok {
		return a, false
	}
	for n := 0; p < len(buf) && (buf[p] == ' ' || buf[p] == '\t'); n++ {
		if p++; n > 16 {
			return a, false
		}
	}
	p += escapes(buf[p:])
	if p < len(buf) && (buf[p] == '"' || buf[p] == '\'' || buf[p] == '`') {
		return a, a.quote(buf, p)
	}
	a.value = span{p, p}
	for a.value.end < len(buf) && a.value.end-p < maxValue && !endsValue(buf[a.value.end]) && !assignsAgain(buf, a.value.end) {
		a.value.end++
	}
	return a, a.value.end > p
}

// assignsAgain tells whether the sign at i is no padding but another
// assignment's: "a=b=c".
func assignsAgain(buf []byte, i int) bool {
	return buf[i] == '=' && i+1 < len(buf) && nameByte(buf[i+1])
}

// quote reads a value in quotes.
func (a *assignment) quote(buf []byte, p int) bool {
	q := buf[p]
	a.quoted = true
	a.value = span{p + 1, p + 1}
	for i := p + 1; i < len(buf) && i-p < maxValue; i++ {
		switch buf[i] {
		case q:
			a.value.end = i
			if buf[i-1] == '\\' { // a quoted value inside a quoted text
				a.value.end--
			}
			return a.value.end > a.value.start
		case '\n':
			return false
		}
	}
	return false
}

// escapes is how long the backslashes before a quote are, for JSON in JSON.
func escapes(b []byte) int {
	n := 0
	for n < len(b) && n < 3 && b[n] == '\\' {
		n++
	}
	if n < len(b) && (b[n] == '"' || b[n] == '\'') {
		return n
	}
	return 0
}

func nameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.'
}

func endsValue(c byte) bool {
	switch c {
	case ' ', '\t', '\n', '\r', ',', ';', '"', '\'', '`', '<', '>', '|', ')', '}', ']', '\\', 0:
		return true
	}
	return false
}

// operator reads what stands between a name and its value, and returns where
// the value begins.
func operator(buf []byte, name span) (int, bool) {
	p := name.end
	if p >= len(buf) {
		return 0, false
	}
	if buf[p] == '>' { // <name>value</name>
		return p + 1, name.start > 0 && buf[name.start-1] == '<'
	}
	p += escapes(buf[p:])
	for n := 0; p < len(buf) && n < 2 && (buf[p] == '"' || buf[p] == '\'' || buf[p] == ']'); n++ {
		p++
	}
	spaces := 0
	for p < len(buf) && (buf[p] == ' ' || buf[p] == '\t') && spaces < 24 {
		p++
		spaces++
	}
	if p+1 >= len(buf) {
		return 0, false
	}
	switch c, d := buf[p], buf[p+1]; {
	case c == '=' && d == '>', c == ':' && d == '=', c == '?' && d == '=':
		return p + 2, true
	case c == '=' && d == '=', c == ':' && d == ':':
		return 0, false
	case c == '=', c == ':':
		return p + 1, true
	}
	// A command's flag, or a legacy ENV: only white space between them.
	flag := name.start+2 < name.end && buf[name.start] == '-' && buf[name.start+1] == '-'
	return p, flag && spaces > 0
}
