package manifest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Fields is a mapping whose order matters: what fixes write.
type Fields []Field

// Field is one entry of Fields.
type Field struct {
	Name  string
	Value any
}

// build makes a node of a Go value: nil, booleans, numbers, strings, lists,
// maps (by key), Fields, nodes, and whatever encoding/json can write.
func build(value any) (*Node, error) {
	switch v := value.(type) {
	case nil:
		return &Node{Kind: Scalar, Tag: "!!null", Value: "null"}, nil
	case bool:
		return &Node{Kind: Scalar, Tag: "!!bool", Value: strconv.FormatBool(v)}, nil
	case int:
		return &Node{Kind: Scalar, Tag: "!!int", Value: strconv.Itoa(v)}, nil
	case int64:
		return &Node{Kind: Scalar, Tag: "!!int", Value: strconv.FormatInt(v, 10)}, nil
	case string:
		return &Node{Kind: Scalar, Tag: "!!str", Value: v}, nil
	case *Node:
		return v.Resolve(), nil
	case Fields:
		n := &Node{Kind: Mapping, Tag: "!!map"}
		for _, f := range v {
			if err := n.buildPair(f.Name, f.Value); err != nil {
				return nil, err
			}
		}
		return n, nil
	case map[string]any:
		n := &Node{Kind: Mapping, Tag: "!!map"}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if err := n.buildPair(name, v[name]); err != nil {
				return nil, err
			}
		}
		return n, nil
	case []any:
		n := &Node{Kind: Sequence, Tag: "!!seq"}
		for _, it := range v {
			item, err := build(it)
			if err != nil {
				return nil, err
			}
			n.Items = append(n.Items, item)
		}
		return n, nil
	}
	data, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("write a value: %w", err)
	}
	f := Parse("", data)
	if len(f.Docs) != 1 || len(f.Errors) > 0 {
		if string(data) == "null" {
			return build(nil)
		}
		return nil, fmt.Errorf("write a value: %.60s is no single value", data)
	}
	return f.Docs[0].Root, nil
}

func (n *Node) buildPair(name string, value any) error {
	child, err := build(value)
	if err != nil {
		return err
	}
	n.Pairs = append(n.Pairs, Pair{Key: &Node{Kind: Scalar, Tag: "!!str", Value: name}, Value: child})
	return nil
}

// layout is how a file writes what its syntax leaves open.
type layout struct {
	eol      string
	step     int // columns that a mapping inside a mapping is indented by
	sequence int // columns that a sequence is indented by under its key
	json     bool
	known    bool // step was seen
	cut      bool // no literal scalar may end here: what follows would become part of it
}

// layoutAt is the layout of a file as it is around a node.
func (f *File) layoutAt(n *Node) layout {
	l := layout{eol: "\n", step: 2, sequence: -1}
	if i := strings.IndexByte(f.src, '\n'); i > 0 && f.src[i-1] == '\r' {
		l.eol = "\r\n"
	}
	l.cut = f.cutAt(f.lineEnd(n.Span.End))
	root := n
	for root.Parent != nil {
		root = root.Parent
	}
	l.json = root.Style == Flow && (root.Kind == Mapping || root.Kind == Sequence) && quotedKeys(root)
	if !f.measure(n, &l, 200) || l.sequence < 0 {
		f.measureRoot(root, &l)
	}
	if l.sequence < 0 {
		l.sequence = 2
	}
	return l
}

// cutAt tells whether the end of the file, a line of blanks or one with a
// comment follows a line's end.
func (f *File) cutAt(end int) bool {
	rest := f.src[end:]
	white := rest[:len(rest)-len(strings.TrimLeft(rest, " \t\r\n"))]
	if len(white) < len(rest) {
		white = white[:strings.LastIndexAny(white, "\r\n")+1]
	}
	return rest == "" || strings.ContainsAny(white, " \t") || strings.HasPrefix(strings.TrimLeft(rest, " \t\r\n"), "#")
}

// measureRoot takes over what a document's layout says of what l does not
// know yet.
func (f *File) measureRoot(root *Node, l *layout) {
	found, ok := f.layouts.Load(root)
	if !ok {
		whole := layout{sequence: -1}
		f.measure(root, &whole, 2000)
		found, _ = f.layouts.LoadOrStore(root, whole)
	}
	whole, _ := found.(layout)
	if whole.step > 0 && !l.known {
		l.step = whole.step
	}
	if l.sequence < 0 {
		l.sequence = whole.sequence
	}
}

