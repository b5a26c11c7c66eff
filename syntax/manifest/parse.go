package manifest

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/boltseal/boltseal"
)

// Limits on what one file may hold. Nobody writes more, and what machines
// write in attack ends here.
const (
	maxDepth = 250
	maxNodes = 500_000
	maxBytes = 1 << 30

	// maxWeight bounds what aliases expand to: a unit is a node, or 32 bytes.
	maxWeight = 2_000_000
)

// parser reads a stream from left to right. After a failure it stands at the
// end of the source, so that every loop ends.
type parser struct {
	f       *File
	s       string
	i       int  // the next byte
	bol     int  // where the present line begins
	first   int  // the line's first token, once skip has come to it
	tab     int  // a tab in the present line's indentation, or -1
	begun   bool // a token of the present line was passed
	depth   int
	nodes   int
	legacy  bool // booleans as YAML 1.1 has them: kubectl reads "yes" as true
	anchors map[string]*Node
	slab    []Node
	failed  *Error
}

// props are the anchor and the tag before a node.
type props struct {
	anchor, tag string
	start       int
	set         bool
}

func (p *parser) stream() {
	if len(p.s) > maxBytes {
		p.fail(0, "the file is larger than %d bytes", maxBytes)
		p.note()
		return
	}
	if strings.HasPrefix(p.s, "\ufeff") {
		p.i, p.bol = 3, 3
	}
	if at := invalidUTF8(p.s); at >= 0 {
		p.fail(at, "the file is not valid UTF-8")
		p.note()
		return
	}
	for p.i < len(p.s) {
		p.document()
	}
}

func invalidUTF8(s string) int {
	if utf8.ValidString(s) {
		return -1
	}
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// fail notes the first thing that is wrong and goes to the end.
func (p *parser) fail(at int, format string, args ...any) {
	if p.failed == nil {
		p.failed = &Error{Span: span(at, at), Message: fmt.Sprintf(format, args...), Lost: true}
	}
	p.i = len(p.s)
}

// note takes the failure into the file's errors.
func (p *parser) note() {
	p.complain(*p.failed)
	p.failed = nil
}

func (p *parser) complain(e Error) {
	e.Line, e.Col = p.f.position(e.Span.Start)
	p.f.Errors = append(p.f.Errors, e)
}

// document reads one document, or what separates two.
func (p *parser) document() {
	p.skip()
	for p.i < len(p.s) && p.s[p.i] == '%' && p.i == p.bol {
		p.passLine()
		p.skip()
	}
	if p.i >= len(p.s) {
		return
	}
	p.anchors, p.depth = nil, 0
	start := p.i
	fresh := true
	if p.marker() {
		end := p.s[p.i] == '.'
		p.i += 3
		p.begun = true
		if end {
			return
		}
		fresh = false
	}
	root := p.block(-1, fresh, false)
	p.skip()
	if p.failed == nil && p.i < len(p.s) && !p.marker() {
		p.fail(p.i, "%s", p.stray())
	}
	if p.failed != nil {
		// The failure may stand on the marker of the next document.
		at := p.f.lineStart(p.failed.Span.Start)
		if at <= start {
			at = start + 1
		} else {
			at--
		}
		p.note()
		p.resume(at)
		return
	}
	if root.Tag == "!!null" && root.Span.Start == root.Span.End && !root.propsSet() {
		return
	}
	p.f.Docs = append(p.f.Docs, &Doc{Root: root, Span: boltseal.Span{Start: start, End: max(root.Span.End, start)}})
}

func (n *Node) propsSet() bool { return int(n.props) != n.Span.Start }

// stray says what is wrong with a token that no rule expects.
func (p *parser) stray() string {
	switch {
	case p.i != p.first:
		return "something stands behind a value that is complete"
	case p.tab >= 0:
		return "a tab in the indentation, where only spaces may be"
	}
	return "the indentation fits no line above"
}

// resume goes to the next document marker behind an offset.
func (p *parser) resume(at int) {
	for at < len(p.s) {
		n := strings.IndexAny(p.s[at:], "\r\n")
		if n < 0 {
			break
		}
		at += n
		at += breakLen(p.s, at)
		p.i, p.bol, p.begun, p.tab, p.first = at, at, false, -1, -1
		if p.marker() {
			return
		}
	}
	p.i = len(p.s)
}

// marker tells whether "---" or "..." stands here alone.
func (p *parser) marker() bool {
	if p.i != p.bol || p.i+3 > len(p.s) {
		return false
	}
	return (p.s[p.i:p.i+3] == "---" || p.s[p.i:p.i+3] == "...") && p.blank(p.i+3)
}

// blank tells whether white space or the end is at an offset.
func (p *parser) blank(i int) bool {
	if i >= len(p.s) {
		return true
	}
	c := p.s[i]
	return c == ' ' || c == '\n' || c == '\t' || c == '\r'
}

func (p *parser) col() int { return p.i - p.bol }

// peek is the next byte, 0 at the end.
func (p *parser) peek() byte {
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *parser) passLine() {
	for p.i < len(p.s) && breakLen(p.s, p.i) == 0 {
		p.i++
	}
}

// newline passes the line break here.
func (p *parser) newline() {
	p.i += breakLen(p.s, p.i)
	p.bol, p.begun, p.tab = p.i, false, -1
}

// skip passes white space, comments and line breaks, and tells whether it
// came to another line.
func (p *parser) skip() bool {
	crossed := false
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case ' ':
			p.i++
		case '\t':
			if !p.begun && p.tab < 0 {
				p.tab = p.i
			}
			p.i++
		case '\n', '\r':
			p.newline()
			crossed = true
		case '#':
			if p.i > p.bol && p.s[p.i-1] != ' ' && p.s[p.i-1] != '\t' {
				p.arrive()
				return crossed
			}
			start := p.i
			p.passLine()
			p.f.comments = append(p.f.comments, span(start, p.i))
		default:
			p.arrive()
			return crossed
		}
	}
	return crossed
}

