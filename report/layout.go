package report

import (
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// minWidth is the least that a table can be laid out in; a terminal that is
// narrower wraps.
const minWidth = 60

// farthest is how far apart the two ends of a line may stand before the eye
// no longer joins them.
const farthest = 110

// ink is an ANSI style (ECMA-48, SGR).
type ink string

// The styles. Colours are the terminal's own sixteen, so that they fit its
// background.
const (
	plain   ink = ""
	bold    ink = "1"
	faint   ink = "2"
	red     ink = "31"
	green   ink = "32"
	yellow  ink = "33"
	blue    ink = "34"
	boldRed ink = "1;31"
	badge   ink = "1;97;41" // white on red
	caution ink = "1;30;43" // black on yellow
	good    ink = "1;30;42" // black on green
)

// cell is a piece of one line: its text has no escape sequences and has been
// cleaned.
type cell struct {
	text string
	ink  ink
}

// page collects lines and knows how wide they may be.
type page struct {
	strings.Builder
	width int
	color bool
}

// line writes cells side by side and ends the line. Trailing blanks and what
// does not fit are left out.
func (p *page) line(cells ...cell) {
	for len(cells) > 0 && strings.TrimRight(cells[len(cells)-1].text, " ") == "" {
		cells = cells[:len(cells)-1]
	}
	left := p.width
	for i, c := range cells {
		if i == len(cells)-1 {
			c.text = strings.TrimRight(c.text, " ")
		}
		c.text = fit(c.text, left)
		left -= widthOf(c.text)
		p.put(c)
	}
	p.WriteByte('\n')
}

// flow writes cells one after the other, broken at words into as many lines
// as it takes. Each keeps its ink.
func (p *page) flow(cells ...cell) {
	var line []cell
	used := 0
	emit := func() {
		p.line(line...)
		line, used = nil, 0
	}
	blank := false
	for _, c := range cells {
		blank = blank || strings.HasPrefix(c.text, " ")
		for word := range strings.FieldsSeq(c.text) {
			w := widthOf(word)
			if used > 0 && used+1+w > p.width {
				emit()
			}
			if blank && used > 0 {
				word, w = " "+word, w+1
			}
			for w > p.width {
				head, tail := split(word, p.width)
				line = append(line, cell{head, c.ink})
				emit()
				word, w = tail, widthOf(tail)
			}
			if n := len(line); n > 0 && line[n-1].ink == c.ink {
				line[n-1].text += word
			} else {
				line = append(line, cell{word, c.ink})
			}
			used += w
			blank = true
		}
		blank = strings.HasSuffix(c.text, " ")
	}
	emit()
}

func (p *page) put(c cell) {
	if !p.color || c.ink == plain || strings.TrimSpace(c.text) == "" {
		p.WriteString(c.text)
		return
	}
	p.WriteString("\x1b[")
	p.WriteString(string(c.ink))
	p.WriteByte('m')
	p.WriteString(c.text)
	p.WriteString("\x1b[0m")
}

// paragraph writes text under an indent, wrapped at words to the page's width.
func (p *page) paragraph(indent int, first, text string, i ink) {
	lead := strings.Repeat(" ", indent)
	for n, line := range wrap(text, p.width-indent-widthOf(first)) {
		if n > 0 {
			first = strings.Repeat(" ", widthOf(first))
		}
		p.line(cell{lead + first, i}, cell{line, i})
	}
}

// spread writes left and right at the two ends of a line, or on lines of
// their own when they do not fit on one.
func (p *page) spread(left []cell, right cell) {
	used := 0
	for _, c := range left {
		used += widthOf(c.text)
	}
	if gap := min(p.width, farthest) - used - widthOf(right.text); right.text != "" && gap >= between {
		p.line(append(left, cell{strings.Repeat(" ", gap), plain}, right)...)
		return
	}
	p.flow(left...)
	if right.text != "" {
		p.line(cell{strings.Repeat(" ", indent), plain}, right)
	}
}

// widthOf is the number of terminal columns that s takes.
func widthOf(s string) int { return displaywidth.String(s) }

// fit shortens s to a number of columns.
func fit(s string, width int) string {
	if widthOf(s) <= width {
		return s
	}
	return displaywidth.TruncateString(s, width, "…")
}

// fitEnd shortens s to a number of columns and keeps its end, which tells
// most about a path.
func fitEnd(s string, width int) string {
	over := widthOf(s) - width
	if over <= 0 {
		return s
	}
	_, tail := split(s, over+1)
	for widthOf(tail) >= width && tail != "" {
		_, tail = split(tail, 1)
	}
	return "…" + tail
}

// pad is s in exactly this many columns.
func pad(s string, width int) string {
	s = fit(s, width)
	return s + strings.Repeat(" ", max(width-widthOf(s), 0))
}

// wrap breaks s at its blanks into lines of at most this many columns. Words
// that are longer than a line are broken.
func wrap(s string, width int) []string {
	var lines []string
	line, used := "", 0
	for word := range strings.FieldsSeq(s) {
		w := widthOf(word)
		if used > 0 && used+1+w <= width {
			line += " " + word
			used += 1 + w
			continue
		}
		if used > 0 {
			lines = append(lines, line)
		}
		for w > width {
			head, tail := split(word, width)
			lines = append(lines, head)
			word, w = tail, widthOf(tail)
		}
		line, used = word, w
	}
	if used > 0 || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// split cuts a word after as many graphemes as fit into width, at least one.
func split(word string, width int) (head, tail string) {
	g := displaywidth.StringGraphemes(word)
	used, n := 0, 0
	for g.Next() {
		if used += g.Width(); used > width && n > 0 {
			break
		}
		n += len(g.Value())
	}
	return word[:n], word[n:]
}
