package manifest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

// ErrShared is what edits meet that would have to go through an alias: the
// value behind it stands elsewhere, and others may use it.
var ErrShared = errors.New("the value stands behind an alias")

// Set makes the value at a path below a node what is asked, with the fewest
// bytes and in the file's own style: indentation, quotes, line endings, block
// or flow. Mappings that are missing on the way are added. Comments stay,
// except those inside a value that is replaced. An edit that changes nothing
// is empty.
func (f *File) Set(at *Node, value any, path ...string) (boltseal.Edit, error) {
	n, rest, err := descend(at, path)
	if err != nil {
		return boltseal.Edit{}, fmt.Errorf("set %s: %w", strings.Join(path, "."), err)
	}
	v, err := build(nest(value, rest[min(1, len(rest)):]))
	if err != nil {
		return boltseal.Edit{}, err
	}
	switch {
	case len(rest) == 0:
		return f.replace(n, v), nil
	case n.Kind == Mapping && len(n.Pairs) > 0:
		return f.addPair(n, rest[0], v), nil
	case n.Kind == Mapping || n.IsNull():
		whole, err := build(Fields{{rest[0], v}})
		if err != nil {
			return boltseal.Edit{}, err
		}
		return f.replace(n, whole), nil
	case n.Kind == Sequence && rest[0] == strconv.Itoa(len(n.Items)):
		return f.addItem(n, v), nil
	}
	return boltseal.Edit{}, fmt.Errorf("set %s: %s is no mapping", strings.Join(path, "."), describe(n))
}

// Append adds a value to the end of the sequence at a path below a node. A
// sequence that is missing is added.
func (f *File) Append(at *Node, value any, path ...string) (boltseal.Edit, error) {
	n, rest, err := descend(at, path)
	switch {
	case err != nil:
		return boltseal.Edit{}, fmt.Errorf("append to %s: %w", strings.Join(path, "."), err)
	case len(rest) > 0 || n.IsNull() || n.Kind == Sequence && len(n.Items) == 0:
		return f.Set(at, []any{value}, path...)
	case n.Kind != Sequence:
		return boltseal.Edit{}, fmt.Errorf("append to %s: %s is no sequence", strings.Join(path, "."), describe(n))
	case f.cutsText(n):
		return boltseal.Edit{}, fmt.Errorf("append to %s: the file ends inside its last text", strings.Join(path, "."))
	}
	v, err := build(value)
	if err != nil {
		return boltseal.Edit{}, err
	}
	return f.addItem(n, v), nil
}

// Remove takes the entry at a path below a node away, with the line it stands
// on. A collection that loses its last entry is left empty. Without a path it
// takes the node itself out of its collection.
func (f *File) Remove(at *Node, path ...string) (boltseal.Edit, error) {
	n, rest, err := descend(at, path)
	switch {
	case err != nil:
		return boltseal.Edit{}, fmt.Errorf("remove %s: %w", strings.Join(path, "."), err)
	case len(rest) > 0:
		return boltseal.Edit{}, fmt.Errorf("remove %s: there is nothing", strings.Join(path, "."))
	case n.Parent == nil:
		return boltseal.Edit{}, errors.New("remove: a document's root stays")
	}
	parent := n.Parent
	switch {
	case len(parent.Pairs)+len(parent.Items) == 1 && parent.Style == Block:
		return f.replace(parent, &Node{Kind: parent.Kind, Tag: parent.Tag}), nil
	case parent.Style == Flow:
		return f.removeFlow(parent, n), nil
	}
	return f.removeBlock(parent, n), nil
}

// descend follows a path through what is written as far as it goes, without
// aliases and merge keys.
func descend(n *Node, path []string) (*Node, []string, error) {
	if n == nil {
		return nil, nil, errors.New("there is no node to begin at")
	}
	for len(path) > 0 {
		var next *Node
		switch n.Kind {
		case Alias:
			return nil, nil, ErrShared
		case Mapping:
			if pair := n.own(path[0]); pair != nil {
				next = pair.Value
			}
		case Sequence:
			if i, err := strconv.Atoi(path[0]); err == nil && i >= 0 && i < len(n.Items) {
				next = n.Items[i]
			}
		case Scalar:
		}
		if next == nil {
			return n, path, nil
		}
		n, path = next, path[1:]
	}
	return n, nil, nil
}

// nest wraps a value into mappings.
func nest(value any, path []string) any {
	for _, name := range slices.Backward(path) {
		value = Fields{{name, value}}
	}
	return value
}

func describe(n *Node) string {
	switch n.Kind {
	case Mapping:
		return "a mapping"
	case Sequence:
		return "a sequence"
	case Alias:
		return "an alias"
	case Scalar:
	}
	return fmt.Sprintf("%q", clip(n.Value))
}

func (f *File) edit(start, end int, text string) boltseal.Edit {
	return boltseal.Edit{File: f.Name, Span: span(start, end), New: text}
}

