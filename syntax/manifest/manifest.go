// Package manifest reads YAML and JSON that people write — Kubernetes
// objects, Compose files, GitHub workflows, seccomp profiles — and keeps every
// byte: each node knows where it stands in the source, so that a finding
// points to it exactly and a fix touches nothing else.
//
// [Parse] never fails as a whole: a document that cannot be read is an entry
// of [File.Errors], and the other documents of the stream are there. Start
// with [File.Objects] for Kubernetes, with [File.Docs] for everything else.
//
// The parser reads YAML 1.2 as the common libraries do (flow collections need
// no indentation), with limits on depth, on the number of nodes and on what
// aliases expand to. It renders no templates and knows no schemas.
package manifest

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/boltseal/boltseal"
)

// File is a stream of documents with the bytes they were read from.
type File struct {
	Name   string
	Source []byte
	Kind   Kind
	Docs   []*Doc  // those with content that could be read
	Errors []Error // in the order of the source

	comments []boltseal.Span
	src      string
	lines    func() []int
	layouts  sync.Map // of documents, by root
}

// Doc is one document of a stream.
type Doc struct {
	Root *Node
	Span boltseal.Span // from its marker, or first content, to its last content
}

// Error is what is wrong with a file, and where.
type Error struct {
	Span    boltseal.Span
	Line    int // from 1
	Col     int // from 1, in bytes
	Message string
	Lost    bool // the document is not in Docs
}

// Error is the place and the message.
func (e Error) Error() string { return fmt.Sprintf("line %d column %d: %s", e.Line, e.Col, e.Message) }

// NodeKind says what a node is.
type NodeKind uint8

// The kinds of node.
const (
	Scalar NodeKind = iota + 1
	Mapping
	Sequence
	Alias
)

// Style says how a node is written.
type Style uint8

// The styles. Collections are Block or Flow, scalars any of the others.
const (
	Plain Style = iota
	SingleQuoted
	DoubleQuoted
	Literal // |
	Folded  // >
	Block
	Flow
)

// Node is a scalar, a mapping, a sequence or an alias. A value that is not
// written at all is a scalar with tag !!null and an empty span.
type Node struct {
	Kind  NodeKind
	Style Style

	repeated bool  // of a mapping: some key stands in it more than once
	height   uint8 // of what it expands to
	weight   int32 // of what it expands to
	lead     int32 // of a block mapping's value: behind its colon; of a block sequence's item: its dash
	props    int32 // where anchor and tag begin; Span.Start without them

	Tag    string        // "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq", or as written
	Value  string        // of a scalar: what it means, unescaped; of an alias: the anchor's name
	Span   boltseal.Span // without anchor and tag
	Pairs  []Pair        // of a mapping
	Items  []*Node       // of a sequence
	Anchor string
	Parent *Node // the collection it stands in, or nil

	target *Node // of an alias
}

// Pair is one entry of a mapping.
type Pair struct {
	Key, Value *Node
}

// Parse reads a stream of YAML or JSON documents.
func Parse(name string, content []byte) *File {
	f := &File{Name: name, Source: content, src: string(content)}
	f.lines = sync.OnceValue(func() []int { return lineStarts(f.src) })
	p := &parser{f: f, s: f.src, legacy: strings.Contains(f.src, "apiVersion"), first: -1, tab: -1}
	p.stream()
	f.Kind = f.classify()
	if f.Kind == Template {
		f.Docs, f.Errors = nil, nil
	}
	return f
}

// Text is the source of a span.
func (f *File) Text(at boltseal.Span) string {
	if at.Start < 0 || at.End > len(f.src) || at.Start > at.End {
		return ""
	}
	return f.src[at.Start:at.End]
}

// Location is a span as findings give it.
func (f *File) Location(at boltseal.Span) boltseal.Location {
	line, col := f.position(at.Start)
	return boltseal.Location{File: f.Name, Span: at, Line: line, Col: col}
}

func (f *File) position(offset int) (line, col int) {
	starts := f.lines()
	i, found := slices.BinarySearch(starts, offset)
	if !found {
		i--
	}
	return i + 1, offset - starts[i] + 1
}

// lineStarts are the offsets at which lines begin. A carriage return alone
// ends a line too (YAML 1.2.2, section 5.4).
func lineStarts(s string) []int {
	starts := []int{0}
	for i := 0; i < len(s); {
		n := strings.IndexAny(s[i:], "\r\n")
		if n < 0 {
			break
		}
		i += n
		i += breakLen(s, i)
		starts = append(starts, i)
	}
	return starts
}

func span(start, end int) boltseal.Span { return boltseal.Span{Start: start, End: end} }

// breakLen is the length of the line break at an offset, 0 if there is none.
func breakLen(s string, i int) int {
	switch {
	case i >= len(s):
		return 0
	case s[i] == '\n':
		return 1
	case s[i] == '\r':
		if i+1 < len(s) && s[i+1] == '\n' {
			return 2
		}
		return 1
	}
	return 0
}

// Comment is a comment, without its line break.
type Comment struct {
	Span boltseal.Span
	Text string // without "#" and the blanks around
	Line int    // from 1
	Own  bool   // nothing else stands on its line
}

// Comments lists the comments of all documents in order.
func (f *File) Comments() iter.Seq[Comment] {
	return func(yield func(Comment) bool) {
		for _, at := range f.comments {
			if !yield(f.comment(at)) {
				return
			}
		}
	}
}

func (f *File) comment(at boltseal.Span) Comment {
	line, _ := f.position(at.Start)
	start := f.lines()[line-1]
	return Comment{
		Span: at, Text: strings.TrimSpace(strings.TrimLeft(f.src[at.Start:at.End], "#")), Line: line,
		Own: strings.Trim(f.src[start:at.Start], " \t\ufeff") == "",
	}
}

// About lists the comments that speak of a place: those at the end of its
// line, and those on lines of their own directly above.
func (f *File) About(at boltseal.Span) []Comment {
	if len(f.comments) == 0 {
		return nil
	}
	line, _ := f.position(at.Start)
	// The first comment that begins behind the line.
	end := len(f.src)
	if starts := f.lines(); line < len(starts) {
		end = starts[line]
	}
	i, _ := slices.BinarySearchFunc(f.comments, end, func(s boltseal.Span, end int) int { return s.Start - end })
	var out []Comment
	for above := line; i > 0; i-- {
		c := f.comment(f.comments[i-1])
		switch {
		case c.Line == line && !c.Own:
		case c.Own && c.Line == above-1:
			above--
		default:
			slices.Reverse(out)
			return out
		}
		out = append(out, c)
	}
	slices.Reverse(out)
	return out
}
