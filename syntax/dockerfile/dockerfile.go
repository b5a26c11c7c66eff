// Package dockerfile parses Dockerfiles without losing a byte: every token
// knows its span in the source, comments and blank lines are kept where they
// stand, and the meaning is that of the reference parser (BuildKit's
// frontend/dockerfile/parser). That makes fixes exact: an edit replaces the
// bytes of one token and leaves the rest alone.
//
// [Parse] never fails: what is wrong is in [File.Errors], and the rest of the
// file is there all the same. Start with [File] and [Instr].
package dockerfile

import (
	"sort"
	"strings"

	"github.com/boltseal/boltseal"
)

// File is a parsed Dockerfile.
type File struct {
	Name       string
	Source     []byte
	Escape     byte        // '\\' or '`'
	Directives []Directive // "# syntax=…", "# escape=…", "# check=…" at the top
	Nodes      []Node      // everything, in order: their spans add up to Source
	Instrs     []*Instr
	Stages     []*Stage
	Global     []*Instr // before the first FROM
	Errors     []Error

	lines []int            // offset of the first byte of each line
	named map[string][]int // stages by name, in order
}

// NodeKind says what a Node is.
type NodeKind uint8

// The kinds of node.
const (
	Blank NodeKind = iota
	CommentLine
	DirectiveLine
	Instruction
)

// Node is a run of whole lines: an instruction with all its continuation
// lines and heredoc bodies, or one line of another kind.
type Node struct {
	Kind  NodeKind
	Span  boltseal.Span
	Instr *Instr // of an Instruction
}

// Directive is a parser directive.
type Directive struct {
	Name  string // lower case
	Value string
	Span  boltseal.Span // of the value
}

// Comment is the text of a comment line without its "#" and outer space.
type Comment struct {
	Text string
	Span boltseal.Span // from the "#" to the end of the line
}

// Error is a mistake that keeps the file, or a part of it, from being built.
type Error struct {
	Span    boltseal.Span
	Message string
}

// Instr is one instruction.
type Instr struct {
	Span     boltseal.Span // from the keyword to the last byte before the final line end, heredocs included
	Keyword  Word          // as written
	Name     string        // upper case
	Flags    []Flag
	Args     Text      // what follows keyword and flags, continuation lines joined
	JSON     []Word    // the elements of the exec form; nil for the shell form
	Words    []Word    // Args split at white space, quotes respected and kept
	Pairs    []Pair    // of ENV, LABEL and ARG
	Heredocs []Heredoc // of RUN, COPY and ADD
	Trigger  *Instr    // the instruction behind ONBUILD, and the CMD of HEALTHCHECK
	Above    []Comment // comment lines directly above
	Inner    []Comment // comment lines between continuation lines
	Empty    []boltseal.Span
	Stage    *Stage // nil before the first FROM

	errors []Error
	level  int // how many instructions it is the trigger of
}

// IsJSON tells whether the instruction is in exec form.
func (in *Instr) IsJSON() bool { return in.JSON != nil }

// Flag returns the first flag of that name, without its dashes.
func (in *Instr) Flag(name string) (Flag, bool) {
	for _, f := range in.Flags {
		if f.Name == name {
			return f, true
		}
	}
	return Flag{}, false
}

// Word is a piece of text and where it stands.
type Word struct {
	Text string
	Span boltseal.Span
}

// Flag is "--name=value" or "--name".
type Flag struct {
	Name  string
	Value Word
	Span  boltseal.Span // all of it
	Set   bool          // there is a "="
}

// Pair is a "key=value" of ENV, LABEL or ARG, quotes kept. The old form
// "ENV key value" is one pair with Legacy set.
type Pair struct {
	Key    Word
	Value  Word
	Set    bool // there is a value, be it empty
	Legacy bool
}

// Heredoc is a here-document.
type Heredoc struct {
	Name   string
	Marker boltseal.Span // of "<<EOF" in the instruction's line
	Body   boltseal.Span // the lines between, without the terminator
	End    boltseal.Span // the terminator's line
	Expand bool          // the name is not quoted: variables are expanded
	Chomp  bool          // "<<-": leading tabs are dropped
	FD     int           // the number before "<<", 0 if there is none
}

// Stage is one FROM and what follows it.
type Stage struct {
	Index    int
	From     *Instr
	Image    Word   // as written, variables and all
	Name     string // lower case; empty without AS
	Alias    Word   // the name as written
	Platform Word   // of --platform
	Base     *Stage // the earlier stage that Image names, if it does
	Instrs   []*Instr
}

// Line gives the line and column, both from 1, of an offset; columns count
// bytes.
func (f *File) Line(offset int) (line, col int) {
	i := sort.SearchInts(f.lines, offset+1) - 1
	return i + 1, offset - f.lines[i] + 1
}

// Location is a span as a place in a report.
func (f *File) Location(s boltseal.Span) boltseal.Location {
	line, col := f.Line(s.Start)
	return boltseal.Location{File: f.Name, Span: s, Line: line, Col: col}
}

// Text is the source between two offsets.
func (f *File) Text(s boltseal.Span) string { return string(f.Source[s.Start:s.End]) }

// StageNamed finds a stage as COPY --from and FROM do: by name without regard
// to case, among the stages before the given index.
func (f *File) StageNamed(name string, before int) *Stage {
	name = strings.ToLower(name)
	if at := f.named[name]; name != "" {
		if i := sort.SearchInts(at, before); i > 0 {
			return f.Stages[at[i-1]]
		}
	}
	return nil
}
