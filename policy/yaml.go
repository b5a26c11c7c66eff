package policy

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Ceilings on the file: the YAML parser's time grows with the square of the
// nesting, so a hostile file must not nest.
const (
	maxBytes   = 1 << 20
	maxLine    = 8 << 10
	maxNesting = 64
)

// parse reads one YAML document and returns its root, or nil when there is
// nothing in it. Every error of this file begins with "line:column: ".
func parse(data []byte) (root ast.Node, err error) {
	if err := check(data); err != nil {
		return nil, err
	}
	// The parser is another's, and it indexes into what it reads.
	defer func() {
		if r := recover(); r != nil {
			root, err = nil, fmt.Errorf("1:1: not readable as YAML: %s", clip(fmt.Sprint(r)))
		}
	}()
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		var positioned interface {
			error
			GetToken() *token.Token
			GetMessage() string
		}
		if errors.As(err, &positioned) && positioned.GetToken() != nil {
			p := positioned.GetToken().Position
			return nil, fmt.Errorf("%d:%d: %s", p.Line, p.Column, clip(positioned.GetMessage()))
		}
		return nil, fmt.Errorf("1:1: %s", clip(err.Error()))
	}
	for _, doc := range file.Docs {
		if doc.Body == nil || isNull(doc.Body) {
			continue
		}
		if root != nil {
			return nil, at(doc.Body, errors.New("a second document: want one"))
		}
		root = doc.Body
	}
	return root, nil
}

func check(data []byte) error {
	if len(data) > maxBytes {
		return fmt.Errorf("1:1: larger than %d bytes", maxBytes)
	}
	line, depth := 0, 0
	for text := range bytes.Lines(data) {
		line++
		if len(text) > maxLine {
			return fmt.Errorf("%d:1: line is longer than %d bytes", line, maxLine)
		}
		depth += bytes.Count(text, []byte("[")) + bytes.Count(text, []byte("{"))
		if depth > maxNesting {
			return fmt.Errorf("%d:1: brackets nest deeper than %d", line, maxNesting)
		}
		depth -= bytes.Count(text, []byte("]")) + bytes.Count(text, []byte("}"))
		depth = max(depth, 0)
	}
	return nil
}

// eachKey calls the function of each key of a mapping with its value. A key
// without a function, or one that stands twice, is an error.
func eachKey(n ast.Node, known map[string]func(ast.Node) error) error {
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		return at(n, errors.New("want keys and values"))
	}
	seen := map[string]bool{}
	for _, pair := range pairs {
		key := pair.Key.GetToken().Value
		read, ok := known[key]
		if !ok {
			return at(pair.Key, unknownKey(key, known))
		}
		if seen[key] {
			return at(pair.Key, fmt.Errorf("key %q stands twice", key))
		}
		seen[key] = true
		if err := read(pair.Value); err != nil {
			return err
		}
	}
	return nil
}

func unknownKey(key string, known map[string]func(ast.Node) error) error {
	names := slices.Sorted(maps.Keys(known))
	if near := nearest(key, names); near != "" {
		return fmt.Errorf("unknown key %q: did you mean %q?", clip(key), near)
	}
	return fmt.Errorf("unknown key %q: want one of %s", clip(key), strings.Join(names, ", "))
}

// list is the items of a sequence.
func list(n ast.Node) ([]ast.Node, error) {
	if isNull(n) {
		return nil, nil
	}
	sequence, ok := n.(*ast.SequenceNode)
	if !ok {
		return nil, at(n, errors.New("want a list"))
	}
	return sequence.Values, nil
}

// texts is one text or a list of them.
func texts(n ast.Node) ([]string, error) {
	items := []ast.Node{n}
	if sequence, ok := n.(*ast.SequenceNode); ok {
		items = sequence.Values
	}
	var out []string
	for _, item := range items {
		s, err := text(item)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// text is a scalar as it is written.
func text(n ast.Node) (string, error) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, nil
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, nil
	}
	return "", at(n, errors.New("want a text"))
}

func boolean(n ast.Node) (bool, error) {
	if b, ok := n.(*ast.BoolNode); ok {
		return b.Value, nil
	}
	return false, at(n, errors.New("want true or false"))
}

func isNull(n ast.Node) bool {
	_, ok := n.(*ast.NullNode)
	return n == nil || ok
}

// at puts a node's place before an error.
func at(n ast.Node, err error) error {
	if n != nil {
		if p := positionOf(n); p != nil {
			return fmt.Errorf("%d:%d: %w", p.Line, p.Column, err)
		}
	}
	return fmt.Errorf("1:1: %w", err)
}

// positionOf is where a node begins. A mapping's own token is its first
// colon; the key before it is what a person looks for.
func positionOf(n ast.Node) *token.Position {
	switch m := n.(type) {
	case *ast.MappingNode:
		if len(m.Values) > 0 {
			n = m.Values[0].Key
		}
	case *ast.MappingValueNode:
		n = m.Key
	}
	if t := n.GetToken(); t != nil {
		return t.Position
	}
	return nil
}

func lineOf(n ast.Node) int {
	if p := positionOf(n); p != nil {
		return p.Line
	}
	return 0
}
