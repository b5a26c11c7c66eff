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

// block reads a node in block context. What stands on later lines must stand
// deeper than indent, except a sequence that is the value of a mapping. On the
// present line a block collection may begin only if it is fresh.
func (p *parser) block(indent int, fresh, value bool) *Node {
	if p.depth++; p.depth > maxDepth {
		p.fail(p.i, "more than %d levels deep: nobody wrote those", maxDepth)
	}
	defer func() { p.depth-- }()
	start := p.i
	var outer, inner props
	for {
		if p.skip() {
			fresh = true
			outer, inner = p.join(outer, inner), props{}
		}
		at := p.col()
		if p.i >= len(p.s) || p.marker() || at <= indent && !(value && at == indent && p.dash()) {
			pr := p.join(outer, inner)
			if pr.set {
				start = max(start, pr.start)
			}
			return p.empty(start, pr)
		}
		if !p.property(&inner) {
			break
		}
		start = p.i
	}
	if p.tab >= 0 && p.i == p.first && p.peek() != '{' && p.peek() != '[' {
		p.fail(p.tab, "a tab in the indentation, where only spaces may be")
	}
	begin := p.i
	if inner.set {
		begin = inner.start
	}
	switch c := p.peek(); {
	case p.dash():
		if !fresh || inner.set {
			p.fail(p.i, "a sequence cannot begin on this line")
		}
		return p.sequence(outer)
	case (c == '?' || c == ':') && p.blank(p.i+1):
		if !fresh {
			p.fail(p.i, "a mapping cannot begin on this line")
		}
		return p.mapping(outer, inner, begin, nil)
	case c == '|' || c == '>':
		return p.blockScalar(indent, p.join(outer, inner))
	}
	line := p.bol
	keyPossible := fresh
	atom := p.atom(indent, inner)
	if p.keyFollows() && (p.bol == line) {
		if !keyPossible {
			p.fail(p.i, "a mapping cannot begin on the line of another key")
		}
		return p.mapping(outer, props{}, begin, atom)
	}
	if p.keyFollows() {
		p.fail(p.i, "a key must stand on one line")
	}
	if outer.set {
		p.adopt(atom, p.join(outer, inner))
	}
	return atom
}

// adopt gives a node the properties that stood on lines above it.
func (p *parser) adopt(n *Node, pr props) {
	if n.Kind == Alias {
		p.fail(n.Span.Start, "an alias has no anchor or tag of its own")
		return
	}
	n.props, n.Anchor = int32(pr.start), pr.anchor
	if pr.tag != "" {
		n.Tag = pr.tag
	}
	if pr.anchor != "" {
		if p.anchors == nil {
			p.anchors = map[string]*Node{}
		}
		p.anchors[pr.anchor] = n
	}
}

func (p *parser) join(a, b props) props {
	switch {
	case !a.set:
		return b
	case !b.set:
		return a
	case a.anchor != "" && b.anchor != "" || a.tag != "" && b.tag != "":
		p.fail(b.start, "a value has two anchors or two tags")
	}
	return props{anchor: a.anchor + b.anchor, tag: a.tag + b.tag, start: a.start, set: true}
}

// dash tells whether an entry of a block sequence begins here.
func (p *parser) dash() bool { return p.peek() == '-' && p.blank(p.i+1) }

// keyFollows tells whether what was read is a key, and stands at its colon
// then.
func (p *parser) keyFollows() bool {
	i := p.i
	for i < len(p.s) && (p.s[i] == ' ' || p.s[i] == '\t') {
		i++
	}
	if i < len(p.s) && p.s[i] == ':' && p.blank(i+1) && p.begun {
		p.i = i
		return true
	}
	return false
}

// property reads an anchor or a tag, if one is here.
func (p *parser) property(pr *props) bool {
	c := p.peek()
	if c != '&' && c != '!' {
		return false
	}
	start := p.i
	for p.i < len(p.s) && !p.blank(p.i) && (!isFlowIndicator(p.s[p.i]) || inVerbatim(p.s[start:p.i])) {
		p.i++
	}
	word := p.s[start:p.i]
	if c := p.peek(); c == '[' || c == '{' {
		p.fail(p.i, "a blank is wanted behind an anchor or a tag")
	}
	if c == '&' {
		if pr.anchor != "" || len(word) == 1 {
			p.fail(start, "a value has two anchors, or one without a name")
		}
		pr.anchor = word[1:]
	} else {
		if pr.tag != "" {
			p.fail(start, "a value has two tags")
		}
		pr.tag = plainTag(word)
	}
	if !pr.set {
		pr.set, pr.start = true, start
	}
	return true
}

func inVerbatim(s string) bool { return strings.HasPrefix(s, "!<") && !strings.HasSuffix(s, ">") }

// plainTag is a tag in its short form.
func plainTag(tag string) string {
	if rest, ok := strings.CutPrefix(tag, "!<tag:yaml.org,2002:"); ok {
		return "!!" + strings.TrimSuffix(rest, ">")
	}
	return tag
}

// atom reads anything but a block collection or a block scalar.
func (p *parser) atom(indent int, pr props) *Node {
	switch p.peek() {
	case '{', '[':
		return p.flow(pr)
	case '"':
		return p.doubleQuoted(pr)
	case '\'':
		return p.singleQuoted(pr)
	case '*':
		return p.alias(pr)
	}
	return p.plain(indent, pr, false)
}

