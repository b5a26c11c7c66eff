package manifest

import (
	"fmt"
	"strings"
)

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