// quotedKeys tells whether keys are written as JSON wants them.
func quotedKeys(n *Node) bool {
	switch {
	case len(n.Pairs) > 0:
		return n.Pairs[0].Key.Style == DoubleQuoted
	case len(n.Items) > 0:
		return n.Items[0].Kind == Scalar || quotedKeys(n.Items[0])
	}
	return true
}

// measure looks for the first block collections inside of mappings. It looks
// at no more nodes than budget, and tells whether it found a mapping.
func (f *File) measure(n *Node, l *layout, budget int) bool {
	queue := []*Node{n}
	found := false
	for ; len(queue) > 0 && budget > 0; budget-- {
		n, queue = queue[0], queue[1:]
		for _, p := range n.Pairs {
			if n.Style == Block && p.Value.Style == Block && p.Value.Parent == n {
				d := f.column(p.Value.Span.Start) - f.column(int(p.Key.props))
				if p.Value.Kind == Sequence && l.sequence < 0 && d >= 0 {
					l.sequence = d
				}
				if p.Value.Kind == Mapping && !found && d > 0 {
					l.step, l.known, found = d, true, true
				}
			}
			queue = append(queue, p.Value)
		}
		queue = append(queue, n.Items...)
	}
	return found
}

// column is a place's distance from the beginning of its line.
func (f *File) column(offset int) int { return offset - f.lineStart(offset) }

func (f *File) lineStart(offset int) int {
	at := strings.LastIndexAny(f.src[:offset], "\r\n") + 1
	if at == 0 && strings.HasPrefix(f.src, "\ufeff") {
		at = min(3, offset)
	}
	return at
}

// lineEnd is the offset of the line break behind a place.
func (f *File) lineEnd(offset int) int {
	if n := strings.IndexAny(f.src[offset:], "\r\n"); n >= 0 {
		return offset + n
	}
	return len(f.src)
}

// blockValue writes a node behind a key's colon; the key stands at indent.
func (l layout) blockValue(b *strings.Builder, n *Node, indent int) {
	switch {
	case n.Kind == Mapping && len(n.Pairs) > 0:
		for key, value := range n.Entries() {
			l.newLine(b, indent+l.step)
			b.WriteString(l.scalar(key, Plain, false))
			b.WriteByte(':')
			l.blockValue(b, value, indent+l.step)
		}
	case n.Kind == Sequence && len(n.Items) > 0:
		for _, item := range n.Items {
			l.newLine(b, indent+l.sequence)
			l.blockItem(b, item.Resolve(), indent+l.sequence)
		}
	default:
		b.WriteByte(' ')
		l.leaf(b, n, indent)
	}
}

// blockItem writes an entry of a block sequence with its dash, at indent.
func (l layout) blockItem(b *strings.Builder, n *Node, indent int) {
	b.WriteString("- ")
	switch {
	case n.Kind == Mapping && len(n.Pairs) > 0:
		first := true
		for key, value := range n.Entries() {
			if !first {
				l.newLine(b, indent+2)
			}
			first = false
			b.WriteString(l.scalar(key, Plain, false))
			b.WriteByte(':')
			l.blockValue(b, value, indent+2)
		}
	case n.Kind == Sequence && len(n.Items) > 0:
		for i, item := range n.Items {
			if i > 0 {
				l.newLine(b, indent+2)
			}
			l.blockItem(b, item.Resolve(), indent+2)
		}
	default:
		l.leaf(b, n, indent)
	}
}

func (l layout) newLine(b *strings.Builder, indent int) {
	b.WriteString(l.eol)
	b.WriteString(strings.Repeat(" ", indent))
}

// leaf writes a scalar or an empty collection in block context.
func (l layout) leaf(b *strings.Builder, n *Node, indent int) {
	if n.Kind != Scalar {
		l.flow(b, n)
		return
	}
	if text, ok := l.literal(n, indent); ok {
		b.WriteString(text)
		return
	}
	b.WriteString(l.scalar(n, Plain, false))
}

// literal writes a text of several lines as a literal scalar, if it can be.
func (l layout) literal(n *Node, indent int) (string, bool) {
	s := n.Value
	if n.Tag != "!!str" || l.cut || !strings.Contains(strings.TrimRight(s, "\n"), "\n") || strings.ContainsAny(s, "\r\t\x00\ufeff") || !printable(s) ||
		s[0] == ' ' || s[0] == '\n' || strings.HasSuffix(s, "\n\n") || strings.Contains(s, " \n") {
		return "", false
	}
	var b strings.Builder
	b.WriteString("|")
	body, clipped := strings.CutSuffix(s, "\n")
	if !clipped {
		b.WriteString("-")
	}
	for line := range strings.SplitSeq(body, "\n") {
		if line == "" {
			b.WriteString(l.eol)
			continue
		}
		l.newLine(&b, max(indent, 0)+l.step)
		b.WriteString(line)
	}
	return b.String(), true
}

