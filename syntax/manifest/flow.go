package manifest

func isFlowIndicator(c byte) bool {
	return c == ',' || c == '[' || c == ']' || c == '{' || c == '}'
}

// flow reads a flow sequence or a flow mapping, at whose bracket it stands.
func (p *parser) flow(pr props) *Node {
	if p.depth++; p.depth > maxDepth {
		p.fail(p.i, "more than %d levels deep: nobody wrote those", maxDepth)
	}
	defer func() { p.depth-- }()
	if p.peek() == '[' {
		return p.flowSequence(pr)
	}
	return p.flowMapping(pr)
}

func (p *parser) flowSequence(pr props) *Node {
	start := p.i
	n := p.node(Sequence, Flow, pr, start)
	if n.Tag == "" {
		n.Tag = "!!seq"
	}
	p.pass()
	for p.flowGo(start, ']') {
		item := p.flowEntry()
		p.put(n, item)
		n.Items = append(n.Items, item)
		p.flowComma(start, ']')
	}
	n.Span.End = p.i
	return p.done(n)
}

// pass goes one byte on.
func (p *parser) pass() {
	if p.i < len(p.s) {
		p.i++
	}
}

// flowGo goes to the next entry of a flow collection and tells whether there
// is one; otherwise it passes the closing bracket.
func (p *parser) flowGo(start int, closing byte) bool {
	p.skip()
	switch {
	case p.i >= len(p.s):
		p.fail(start, "the bracket that opens here is never closed")
		return false
	case p.marker():
		p.fail(start, "the document ends before the bracket that opens here is closed")
		return false
	case p.s[p.i] == closing:
		p.i++
		return false
	case p.s[p.i] == ',':
		p.fail(p.i, "a comma with nothing before it")
		return false
	}
	return true
}

// flowComma passes the comma between two entries.
func (p *parser) flowComma(start int, closing byte) {
	p.skip()
	switch {
	case p.i >= len(p.s):
		p.fail(start, "the bracket that opens here is never closed")
	case p.marker():
		p.fail(start, "the document ends before the bracket that opens here is closed")
	case p.s[p.i] == ',':
		p.i++
	case p.s[p.i] != closing:
		p.fail(p.i, "a comma or %q is wanted here", closing)
	}
}

// flowEntry reads an entry of a flow sequence; "a: b" is a mapping of its own
// (YAML 1.2.2, section 7.4.1, single pair).
func (p *parser) flowEntry() *Node {
	start := p.i
	explicit := p.peek() == '?' && p.blank(p.i+1)
	if explicit {
		p.i++
		p.skip()
	}
	key := p.flowNode()
	if !p.flowColon(key) && !explicit {
		return key
	}
	n := p.node(Mapping, Flow, props{}, min(start, int(key.props)))
	value := p.flowValue(key)
	p.put(n, key)
	p.put(n, value)
	n.Pairs = []Pair{{key, value}}
	n.Tag = "!!map"
	return n
}

func (p *parser) flowMapping(pr props) *Node {
	start := p.i
	n := p.node(Mapping, Flow, pr, start)
	p.pass()
	for p.flowGo(start, '}') {
		if p.peek() == '?' && p.blank(p.i+1) {
			p.i++
			p.skip()
		}
		key := p.flowNode()
		if key.Kind == Mapping || key.Kind == Sequence {
			p.fail(key.Span.Start, "a collection is no key here; is this a template?")
		}
		value := p.flowValue(key)
		p.put(n, key)
		p.put(n, value)
		n.Pairs = append(n.Pairs, Pair{key, value})
		p.flowComma(start, '}')
	}
	n.Span.End = p.i
	p.finish(n)
	return p.done(n)
}

// flowColon tells whether the colon that makes a key of a node follows.
func (p *parser) flowColon(key *Node) bool {
	p.skip()
	if p.peek() != ':' {
		return false
	}
	// Behind what JSON knows as a key no blank is needed (section 7.4.2).
	adjacent := key.Kind != Scalar || key.Style != Plain
	return adjacent || p.blank(p.i+1) || isFlowIndicator(p.s[p.i+1])
}

// flowValue reads what stands behind a key's colon, if it has one.
func (p *parser) flowValue(key *Node) *Node {
	if !p.flowColon(key) {
		return p.empty(key.Span.End, props{})
	}
	p.i++
	end := p.i
	p.skip()
	if c := p.peek(); c == ',' || c == ']' || c == '}' {
		return p.empty(end, props{})
	}
	return p.flowNode()
}

// flowNode reads a node in flow context.
func (p *parser) flowNode() *Node {
	var pr props
	at := p.i
	for p.property(&pr) {
		at = p.i
		p.skip()
	}
	switch c := p.peek(); {
	case c == ',' || c == ']' || c == '}' || c == ':' && (p.blank(p.i+1) || isFlowIndicator(p.s[p.i+1])):
		return p.empty(at, pr)
	case c == '[' || c == '{' || c == '"' || c == '\'' || c == '*':
		return p.atom(-1, pr)
	}
	if p.marker() {
		p.fail(p.i, "the document ends inside brackets")
	}
	return p.plain(-1, pr, true)
}
