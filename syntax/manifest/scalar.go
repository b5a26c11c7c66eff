package manifest

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// plain reads a scalar without quotes. Lines that follow are part of it as
// long as they stand deeper than indent; in flow context they always are.
func (p *parser) plain(indent int, pr props, flow bool) *Node {
	start := p.i
	if !p.plainStart(flow) {
		switch c := p.peek(); {
		case p.i >= len(p.s):
			p.fail(start, "a value is wanted here")
		case c == '#':
			p.fail(start, "a comment needs a blank before it")
		default:
			p.fail(start, "no value begins with %q", c)
		}
		return p.empty(min(start, len(p.s)), pr)
	}
	end := p.plainLine(flow)
	n := p.node(Scalar, Plain, pr, start)
	n.Value, n.Span.End = p.s[start:end], end
	if p.i < len(p.s) && breakLen(p.s, p.i) > 0 {
		p.plainMore(n, indent, flow)
	}
	if n.Tag == "" {
		n.Tag = resolve(n.Value, p.legacy)
	}
	return p.done(n)
}

// plainStart tells whether a plain scalar may begin here (section 7.3.3).
func (p *parser) plainStart(flow bool) bool {
	switch c := p.peek(); c {
	case '-', '?', ':':
		return !p.blank(p.i+1) && !(flow && isFlowIndicator(p.s[p.i+1]))
	case 0, ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`', ' ', '\t':
		return false
	default:
		return c >= 0x20
	}
}

// plainLine reads the part of a plain scalar on the present line and returns
// its end, without the blanks behind it, which are passed.
func (p *parser) plainLine(flow bool) int {
	s, i := p.s, p.i
	end := i
	for i < len(s) {
		c := s[i]
		if c == '\n' || c == '\r' {
			break
		}
		if c == ' ' || c == '\t' {
			i++
			continue
		}
		if c == '#' && i > end && i > p.i {
			break
		}
		if c == ':' && (p.blank(i+1) || flow && isFlowIndicator(s[i+1])) {
			break
		}
		if flow && isFlowIndicator(c) {
			break
		}
		i++
		end = i
	}
	p.i = i
	if i < len(s) && (s[i] == '#' || s[i] == ':') {
		p.i = end
	}
	return end
}

// plainMore takes in the further lines of a plain scalar: one line break is
// read as a space, each further one as itself (section 6.5).
func (p *parser) plainMore(n *Node, indent int, flow bool) {
	var text strings.Builder
	for {
		was := *p
		breaks := 0
		for p.i < len(p.s) {
			if breakLen(p.s, p.i) > 0 {
				p.newline()
				breaks++
				continue
			}
			if p.s[p.i] != ' ' && p.s[p.i] != '\t' {
				break
			}
			if p.s[p.i] == '\t' && p.tab < 0 {
				p.tab = p.i
			}
			p.i++
		}
		ends := p.i >= len(p.s) || p.marker() || p.s[p.i] == '#' || !flow && p.col() <= indent
		if flow && !ends {
			c := p.s[p.i]
			ends = isFlowIndicator(c) || c == ':' && (p.blank(p.i+1) || isFlowIndicator(p.s[p.i+1]))
		}
		if ends || breaks == 0 {
			p.i, p.bol, p.begun, p.tab, p.first = was.i, was.bol, was.begun, was.tab, was.first
			break
		}
		p.arrive()
		start := p.i
		end := p.plainLine(flow)
		if text.Len() == 0 {
			text.WriteString(n.Value)
		}
		fold(&text, breaks)
		text.WriteString(p.s[start:end])
		n.Span.End = end
		if p.i < len(p.s) && breakLen(p.s, p.i) == 0 {
			break
		}
	}
	if text.Len() > 0 {
		n.Value = text.String()
	}
}

// fold writes what a run of line breaks means inside a scalar.
func fold(text *strings.Builder, breaks int) {
	if breaks == 1 {
		text.WriteByte(' ')
		return
	}
	for range breaks - 1 {
		text.WriteByte('\n')
	}
}

func (p *parser) singleQuoted(pr props) *Node {
	n := p.node(Scalar, SingleQuoted, pr, p.i)
	start := p.i
	p.i++
	from := p.i
	var text strings.Builder
	for p.i < len(p.s) {
		switch c := p.s[p.i]; {
		case c == '\'' && p.i+1 < len(p.s) && p.s[p.i+1] == '\'':
			text.WriteString(p.s[from : p.i+1])
			p.i += 2
			from = p.i
		case c == '\'':
			p.quoted(n, &text, p.s[from:p.i])
			return n
		case c == '\n' || c == '\r':
			text.WriteString(strings.TrimRight(p.s[from:p.i], " \t"))
			from = p.foldQuoted(&text, start)
		default:
			p.i++
		}
	}
	p.fail(start, "the quote that opens here is never closed")
	return n
}

// quoted ends a quoted scalar at its closing quote.
func (p *parser) quoted(n *Node, text *strings.Builder, rest string) {
	n.Value = rest
	if text.Len() > 0 {
		text.WriteString(rest)
		n.Value = text.String()
	}
	p.i++
	n.Span.End = p.i
	if n.Tag == "" {
		n.Tag = "!!str"
	}
	p.done(n)
}

// foldQuoted passes the line breaks inside a quoted scalar and the blanks
// around them, and returns where its text goes on.
func (p *parser) foldQuoted(text *strings.Builder, start int) int {
	breaks := 0
	for p.i < len(p.s) {
		if breakLen(p.s, p.i) == 0 {
			if p.s[p.i] != ' ' && p.s[p.i] != '\t' {
				break
			}
			p.i++
			continue
		}
		p.newline()
		breaks++
		if p.marker() {
			p.fail(start, "the document ends before the quote that opens here is closed")
		}
	}
	p.arrive()
	fold(text, breaks)
	return p.i
}

func (p *parser) doubleQuoted(pr props) *Node {
	n := p.node(Scalar, DoubleQuoted, pr, p.i)
	start := p.i
	p.i++
	from := p.i
	var text strings.Builder
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case '"':
			p.quoted(n, &text, p.s[from:p.i])
			return n
		case '\\':
			text.WriteString(p.s[from:p.i])
			p.escape(&text)
			from = p.i
		case '\n', '\r':
			// Blanks before the break go, but not those that an escape made.
			text.WriteString(strings.TrimRight(p.s[from:p.i], " \t"))
			from = p.foldQuoted(&text, start)
		default:
			p.i++
		}
	}
	p.fail(start, "the quote that opens here is never closed")
	return n
}

var escapes = map[byte]string{
	'0': "\x00", 'a': "\a", 'b': "\b", 't': "\t", '\t': "\t", 'n': "\n", 'v': "\v", 'f': "\f", 'r': "\r", 'e': "\x1b",
	' ': " ", '"': "\"", '/': "/", '\\': "\\", 'N': "\u0085", '_': "\u00a0", 'L': "\u2028", 'P': "\u2029",
}

// escape reads what a backslash begins (section 5.7).
func (p *parser) escape(text *strings.Builder) {
	start := p.i
	p.i++
	if p.i >= len(p.s) {
		return
	}
	if breakLen(p.s, p.i) > 0 {
		// An escaped line break is nothing; further ones are themselves.
		p.newline()
		for p.i < len(p.s) {
			if breakLen(p.s, p.i) > 0 {
				p.newline()
				text.WriteByte('\n')
				continue
			}
			if p.s[p.i] != ' ' && p.s[p.i] != '\t' {
				break
			}
			p.i++
		}
		p.arrive()
		return
	}
	c := p.s[p.i]
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
	if digits == 0 {
		s, ok := escapes[c]
		if !ok {
			p.fail(start, "no escape is written \\%s", clip(p.s[p.i:min(p.i+1, len(p.s))]))
			return
		}
		text.WriteString(s)
		p.i++
		return
	}
	p.i++
	r, ok := p.hex(digits)
	if !ok {
		p.fail(start, "\\%c needs %d hexadecimal digits", c, digits)
		return
	}
	// JSON writes characters beyond the basic plane as two.
	if c == 'u' && utf16.IsSurrogate(r) && strings.HasPrefix(p.s[p.i:], "\\u") {
		p.i += 2
		low, ok := p.hex(4)
		if full := utf16.DecodeRune(r, low); ok && full != utf8.RuneError {
			r = full
		} else {
			p.i -= 2
			if ok {
				p.i -= 4
			}
		}
	}
	text.WriteRune(r)
}

func (p *parser) hex(digits int) (rune, bool) {
	if p.i+digits > len(p.s) {
		return 0, false
	}
	var r rune
	for _, c := range []byte(p.s[p.i : p.i+digits]) {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	p.i += digits
	if r < 0 || r > utf8.MaxRune {
		return utf8.RuneError, true
	}
	return r, true
}

// blockScalar reads a literal or folded scalar (section 8.1).
func (p *parser) blockScalar(indent int, pr props) *Node {
	start := p.i
	style := Literal
	if p.peek() == '>' {
		style = Folded
	}
	n := p.node(Scalar, style, pr, start)
	if n.Tag == "" {
		n.Tag = "!!str"
	}
	p.i++
	chomp, column := p.blockHeader(indent)
	n.Span.End = p.i
	p.blanks()
	if p.peek() == '#' && p.s[p.i-1] != ' ' && p.s[p.i-1] != '\t' || p.peek() != '#' && p.i < len(p.s) && breakLen(p.s, p.i) == 0 {
		p.fail(p.i, "the text of a block scalar begins on the next line")
		return n
	}
	if p.peek() == '#' {
		at := p.i
		p.passLine()
		p.f.comments = append(p.f.comments, span(at, p.i))
	}
	if p.i < len(p.s) {
		p.newline()
	}
	p.blockText(n, indent, column, chomp)
	return n
}

// blockHeader reads the indicators behind "|" or ">": '-' or '+' for the line
// breaks at the end, and the column of the text, or -1 if it is not given.
func (p *parser) blockHeader(indent int) (chomp byte, column int) {
	column = -1
	for range 2 {
		switch c := p.peek(); {
		case (c == '-' || c == '+') && chomp == 0:
			chomp = c
			p.i++
		case c >= '1' && c <= '9' && column < 0:
			column = max(indent, 0) + int(c-'0')
			p.i++
		}
	}
	return chomp, column
}

// blockText reads the lines of a block scalar.
func (p *parser) blockText(n *Node, indent, column int, chomp byte) {
	var text strings.Builder
	pending, breaks := "", 0 // the break behind the last line, and those of empty lines after it
	wasBlank := false        // the last line began with a blank
	for p.i < len(p.s) {
		at := p.i
		for at < len(p.s) && p.s[at] == ' ' && (column < 0 || at-p.i < column) {
			at++
		}
		if breakLen(p.s, at) > 0 {
			p.i = at
			p.newline()
			breaks++
			if chomp == '+' {
				n.Span.End = at
			}
			continue
		}
		if at >= len(p.s) {
			if at > p.i {
				p.i = at
			}
			break
		}
		if column < 0 {
			if at-p.i <= indent {
				break
			}
			column = at - p.i
		}
		if at-p.i < column || p.marker() {
			break
		}
		end := at
		for end < len(p.s) && breakLen(p.s, end) == 0 {
			end++
		}
		blank := p.s[at] == ' ' || p.s[at] == '\t'
		if n.Style == Folded && pending != "" && !wasBlank && !blank {
			if breaks == 0 {
				text.WriteByte(' ')
			}
		} else {
			text.WriteString(pending)
		}
		for range breaks {
			text.WriteByte('\n')
		}
		breaks, pending, wasBlank = 0, "", blank
		text.WriteString(p.s[at:end])
		p.i, n.Span.End = end, end
		if end < len(p.s) {
			pending = "\n"
			p.newline()
		}
	}
	if chomp != '-' {
		text.WriteString(pending)
	}
	if chomp == '+' {
		for range breaks {
			text.WriteByte('\n')
		}
	}
	n.Value = text.String()
	p.done(n)
}
