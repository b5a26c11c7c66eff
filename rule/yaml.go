package rule

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	yamlparser "github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Ceilings on a file: the YAML parser's time grows with the square of the
// nesting, so a hostile file must not nest.
const (
	maxBytes   = 32 << 20
	maxLine    = 256 << 10
	maxNesting = 64
)

// place is a line and a column, both from 1.
type place struct{ line, column int }

// yamlError is why a text is not YAML, and where.
type yamlError struct {
	at  place
	msg string
}

// readYAML gives the items of the sequences of all documents in data.
func readYAML(data []byte) (items []ast.Node, failed *yamlError) {
	if failed := checkYAML(data); failed != nil {
		return nil, failed
	}
	// The parser is another's, and it indexes into what it reads.
	defer func() {
		if r := recover(); r != nil {
			items, failed = nil, &yamlError{place{1, 1}, "not readable as YAML: " + clip(fmt.Sprint(r), 200)}
		}
	}()
	file, err := yamlparser.ParseBytes(data, 0)
	if err != nil {
		var positioned interface {
			error
			GetToken() *token.Token
			GetMessage() string
		}
		if errors.As(err, &positioned) && positioned.GetToken() != nil {
			p := positioned.GetToken().Position
			return nil, &yamlError{place{p.Line, p.Column}, clip(positioned.GetMessage(), 200)}
		}
		return nil, &yamlError{place{1, 1}, clip(err.Error(), 200)}
	}
	for _, doc := range file.Docs {
		if doc.Body == nil || isNull(doc.Body) {
			continue
		}
		if _, comment := doc.Body.(*ast.CommentGroupNode); comment {
			continue
		}
		sequence, ok := doc.Body.(*ast.SequenceNode)
		if !ok {
			return nil, &yamlError{placeOf(doc.Body), "rules content is not a YAML list of objects"}
		}
		items = append(items, sequence.Values...)
	}
	return items, nil
}

func checkYAML(data []byte) *yamlError {
	if len(data) > maxBytes {
		return &yamlError{place{1, 1}, fmt.Sprintf("larger than %d bytes", maxBytes)}
	}
	line, depth := 0, 0
	for text := range bytes.Lines(data) {
		line++
		if len(text) > maxLine {
			return &yamlError{place{line, 1}, fmt.Sprintf("line is longer than %d bytes", maxLine)}
		}
		indent := len(text) - len(bytes.TrimLeft(text, " -"))
		depth += bytes.Count(text, []byte("[")) + bytes.Count(text, []byte("{"))
		if depth > maxNesting || indent > 4*maxNesting {
			return &yamlError{place{line, 1}, "nested too deep"}
		}
		depth -= bytes.Count(text, []byte("]")) + bytes.Count(text, []byte("}"))
		depth = max(depth, 0)
	}
	return nil
}

// pairs are the keys and values of a mapping, nil when n is none.
func pairs(n ast.Node) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	return nil
}

// scalar is a value as it is written.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		if n.Value == nil {
			return "", true
		}
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// scalars is a list of values. Null is an empty list.
func scalars(n ast.Node) ([]string, bool) {
	if isNull(n) {
		return nil, true
	}
	sequence, ok := n.(*ast.SequenceNode)
	if !ok {
		return nil, false
	}
	out := make([]string, 0, len(sequence.Values))
	for _, item := range sequence.Values {
		s, ok := scalar(item)
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

func isNull(n ast.Node) bool {
	_, null := n.(*ast.NullNode)
	return n == nil || null
}

// placeOf is where a node begins. A mapping's own token is its first colon;
// the key before it is what a person looks for.
func placeOf(n ast.Node) place {
	switch m := n.(type) {
	case *ast.MappingNode:
		if len(m.Values) > 0 {
			n = m.Values[0].Key
		}
	case *ast.MappingValueNode:
		n = m.Key
	}
	if n == nil {
		return place{1, 1}
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return place{t.Position.Line, t.Position.Column}
	}
	return place{1, 1}
}

// text is a scalar that remembers where its letters stand in the file.
type text struct {
	value string
	at    place
	block bool // a block scalar: it begins on the line below its indicator
}

func textOf(n ast.Node) (text, bool) {
	value, ok := scalar(n)
	_, block := n.(*ast.LiteralNode)
	at := placeOf(n)
	if literal, is := n.(*ast.LiteralNode); is && literal.Start != nil && literal.Start.Position != nil {
		at = place{literal.Start.Position.Line, literal.Start.Position.Column}
	}
	return text{value: value, at: at, block: block}, ok
}

// locate is the place in the file of a byte of the text. Folding changes
// blanks alone, so the n-th letter of the one is the n-th of the other.
func (t text) locate(data []byte, offset int) place {
	letters := 0
	for i := range min(offset, len(t.value)) {
		if !isBlank(t.value[i]) {
			letters++
		}
	}
	after := 0 // one past the last letter, when the end is meant
	if strings.Trim(t.value[min(offset, len(t.value)):], " \t\r\n\b") == "" && letters > 0 {
		letters, after = letters-1, 1
	}
	line, column := t.at.line, t.at.column
	rest := skipLines(data, line-1)
	if t.block {
		rest = skipLines(rest, 1)
		line, column = line+1, 1
	} else {
		rest = rest[min(column-1, len(rest)):]
		if len(rest) > 0 && (rest[0] == '"' || rest[0] == '\'') {
			rest, column = rest[1:], column+1
		}
	}
	for _, c := range rest {
		switch {
		case c == '\n':
			line, column = line+1, 0
		case !isBlank(c):
			if letters == 0 {
				return place{line, column + after}
			}
			letters--
		}
		column++
	}
	return t.at
}

func skipLines(data []byte, n int) []byte {
	for range n {
		i := bytes.IndexByte(data, '\n')
		if i < 0 {
			return nil
		}
		data = data[i+1:]
	}
	return data
}

// normal is a text on one line, for messages and comparison.
func normal(s string) string { return strings.Join(strings.Fields(s), " ") }