// inFlow tells whether a node must be written in flow style.
func inFlow(n *Node) bool { return n.Parent != nil && n.Parent.Style == Flow }

// replace puts a value in the place of a node.
func (f *File) replace(n, v *Node) boltseal.Edit {
	if same(n, v) {
		return f.edit(n.Span.Start, n.Span.Start, "")
	}
	if int(n.lead) == 0 && n.Parent != nil && n.Parent.Kind == Mapping && n.Parent.Style == Block {
		return f.addValue(n, v)
	}
	l := f.layoutAt(n)
	flow := inFlow(n) || n.Parent == nil && n.Style == Flow
	var b strings.Builder
	oneLine := v.Kind == Scalar || len(v.Pairs)+len(v.Items) == 0
	if flow || n.Parent == nil && (oneLine || n.Kind == Scalar) {
		return f.replaceFlow(n, v, l)
	}
	switch {
	case oneLine:
		return f.replaceLeaf(n, v, l)
	case n.Parent == nil:
		l.rootBlock(&b, v, f.column(n.Span.Start))
		return f.edit(n.Span.Start, n.Span.End, b.String())
	case n.Parent.Kind == Sequence:
		l.blockItem(&b, v, f.column(int(n.lead)))
	default:
		l.blockValue(&b, v, f.column(n.Parent.Span.Start))
	}
	return f.replaceBlock(n, b.String(), l)
}

// addValue writes the value of a key that has a question mark before it and
// no colon behind it.
func (f *File) addValue(n, v *Node) boltseal.Edit {
	l := f.layoutAt(n.Parent)
	indent := f.column(n.Parent.Span.Start)
	var b strings.Builder
	l.newLine(&b, indent)
	b.WriteByte(':')
	l.blockValue(&b, v, indent)
	at := f.lineEnd(n.Span.Start)
	return f.edit(at, at, b.String())
}

// rootBlock writes a document's root, a collection, in block style.
func (l layout) rootBlock(b *strings.Builder, v *Node, indent int) {
	var text strings.Builder
	if v.Kind == Sequence {
		l.sequence = 0
	} else {
		indent -= l.step
	}
	l.blockValue(&text, v, indent)
	b.WriteString(strings.TrimLeft(text.String(), "\r\n "))
}

// replaceFlow replaces a node on its own bytes.
func (f *File) replaceFlow(n, v *Node, l layout) boltseal.Edit {
	var b strings.Builder
	if n.Span.Start == n.Span.End {
		b.WriteByte(' ')
		if n.Parent != nil && n.Parent.Kind == Mapping && f.colonless(n) {
			b.Reset()
			if key := n.KeyOf(); key.Span.Start == key.Span.End {
				b.WriteByte(' ') // an anchor's name would take the colon in
			}
			b.WriteString(": ")
		}
	} else if key := n.KeyOf(); key != nil && key.Style == Plain && n.Span.Start > 0 && f.src[n.Span.Start-1] == ':' {
		b.WriteByte(' ') // only a bracket may follow the colon of a plain key at once
	}
	switch {
	case v.Kind == Scalar:
		b.WriteString(l.scalar(v, quoting(n), inFlow(n)))
	case l.json && strings.ContainsAny(f.Text(f.outer(n).Span), "\r\n"):
		prefix := f.prefix(n.Span.Start)
		l.pretty(&b, v, prefix, f.unit(n))
	default:
		l.flow(&b, v)
	}
	return f.edit(n.Span.Start, n.Span.End, b.String())
}

// colonless tells whether a flow mapping's key stands without a colon.
func (f *File) colonless(n *Node) bool {
	key := n.KeyOf()
	return key != nil && key.Span.End == n.Span.Start
}

func (f *File) outer(n *Node) *Node {
	if n.Parent != nil {
		return n.Parent
	}
	return n
}

// prefix is the white space that a line begins with.
func (f *File) prefix(offset int) string {
	start := f.lineStart(offset)
	end := start
	for end < len(f.src) && (f.src[end] == ' ' || f.src[end] == '\t') {
		end++
	}
	return f.src[start:end]
}

// unit is what JSON around a node is indented by.
func (f *File) unit(n *Node) string {
	for ; n != nil; n = n.Parent {
		var first *Node
		switch {
		case len(n.Pairs) > 0:
			first = n.Pairs[0].Key
		case len(n.Items) > 0:
			first = n.Items[0]
		default:
			continue
		}
		if unit, ok := strings.CutPrefix(f.prefix(int(first.props)), f.prefix(n.Span.Start)); ok && unit != "" && f.lineStart(int(first.props)) != f.lineStart(n.Span.Start) {
			return unit
		}
	}
	return "  "
}

// quoting is the style in which a scalar that takes n's place is written.
func quoting(n *Node) Style {
	if n.Kind == Scalar && (n.Style == SingleQuoted || n.Style == DoubleQuoted) {
		return n.Style
	}
	return Plain
}

