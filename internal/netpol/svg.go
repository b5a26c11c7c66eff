package netpol

import (
	"cmp"
	"fmt"
	"html"
	"slices"
	"strings"
	"unicode/utf8"
)

// SVG draws the graph as one picture with no script and nothing fetched.
// Boxes stand in columns: who sends on the left, who receives on the right.
func (g *Graph) SVG() string {
	d := g.draw()
	l := d.layout()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="sans-serif" font-size="13">`+"\n",
		l.width, l.height, l.width, l.height)
	b.WriteString(`<title>Who can reach whom</title>
<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z" fill="#4a5568"/></marker></defs>
<rect width="100%" height="100%" fill="#fff"/>
`)
	for _, a := range d.arrows {
		l.curve(&b, a)
	}
	for i := range d.boxes {
		l.box(&b, &d.boxes[i], l.at[i])
	}
	for _, a := range d.arrows {
		l.text(&b, a)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" fill="#4a5568" font-size="11">%s</text>`+"\n", margin, l.height-12,
		"Dashed boxes are not in the manifests. From a box that sends anywhere to one that is open to all no arrow is drawn: everything passes.")
	b.WriteString("</svg>\n")
	return b.String()
}

const (
	margin   = 24
	boxWide  = 230
	lineHigh = 17
	columnBy = 430
	rowGap   = 26
)

// place is where a box stands.
type place struct{ x, y, w, h int }

type layout struct {
	at            []place
	lanes         map[[2]int]int // how many labels stand on one side of a box already
	said          map[said]bool
	width, height int
}

// said is a label on one side of a box.
type said struct {
	side, box int
	text      string
}

func (d *drawing) layout() *layout {
	l := &layout{at: make([]place, len(d.boxes)), lanes: map[[2]int]int{}, said: map[said]bool{}}
	columns := d.columns()
	for c, members := range columns {
		y := margin
		for _, i := range members {
			b := &d.boxes[i]
			lines := len(b.lines()) + len(nonEmpty(b.space)) + len(nonEmpty(b.note()))
			l.at[i] = place{x: margin + c*columnBy, y: y, w: boxWide, h: lines*lineHigh + 14}
			y += l.at[i].h + rowGap
		}
		l.height = max(l.height, y)
	}
	l.width = margin*2 + max(len(columns)-1, 0)*columnBy + boxWide + 60
	l.width = max(l.width, 820)
	for _, a := range d.arrows {
		p, q := l.at[a.from], l.at[a.to]
		l.height = max(l.height, max(p.y+p.h, q.y+q.h)+sagOf(p, q)*3/4)
	}
	l.height += 40
	return l
}

// columns gives each box the column after those that send to it. Arrows that
// close a circle are left out of account.
func (d *drawing) columns() [][]int {
	forward := d.forward()
	depth := make([]int, len(d.boxes))
	for range d.boxes {
		moved := false
		for i, a := range d.arrows {
			if forward[i] && depth[a.to] < depth[a.from]+1 {
				depth[a.to] = depth[a.from] + 1
				moved = true
			}
		}
		if !moved {
			break
		}
	}
	columns := make([][]int, slices.Max(append(depth, 0))+1)
	for i, n := range depth {
		columns[n] = append(columns[n], i)
	}
	for _, members := range columns {
		slices.SortStableFunc(members, func(i, j int) int {
			return cmp.Or(strings.Compare(d.boxes[i].space, d.boxes[j].space), cmp.Compare(i, j))
		})
	}
	return columns
}

// forward tells which arrows close no circle, going along them from the boxes
// to which nobody sends, and then from the others.
func (d *drawing) forward() []bool {
	out, in := make([][]int, len(d.boxes)), make([]int, len(d.boxes))
	for i, a := range d.arrows {
		if a.from != a.to {
			out[a.from] = append(out[a.from], i)
			in[a.to]++
		}
	}
	const unseen, open, done = 0, 1, 2
	state := make([]int, len(d.boxes))
	forward := make([]bool, len(d.arrows))
	var visit func(int)
	visit = func(b int) {
		state[b] = open
		for _, i := range out[b] {
			to := d.arrows[i].to
			forward[i] = state[to] != open
			if state[to] == unseen {
				visit(to)
			}
		}
		state[b] = done
	}
	for _, sources := range []bool{true, false} {
		for b := range d.boxes {
			if state[b] == unseen && (in[b] == 0) == sources {
				visit(b)
			}
		}
	}
	return forward
}