// flow writes a node in flow style on one line.
func (l layout) flow(b *strings.Builder, n *Node) {
	switch n.Kind {
	case Mapping:
		b.WriteByte('{')
		first := true
		for key, value := range n.Entries() {
			if !first {
				b.WriteString(", ")
			}
			first = false
			b.WriteString(l.scalar(key, Plain, true))
			b.WriteString(": ")
			l.flow(b, value)
		}
		b.WriteByte('}')
	case Sequence:
		b.WriteByte('[')
		for i, item := range n.Items {
			if i > 0 {
				b.WriteString(", ")
			}
			l.flow(b, item.Resolve())
		}
		b.WriteByte(']')
	case Scalar, Alias:
		b.WriteString(l.scalar(n, Plain, true))
	}
}

// pretty writes a node as JSON over several lines; prefix is the white space
// before the line that it begins on.
func (l layout) pretty(b *strings.Builder, n *Node, prefix, unit string) {
	open, shut := byte('{'), byte('}')
	if n.Kind == Sequence {
		open, shut = '[', ']'
	}
	if len(n.Pairs)+len(n.Items) == 0 {
		l.flow(b, n)
		return
	}
	b.WriteByte(open)
	first := true
	next := func() {
		if !first {
			b.WriteByte(',')
		}
		first = false
		b.WriteString(l.eol + prefix + unit)
	}
	for key, value := range n.Entries() {
		next()
		b.WriteString(l.scalar(key, Plain, true) + ": ")
		l.pretty(b, value, prefix+unit, unit)
	}
	for _, item := range n.Items {
		next()
		l.pretty(b, item.Resolve(), prefix+unit, unit)
	}
	b.WriteString(l.eol + prefix)
	b.WriteByte(shut)
}

// scalar writes a scalar on one line, in the wanted style if that can hold
// it.
func (l layout) scalar(n *Node, style Style, flow bool) string {
	s := n.Value
	switch {
	case l.json && n.Tag == "!!str":
		return string(appendString(nil, s))
	case n.Tag == "!!null":
		return "null"
	case n.Tag != "!!str":
		return s
	case style == SingleQuoted && printable(s) && !strings.ContainsAny(s, "\n\t\ufeff"):
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	case style == DoubleQuoted || !plainSafe(s, flow):
		return doubleQuote(s)
	}
	return s
}

// printable tells whether a string holds no characters that need an escape,
// line feeds and tabs apart.
func printable(s string) bool {
	for _, r := range s {
		if r < 0x20 && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' || r == '\ufffd' || r == '\ufffe' || r == '\uffff' {
			return false
		}
	}
	return true
}

// plainSafe tells whether a string can stand without quotes and is read as a
// string by every version of YAML.
func plainSafe(s string, flow bool) bool {
	if s == "" || resolve(s, true) != "!!str" || !printable(s) || strings.ContainsAny(s, "\n\t\ufeff") {
		return false
	}
	if strings.Trim(s, " ") != s || strings.Contains(s, ": ") || strings.Contains(s, " #") || strings.HasSuffix(s, ":") {
		return false
	}
	if strings.ContainsRune("-?:,[]{}#&*!|>'\"%@`=<~", rune(s[0])) {
		return false
	}
	// Times, dates and numbers in base 60 are not strings everywhere.
	if s[0] >= '0' && s[0] <= '9' && strings.Trim(s, "0123456789:-.TZ +") == "" && strings.Trim(s, "0123456789.") != "" || s[0] == '.' || s[0] == '+' {
		return false
	}
	return !flow || !strings.ContainsAny(s, ",[]{}") && !strings.Contains(s, ":")
}

// doubleQuote writes a string as JSON and YAML both read it.
func doubleQuote(s string) string {
	if printable(s) && !strings.ContainsAny(s, "\n\t\ufeff\"\\") {
		return `"` + s + `"`
	}
	data, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	out := string(data)
	for _, r := range []string{"<", ">", "&"} {
		out = strings.ReplaceAll(out, fmt.Sprintf(`\u%04x`, r[0]), r)
	}
	return strings.ReplaceAll(strings.ReplaceAll(out, "\x7f", `\u007f`), "\ufeff", `\ufeff`)
}