// replaceLeaf puts a value that needs one line in the place of a node in
// block context.
func (f *File) replaceLeaf(n, v *Node, l layout) boltseal.Edit {
	var text string
	if v.Kind == Scalar {
		indent := f.column(f.outer(n).Span.Start)
		if lit, ok := l.literal(v, indent); ok && n.Style != Block {
			text = lit
		} else {
			text = l.scalar(v, quoting(n), false)
		}
	} else {
		var b strings.Builder
		l.flow(&b, v)
		text = b.String()
	}
	start := n.Span.Start
	if n.Style == Block {
		// The value begins on the line of its key now; what stands there stays.
		lead := int(n.lead)
		if n.Parent.Kind == Sequence {
			lead++
		}
		if n.propsSet() {
			lead = f.propsEnd(n)
		}
		if end := f.lineEnd(lead); end < start {
			return f.edit(lead, n.Span.End, " "+text+strings.TrimRight(f.src[lead:end], " \t"))
		}
		return f.edit(lead, n.Span.End, " "+text)
	}
	if n.Span.Start == n.Span.End {
		text = " " + text
	}
	if n.Style == Literal || n.Style == Folded || strings.HasPrefix(strings.TrimPrefix(text, " "), "|") {
		return f.replaceText(n, text)
	}
	return f.edit(start, n.Span.End, text)
}

// replaceText replaces a scalar when it or its successor is of several lines:
// a comment behind it stays on the first.
func (f *File) replaceText(n *Node, text string) boltseal.Edit {
	firstEnd := f.lineEnd(n.Span.Start)
	if n.Style != Literal && n.Style != Folded {
		firstEnd = f.lineEnd(n.Span.End)
	}
	head, body, more := strings.Cut(text, "\n")
	comment := ""
	for _, at := range f.comments {
		if at.Start >= n.Span.Start && at.End <= firstEnd && (n.Style == Literal || n.Style == Folded || at.Start >= n.Span.End) {
			comment = " " + f.Text(at)
		}
	}
	cr := strings.HasSuffix(head, "\r")
	head = strings.TrimSuffix(head, "\r") + comment
	if cr {
		head += "\r"
	}
	if more {
		head += "\n" + body
	}
	end := n.Span.End
	if comment != "" || more && strings.TrimSpace(f.src[min(end, firstEnd):firstEnd]) == "" {
		end = max(end, firstEnd)
	}
	return f.edit(n.Span.Start, end, head)
}

// propsEnd is where a node's anchor and tag end, blanks apart.
func (f *File) propsEnd(n *Node) int {
	at := int(n.props)
	for i := at; i < n.Span.Start; i++ {
		switch f.src[i] {
		case ' ', '\t':
		case '\r', '\n', '#':
			return at
		default:
			at = i + 1
		}
	}
	return at
}

// replaceBlock puts the text of a block collection, which begins with a line
// break or with a dash, in the place of a node. A comment behind the node
// stays on the line of its key or dash.
func (f *File) replaceBlock(n *Node, text string, l layout) boltseal.Edit {
	start, end := n.Span.Start, n.Span.End
	eol := f.lineEnd(end)
	comment := strings.TrimRight(f.src[end:eol], " \t")
	switch {
	case n.Style == Literal || n.Style == Folded:
		comment = ""
		first := f.lineEnd(start)
		if at := strings.IndexByte(f.src[start:first], '#'); at >= 0 {
			comment = " " + strings.TrimRight(f.src[start+at:first], " \t")
		}
	case n.Style == Block:
		comment = ""
		if strings.TrimSpace(f.src[end:eol]) != "" {
			eol = end
		}
		end = eol
	default:
		end = eol
	}
	if n.Parent.Kind == Sequence {
		rest := strings.TrimPrefix(text, "- ")
		if comment != "" {
			rest = strings.TrimLeft(comment, " \t") + l.eol + strings.Repeat(" ", f.column(int(n.lead))+2) + rest
		}
		if n.propsSet() {
			return f.edit(f.propsEnd(n), end, l.eol+strings.Repeat(" ", f.column(int(n.lead))+2)+rest)
		}
		return f.edit(int(n.lead), end, "- "+rest)
	}
	if n.Style == Block {
		start = f.lineStart(start)
		if start <= int(n.lead) {
			return f.edit(int(n.lead), end, text)
		}
		start -= f.breakBefore(start)
		return f.edit(start, end, text)
	}
	for start > 0 && (f.src[start-1] == ' ' || f.src[start-1] == '\t') {
		start--
	}
	return f.edit(start, end, comment+text)
}

// breakBefore is the length of the line break that ends before an offset.
func (f *File) breakBefore(offset int) int {
	switch {
	case strings.HasSuffix(f.src[:offset], "\r\n"):
		return 2
	case offset > 0:
		return 1
	}
	return 0
}

// same tells whether two nodes mean the same.
func same(a, b *Node) bool {
	if a.Kind == Alias {
		return false
	}
	x, err := a.JSON()
	if err != nil {
		return false
	}
	y, err := b.JSON()
	return err == nil && string(x) == string(y) && a.Span.Start != a.Span.End
}