func (l *layout) curve(b *strings.Builder, a arrow) {
	p, q := l.at[a.from], l.at[a.to]
	x1, y1, x2, y2 := p.x+p.w, p.y+p.h/2, q.x, q.y+q.h/2
	switch {
	case a.from == a.to:
		fmt.Fprintf(b, `<path d="M%d %d C%d %d %d %d %d %d" fill="none" stroke="#4a5568" stroke-width="1.4" marker-end="url(#tip)"/>`+"\n",
			x1, y1-6, x1+48, y1-30, x1+48, y1+30, x1+1, y1+6)
		return
	case q.x == p.x:
		x2 = q.x + q.w
		fmt.Fprintf(b, `<path d="M%d %d C%d %d %d %d %d %d" fill="none" stroke="#4a5568" stroke-width="1.4" marker-end="url(#tip)"/>`+"\n",
			x1, y1, x1+70, y1, x2+70, y2, x2+1, y2)
		return
	case q.x < p.x:
		x1, x2 = p.x, q.x+q.w
	}
	bend, sag := (x2-x1)/2, sagOf(p, q)
	fmt.Fprintf(b, `<path d="M%d %d C%d %d %d %d %d %d" fill="none" stroke="#4a5568" stroke-width="1.4" marker-end="url(#tip)"/>`+"\n",
		x1, y1, x1+bend, y1+sag, x2-bend, y2+sag, x2, y2)
}

// sagOf is how far down an arrow is bent that passes other columns, so that
// it does not run behind their boxes alone.
func sagOf(p, q place) int {
	between := max(p.x, q.x)/columnBy - min(p.x, q.x)/columnBy - 1
	return 60 * max(between, 0)
}

// text writes an arrow's ports near its end, where few others run.
func (l *layout) text(b *strings.Builder, a arrow) {
	p, q := l.at[a.from], l.at[a.to]
	text := shorten(a.ports.String(), 26)
	side := cmp.Compare(q.x, p.x)
	if a.from == a.to {
		side = 2
	}
	if l.said[said{side, a.to, text}] {
		return // another arrow to the box says so
	}
	l.said[said{side, a.to, text}] = true
	lane := l.lanes[[2]int{side, a.to}]
	l.lanes[[2]int{side, a.to}]++
	x, y, anchor := q.x-12, q.y+q.h/2-6-lane*14, "end"
	switch {
	case a.from == a.to:
		x, y, anchor = q.x+q.w+40, q.y+q.h/2+4, "start"
	case q.x == p.x:
		x, y, anchor = q.x+q.w+14, q.y+q.h/2-6-lane*14, "start"
	case q.x < p.x:
		x, anchor = q.x+q.w+12, "start"
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="%s" font-size="11" fill="#1a365d" stroke="#fff" stroke-width="3" paint-order="stroke">%s</text>`+"\n",
		x, y, anchor, html.EscapeString(text))
}

func (l *layout) box(b *strings.Builder, x *box, p place) {
	fill, stroke, dash := "#ebf4ff", "#3182ce", ""
	switch {
	case x.kind != Pods:
		fill, stroke, dash = "#f7fafc", "#718096", ` stroke-dasharray="4 3"`
	case x.open[Inbound]:
		fill, stroke = "#fff5f5", "#c53030"
	case x.open[Outbound]:
		fill, stroke = "#fffaf0", "#c05621"
	}
	fmt.Fprintf(b, `<g><title>%s</title><rect x="%d" y="%d" width="%d" height="%d" rx="5" fill="%s" stroke="%s" stroke-width="1.4"%s/>`+"\n",
		html.EscapeString(strings.Join(x.names, ", ")), p.x, p.y, p.w, p.h, fill, stroke, dash)
	y := p.y + lineHigh + 3
	if x.space != "" {
		fmt.Fprintf(b, `<text x="%d" y="%d" font-size="11" fill="#718096">%s</text>`+"\n", p.x+10, y, html.EscapeString(shorten(x.space, 34)))
		y += lineHigh
	}
	for _, line := range x.lines() {
		fmt.Fprintf(b, `<text x="%d" y="%d" fill="#1a202c">%s</text>`+"\n", p.x+10, y, html.EscapeString(line))
		y += lineHigh
	}
	if note := x.note(); note != "" {
		fmt.Fprintf(b, `<text x="%d" y="%d" font-size="11" fill="#c53030">%s</text>`+"\n", p.x+10, y, note)
	}
	b.WriteString("</g>\n")
}

// maxLine is how many letters stand on a line of a box.
const maxLine = 28

// lines are the box's text in lines that fit.
func (b *box) lines() []string {
	var out []string
	for _, name := range b.label() {
		line := ""
		for word := range strings.FieldsSeq(name) {
			word = shorten(word, maxLine)
			if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > maxLine {
				out = append(out, line)
				line = ""
			}
			line = strings.TrimSpace(line + " " + word)
		}
		out = append(out, line)
	}
	return out
}

// shorten cuts a text in the middle.
func shorten(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == utf8.RuneError || r == 0xfffe || r == 0xffff {
			return ' ' // no character of XML
		}
		return r
	}, s)
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-8]) + "…" + string(r[len(r)-7:])
}
