package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxText is how much of one text from outside a table keeps. Combining marks
// have no width, so a width alone would not bound it.
const maxText = 2048

// Clean makes text from outside safe to print on one line of a terminal: what
// could move the cursor, hide or reverse text becomes a visible escape.
func Clean(s string) string { return clean(s) }

// clean makes text from outside safe to print on one line of a terminal: line
// breaks and tabs become spaces; control characters, invalid UTF-8 and what
// reverses or hides text become visible escapes.
func clean(s string) string {
	if len(s) <= maxText && isPlain(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		if b.Len() >= maxText {
			b.WriteString("…")
			break
		}
		switch {
		case r == '\n' || r == '\t' || r == '\r' && strings.HasPrefix(s[i+1:], "\n"):
			b.WriteByte(' ')
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case isHostile(r):
			if r < 0x80 {
				fmt.Fprintf(&b, `\x%02x`, r)
			} else {
				fmt.Fprintf(&b, `\u{%x}`, r)
			}
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// cleanLines does the same to each line of a text and keeps the lines.
func cleanLines(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString(clean(strings.TrimRight(line, "\r\n")))
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// isPlain holds for printable ASCII, which is nearly everything.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// isHostile holds for characters that a terminal obeys, and for those that
// let a text look like another: controls (C0, DEL, C1), formats such as
// bidirectional overrides and zero-width marks, line separators, private use
// and unassigned code points. The joiners that emoji and Indic scripts need
// are let through.
func isHostile(r rune) bool {
	switch {
	case r == 0x200C || r == 0x200D:
		return false
	case r < ' ' || r >= 0x7F && r <= 0x9F:
		return true
	case r < 0x7F:
		return false
	}
	return unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs) ||
		!unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Zs)
}
