package manifest

import (
	"strings"

	"github.com/boltseal/boltseal"
)

// removeFlow takes an entry out of a flow collection with one comma.
func (f *File) removeFlow(parent, n *Node) boltseal.Edit {
	type part struct{ start, end int }
	var parts []part
	which := 0
	for i, p := range parent.Pairs {
		parts = append(parts, part{int(p.Key.props), max(p.Key.Span.End, p.Value.Span.End)})
		if p.Value == n {
			which = i
		}
	}
	for i, item := range parent.Items {
		parts = append(parts, part{int(item.props), item.Span.End})
		if item == n {
			which = i
		}
	}
	switch {
	case which > 0:
		return f.edit(parts[which-1].end, parts[which].end, "")
	case len(parts) > 1:
		return f.edit(parts[0].start, parts[1].start, "")
	}
	if f.bare(parent) {
		return f.edit(parent.Span.Start, parent.Span.End, "{}")
	}
	return f.edit(parent.Span.Start+1, parent.Span.End-1, "")
}

// removeBlock takes an entry out of a block collection that has others. One
// that stands behind a dash hands its place on the line to what follows.
func (f *File) removeBlock(parent, n *Node) boltseal.Edit {
	start, next := int(n.lead), -1
	end := max(n.Span.End, int(n.lead))
	for i, p := range parent.Pairs {
		if p.Value == n {
			start, end = f.keyStart(p.Key), max(end, p.Key.Span.End)
			if i+1 < len(parent.Pairs) {
				next = f.keyStart(parent.Pairs[i+1].Key)
			}
		}
	}
	for i, item := range parent.Items {
		if item == n {
			end = max(end, int(n.lead)+1)
			if i+1 < len(parent.Items) {
				next = int(parent.Items[i+1].lead)
			}
		}
	}
	line := f.lineStart(start)
	eol := f.lineEnd(end)
	if strings.Trim(f.src[line:start], " ") != "" && next >= 0 {
		for _, at := range f.comments {
			if at.Start > eol && at.Start < next {
				next = at.Start
				break
			}
		}
		return f.edit(start, next, "")
	}
	end = eol + breakLen(f.src, eol)
	if f.afterText(parent, n) {
		// Lines of blanks would become part of the text before.
		rest := strings.TrimLeft(f.src[end:], " \t\r\n")
		end = f.lineStart(len(f.src) - len(rest))
		if rest == "" {
			end = len(f.src)
		}
	}
	return f.edit(line, end, "")
}

// afterText tells whether a block scalar ends before an entry.
func (f *File) afterText(parent, n *Node) bool {
	var before *Node
	for i, p := range parent.Pairs {
		if p.Value == n && i > 0 {
			before = parent.Pairs[i-1].Value
		}
	}
	for i, item := range parent.Items {
		if item == n && i > 0 {
			before = parent.Items[i-1]
		}
	}
	if before == nil {
		return false
	}
	last := before.last()
	return last.Style == Literal || last.Style == Folded
}

// keyStart is where a block mapping's entry begins: at its key, or at the
// question mark before it.
func (f *File) keyStart(key *Node) int {
	at := int(key.props)
	for i := at - 1; i >= 0 && strings.IndexByte(" \t", f.src[i]) >= 0; i-- {
		if i > 0 && f.src[i-1] == '?' {
			return i - 1
		}
	}
	return at
}
