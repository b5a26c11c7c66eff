package manifest

import (
	"iter"
	"strings"

	"github.com/boltseal/boltseal"
)

// Place is where the bytes from index i up to j of a scalar's value stand in
// the source. Of a value that is written otherwise than it reads, folded or
// with escapes, it is all of the scalar.
func (f *File) Place(n *Node, i, j int) boltseal.Span {
	if n == nil || n.Kind != Scalar || i < 0 || j > len(n.Value) || i > j {
		return span(0, 0)
	}
	switch text := f.Text(n.Span); {
	case n.Style == Literal:
		return f.placeLiteral(n, i, j)
	case text == n.Value:
		return span(n.Span.Start+i, n.Span.Start+j)
	case (n.Style == SingleQuoted || n.Style == DoubleQuoted) && len(text) == len(n.Value)+2 && text[1:len(text)-1] == n.Value:
		return span(n.Span.Start+1+i, n.Span.Start+1+j)
	}
	return n.Span
}

// placeLiteral goes through the lines of a literal scalar, in which every one
// is written as it reads, behind its indentation.
func (f *File) placeLiteral(n *Node, i, j int) boltseal.Span {
	at := f.lineEnd(n.Span.Start)
	at += breakLen(f.src, at)
	start, index := -1, 0
	for line := range strings.SplitAfterSeq(n.Value, "\n") {
		text := strings.TrimSuffix(line, "\n")
		end := f.lineEnd(at)
		begin := end - len(text)
		if begin < at || f.src[begin:end] != text {
			return n.Span
		}
		if start < 0 && i <= index+len(text) {
			start = begin + max(i-index, 0)
		}
		if j <= index+len(line) {
			return span(start, max(start, min(begin+j-index, end)))
		}
		index += len(line)
		at = end + breakLen(f.src, end)
	}
	return n.Span
}

// Headline is the line that shows a node: its key's where it is a collection,
// and else the first of its own.
func (f *File) Headline(n *Node) boltseal.Span {
	at := n.Span
	if key := n.KeyOf(); key != nil && len(n.Pairs)+len(n.Items) > 0 {
		at = key.Span
	}
	return f.FirstLine(at)
}

// FirstLine is what a span has on its first line.
func (f *File) FirstLine(at boltseal.Span) boltseal.Span {
	if i := strings.IndexAny(f.Text(at), "\r\n"); i >= 0 {
		at.End = at.Start + i
	}
	return at
}

// Around are the texts of the comments about a node, and about whatever is
// around it, the nearest first.
func (f *File) Around(n *Node) iter.Seq[string] {
	return func(yield func(string) bool) {
		for ; n != nil; n = n.Parent {
			at := n.Span
			if key := n.KeyOf(); key != nil {
				at = key.Span
			}
			for _, c := range f.About(at) {
				if !yield(c.Text) {
					return
				}
			}
		}
	}
}
