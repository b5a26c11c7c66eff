package manifest

import (
	"strings"

	"github.com/boltseal/boltseal"
)

// addPair adds an entry to a mapping that has some.
func (f *File) addPair(m *Node, name string, v *Node) boltseal.Edit {
	l := f.layoutAt(m)
	key := &Node{Kind: Scalar, Tag: "!!str", Value: name}
	var b strings.Builder
	if m.Style == Flow {
		last := m.Pairs[len(m.Pairs)-1]
		b.WriteString(l.scalar(key, last.Key.Style, true))
		b.WriteString(": ")
		if f.bare(m) {
			l.flow(&b, v)
			return f.edit(m.Span.Start, m.Span.End, "{"+f.Text(m.Span)+", "+b.String()+"}")
		}
		return f.addFlow(m, int(last.Key.props), max(last.Value.Span.End, last.Key.Span.End), &b, v, l)
	}
	indent := f.column(m.Span.Start)
	b.WriteString(l.scalar(key, Plain, false))
	b.WriteByte(':')
	l.blockValue(&b, v, indent)
	return f.addLines(m, indent, b.String(), l)
}

// bare tells whether a flow mapping is a single pair without braces.
func (f *File) bare(m *Node) bool {
	return m.Kind == Mapping && m.Style == Flow && f.src[m.Span.Start] != '{' || m.Kind == Mapping && len(m.Pairs) == 1 && int(m.Pairs[0].Key.props) == m.Span.Start
}

// addItem adds an entry to a sequence that has some.
func (f *File) addItem(s, v *Node) boltseal.Edit {
	l := f.layoutAt(s)
	var b strings.Builder
	if s.Style == Flow {
		last := s.Items[len(s.Items)-1]
		if v.Kind == Scalar && last.Kind == Scalar && v.Tag == "!!str" {
			v = &Node{Kind: Scalar, Tag: v.Tag, Value: v.Value, Style: last.Style}
		}
		return f.addFlow(s, int(last.props), last.Span.End, &b, v, l)
	}
	indent := f.column(s.Span.Start)
	l.blockItem(&b, v, indent)
	return f.addLines(s, indent, b.String(), l)
}

// addLines adds text as a line of its own behind a block collection. A block
// scalar that the end of the file cuts short would get a line break by that,
// so the text goes before everything else then.
func (f *File) addLines(n *Node, indent int, text string, l layout) boltseal.Edit {
	at := f.lineEnd(n.Span.End)
	if f.cutsText(n) && n.Kind == Mapping {
		return f.edit(n.Span.Start, n.Span.Start, text+l.eol+strings.Repeat(" ", indent))
	}
	return f.edit(at, at, l.eol+strings.Repeat(" ", indent)+text)
}

// cutsText tells whether a collection ends in a text that the end of the file
// cuts short: a line break behind it would become part of it.
func (f *File) cutsText(n *Node) bool {
	last := n.last()
	return n.Style == Block && f.lineEnd(n.Span.End) == len(f.src) && (last.Style == Literal || last.Style == Folded) && last.Value != ""
}

// last is the scalar, alias or flow collection that ends a node.
func (n *Node) last() *Node {
	for {
		switch {
		case n.Style != Block:
			return n
		case len(n.Pairs) > 0:
			n = n.Pairs[len(n.Pairs)-1].Value
		case len(n.Items) > 0:
			n = n.Items[len(n.Items)-1]
		default:
			return n
		}
	}
}

// addFlow adds a value, behind what b holds already, to a flow collection
// whose last entry begins and ends at two offsets.
func (f *File) addFlow(n *Node, begin, end int, b *strings.Builder, v *Node, l layout) boltseal.Edit {
	own := strings.Trim(f.src[f.lineStart(begin):begin], " \t") == "" && f.lineStart(begin) > n.Span.Start
	prefix := f.prefix(begin)
	switch {
	case v.Kind == Scalar:
		b.WriteString(l.scalar(v, quoting(v), true))
	case own && l.json:
		l.pretty(b, v, prefix, f.unit(n))
	default:
		l.flow(b, v)
	}
	separator := ", "
	switch {
	case own:
		separator = "," + l.eol + prefix
	case l.json && f.compact(n):
		separator = ","
	}
	return f.edit(end, end, separator+b.String())
}

// compact tells whether a flow collection writes no blank behind its commas.
func (f *File) compact(n *Node) bool {
	if len(n.Pairs) > 1 {
		return f.src[int(n.Pairs[1].Key.props)-1] == ','
	}
	return len(n.Items) > 1 && f.src[int(n.Items[1].props)-1] == ','
}