func (p *parser) alias(pr props) *Node {
	start := p.i
	p.i++
	for p.i < len(p.s) && !p.blank(p.i) && !isFlowIndicator(p.s[p.i]) {
		p.i++
	}
	// "*a: b" in the wild means the alias as a key.
	if p.s[p.i-1] == ':' && p.blank(p.i) && p.i-start > 2 {
		p.i--
	}
	n := p.node(Alias, Plain, props{}, start)
	n.Value, n.Span.End = p.s[start+1:p.i], p.i
	target := p.anchors[n.Value]
	switch {
	case pr.set:
		p.fail(pr.start, "an alias has no anchor or tag of its own")
	case target == nil:
		p.fail(start, "no anchor &%s stands before this alias", clip(n.Value))
	}
	n.target = target
	if target != nil {
		n.weight, n.height = target.weight, target.height
	}
	return n
}

func clip(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}

// sequence reads a block sequence, at whose first dash it stands.
func (p *parser) sequence(pr props) *Node {
	col := p.col()
	n := p.node(Sequence, Block, pr, p.i)
	n.Span.End = p.i + 1
	for p.i < len(p.s) {
		dash := p.i
		p.i++
		item := p.block(col, true, false)
		item.lead = int32(dash)
		p.put(n, item)
		n.Items = append(n.Items, item)
		if !p.sibling(col) || !p.dash() {
			break
		}
	}
	if n.Tag == "" {
		n.Tag = "!!seq"
	}
	return p.done(n)
}

// sibling goes to the next token and tells whether it stands in a column, at
// the beginning of its line.
func (p *parser) sibling(col int) bool {
	p.skip()
	switch {
	case p.i >= len(p.s) || p.marker():
		return false
	case p.i != p.first || p.tab >= 0 || p.col() > col:
		p.fail(p.i, "%s", p.stray())
		return false
	}
	return p.col() == col
}

// mapping reads a block mapping from its first key, which was read already
// unless it is nil. begin is where the mapping starts.
func (p *parser) mapping(outer, inner props, begin int, key *Node) *Node {
	col := begin - p.bol
	n := p.node(Mapping, Block, outer, begin)
	for {
		if key == nil {
			key = p.key(col, inner)
			inner = props{}
		}
		value := p.value(key, col)
		p.put(n, key)
		p.put(n, value)
		n.Pairs = append(n.Pairs, Pair{key, value})
		key = nil
		if !p.sibling(col) || p.failed != nil {
			break
		}
		if p.dash() {
			p.fail(p.i, "a key is wanted, and this is an entry of a sequence")
			break
		}
	}
	p.finish(n)
	return p.done(n)
}

// key reads the key of a block mapping, and stands at its colon then.
func (p *parser) key(col int, pr props) *Node {
	if p.peek() == '?' && p.blank(p.i+1) {
		p.i++
		n := p.block(col, true, false)
		p.skip()
		return n
	}
	if p.peek() == ':' && p.blank(p.i+1) {
		return p.empty(p.i, pr)
	}
	line := p.bol
	for p.property(&pr) {
		p.blanks()
	}
	n := p.atom(col, pr)
	if !p.keyFollows() || p.bol != line {
		p.fail(min(n.Span.Start, len(p.s)), "a key is wanted here: no colon with a space behind it follows")
	}
	return n
}

// value reads the value behind a key's colon. The key written with "?" may
// have none.
func (p *parser) value(key *Node, col int) *Node {
	if p.peek() != ':' || !p.blank(p.i+1) || p.i == p.first && p.col() != col {
		return p.empty(key.Span.End, props{})
	}
	// Behind "?" the colon stands first on its line, and then anything may
	// begin there.
	fresh := p.i == p.first
	p.i++
	lead := p.i
	n := p.block(col, fresh, true)
	n.lead = int32(lead)
	return n
}

// finish gives a mapping its tag, and reports keys that stand in it twice.
func (p *parser) finish(n *Node) {
	if n.Tag == "" {
		n.Tag = "!!map"
	}
	if len(n.Pairs) < 2 {
		return
	}
	if len(n.Pairs) <= 12 {
		for i := 1; i < len(n.Pairs); i++ {
			for j := range i {
				if sameKey(n.Pairs[i].Key, n.Pairs[j].Key) {
					p.repeat(n, n.Pairs[i].Key)
					break
				}
			}
		}
		return
	}
	seen := make(map[string]*Node, len(n.Pairs))
	for _, pair := range n.Pairs {
		if other, ok := seen[pair.Key.Value]; ok && sameKey(pair.Key, other) {
			p.repeat(n, pair.Key)
		} else if pair.Key.Kind == Scalar {
			seen[pair.Key.Value] = pair.Key
		}
	}
}

// maxRepeats bounds the complaints about one file.
const maxRepeats = 100

func (p *parser) repeat(n, key *Node) {
	n.repeated = true
	if len(p.f.Errors) < maxRepeats {
		p.complain(Error{Span: key.Span, Message: fmt.Sprintf("the key %q stands in this mapping twice", clip(key.Value))})
	}
}

func sameKey(a, b *Node) bool {
	return a.Kind == Scalar && b.Kind == Scalar && a.Value == b.Value && a.Value != "<<" && (a.Tag == "!!null") == (b.Tag == "!!null")
}