// arrive notes that a token begins here.
func (p *parser) arrive() {
	if !p.begun {
		p.begun, p.first = true, p.i
	}
}

// blanks passes spaces and tabs.
func (p *parser) blanks() {
	for p.i < len(p.s) && (p.s[p.i] == ' ' || p.s[p.i] == '\t') {
		p.i++
	}
}

func (p *parser) node(kind NodeKind, style Style, pr props, start int) *Node {
	if p.nodes++; p.nodes > maxNodes {
		p.fail(start, "more than %d values: nobody wrote those", maxNodes)
	}
	if len(p.slab) == 0 {
		size := 64
		if p.nodes == 1 {
			size = min(16+2*strings.Count(p.s, "\n"), 4096) // most lines are a key and a value
		}
		p.slab = make([]Node, size)
	}
	n := &p.slab[0]
	p.slab = p.slab[1:]
	n.Kind, n.Style, n.Span = kind, style, span(start, start)
	n.props, n.Tag, n.Anchor = int32(start), pr.tag, pr.anchor
	if pr.set {
		n.props = int32(pr.start)
	}
	n.weight, n.height = 1, 1
	return n
}

// done makes a node whose content is complete known by its anchor: an alias
// inside of it cannot mean itself.
func (p *parser) done(n *Node) *Node {
	if n.Anchor != "" {
		if p.anchors == nil {
			p.anchors = map[string]*Node{}
		}
		p.anchors[n.Anchor] = n
	}
	n.weight += int32(len(n.Value) / 32)
	return n
}

// put makes a node the child of a collection. A collection is as heavy as all
// that its aliases expand to.
func (p *parser) put(parent, child *Node) {
	child.Parent = parent
	parent.weight += child.weight
	parent.height = max(parent.height, child.height+1)
	parent.Span.End = max(parent.Span.End, child.Span.End)
	if parent.weight > maxWeight || parent.height > maxDepth {
		p.fail(child.Span.Start, "the aliases expand to more than anybody would write")
	}
}

// empty is a value that is not written.
func (p *parser) empty(at int, pr props) *Node {
	n := p.node(Scalar, Plain, pr, at)
	if n.Tag == "" {
		n.Tag = "!!null"
	}
	return p.done(n)
}
