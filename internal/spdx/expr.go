package spdx

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// operator joins the operands of a node. The stronger one is the greater.
type operator uint8

const (
	opLeaf operator = iota
	opOr
	opAnd
)

// node is one licence, or several joined by AND or by OR. A node never holds
// a node of its own operator.
type node struct {
	op        operator
	operands  []*node
	id        string // of a leaf: identifier or LicenseRef-
	later     bool   // of a leaf: "+" follows
	exception string // of a leaf: behind WITH
}

// String writes the expression with no more brackets than it needs.
func (n *node) String() string {
	var b strings.Builder
	n.write(&b)
	return b.String()
}

func (n *node) write(b *strings.Builder) {
	if n.op == opLeaf {
		b.WriteString(n.id)
		if n.later {
			b.WriteByte('+')
		}
		if n.exception != "" {
			b.WriteString(" WITH ")
			b.WriteString(n.exception)
		}
		return
	}
	for i, operand := range n.operands {
		if i > 0 {
			b.WriteString([...]string{opOr: " OR ", opAnd: " AND "}[n.op])
		}
		if n.op == opAnd && operand.op == opOr {
			b.WriteByte('(')
			operand.write(b)
			b.WriteByte(')')
			continue
		}
		operand.write(b)
	}
}

func (n *node) leaves(to []string) []string {
	if n.op == opLeaf {
		return append(to, n.id)
	}
	for _, operand := range n.operands {
		to = operand.leaves(to)
	}
	return to
}

// modern replaces deprecated identifiers and drops operands that stand twice.
func (n *node) modern() *node {
	if n.op == opLeaf {
		return n.modernLeaf()
	}
	var operands []*node
	for _, operand := range n.operands {
		operands = append(operands, operand.modern())
	}
	return join(n.op, operands)
}

func (n *node) modernLeaf() *node {
	if base, ok := strings.CutSuffix(n.id, "-or-later"); ok && n.later && gnu(base) {
		return &node{id: n.id, exception: n.exception}
	}
	e := list().licenses[strings.ToLower(n.id)]
	switch next := successors[n.id]; {
	case !e.deprecated:
		return n
	case next != "" && !n.later && n.exception == "":
		if m, err := parse(next); err == nil {
			return m
		}
	case gnu(n.id) && n.later:
		return &node{id: n.id + "-or-later", exception: n.exception}
	case gnu(n.id):
		return &node{id: n.id + "-only", exception: n.exception}
	}
	return n
}

// gnu tells whether id is a GNU licence and its version, nothing behind it.
func gnu(id string) bool {
	family, version, _ := strings.Cut(id, "-")
	return slices.Contains([]string{"GPL", "LGPL", "AGPL", "GFDL"}, family) && strings.Trim(version, "0123456789.") == ""
}

// join makes a node of operands, taking in those of the same operator and
// leaving out what is there already.
func join(op operator, operands []*node) *node {
	all := &node{op: op}
	seen := map[string]bool{}
	add := func(n *node) {
		if s := n.String(); !seen[s] {
			seen[s] = true
			all.operands = append(all.operands, n)
		}
	}
	for _, operand := range operands {
		if operand.op != op {
			add(operand)
			continue
		}
		for _, inner := range operand.operands {
			add(inner)
		}
	}
	if len(all.operands) == 1 {
		return all.operands[0]
	}
	return all
}

// maxNesting bounds brackets within brackets.
const maxNesting = 64

var errExpression = errors.New("not a licence expression")

// parser reads an expression by recursive descent. Operators and leaf decide
// which language is read: the specification's or the one people write.
type parser struct {
	tokens  []string
	pos     int
	depth   int
	keyword func(token string) string            // "AND", "OR", "WITH" or ""
	leaf    func(tokens []string) (*node, error) // the tokens between two operators
	with    func(n *node, tokens []string) (*node, error)
}

// parse reads an expression in the specification's language.
func parse(s string) (*node, error) {
	if !strings.ContainsAny(s, " \t\r\n()") {
		return strictLeaf([]string{s})
	}
	p := &parser{tokens: tokenize(s), keyword: strictKeyword, leaf: strictLeaf, with: strictWith}
	return p.whole()
}

func (p *parser) whole() (*node, error) {
	n, err := p.expression()
	if err != nil {
		return nil, err
	}
	if p.pos != len(p.tokens) {
		return nil, errExpression
	}
	return n, nil
}

func (p *parser) expression() (*node, error) {
	if p.depth++; p.depth > maxNesting {
		return nil, fmt.Errorf("%w: nested deeper than %d", errExpression, maxNesting)
	}
	defer func() { p.depth-- }()
	and := func() (*node, error) { return p.chain("AND", opAnd, p.operand) }
	or := func() (*node, error) { return p.chain("OR", opOr, and) }
	weakAnd := func() (*node, error) { return p.chain(", AND", opAnd, or) }
	return p.chain(", OR", opOr, weakAnd)
}

// chain reads operands joined by one operator.
func (p *parser) chain(word string, op operator, operand func() (*node, error)) (*node, error) {
	n, err := operand()
	if err != nil {
		return nil, err
	}
	operands := []*node{n}
	for p.pos < len(p.tokens) && p.keyword(p.tokens[p.pos]) == word {
		p.pos++
		if n, err = operand(); err != nil {
			return nil, err
		}
		operands = append(operands, n)
	}
	if len(operands) == 1 {
		return operands[0], nil
	}
	return flatten(op, operands), nil
}

// flatten is join without leaving anything out: parsing alone changes nothing.
func flatten(op operator, operands []*node) *node {
	all := &node{op: op}
	for _, operand := range operands {
		if operand.op == op {
			all.operands = append(all.operands, operand.operands...)
		} else {
			all.operands = append(all.operands, operand)
		}
	}
	return all
}

func (p *parser) operand() (*node, error) {
	if p.pos < len(p.tokens) && p.tokens[p.pos] == "(" {
		p.pos++
		n, err := p.expression()
		if err != nil {
			return nil, err
		}
		if p.pos >= len(p.tokens) || p.tokens[p.pos] != ")" {
			return nil, errExpression
		}
		p.pos++
		return n, nil
	}
	n, err := p.leaf(p.words())
	if err != nil {
		return nil, err
	}
	if p.pos < len(p.tokens) && p.keyword(p.tokens[p.pos]) == "WITH" {
		p.pos++
		return p.with(n, p.words())
	}
	return n, nil
}

// words takes the tokens up to the next operator or bracket.
func (p *parser) words() []string {
	start := p.pos
	for p.pos < len(p.tokens) {
		if t := p.tokens[p.pos]; t == "(" || t == ")" || p.keyword(t) != "" {
			break
		}
		p.pos++
	}
	return p.tokens[start:p.pos]
}

// tokenize splits at white space and around brackets.
func tokenize(s string) []string {
	var tokens []string
	start := -1
	end := func(i int) {
		if start >= 0 {
			tokens = append(tokens, s[start:i])
			start = -1
		}
	}
	for i := range len(s) {
		switch c := s[i]; c {
		case ' ', '\t', '\n', '\r':
			end(i)
		case '(', ')':
			end(i)
			tokens = append(tokens, s[i:i+1])
		default:
			if start < 0 {
				start = i
			}
		}
	}
	end(len(s))
	return tokens
}

func strictKeyword(token string) string {
	switch token {
	case "AND", "OR", "WITH":
		return token
	}
	return ""
}

func strictLeaf(tokens []string) (*node, error) {
	if len(tokens) != 1 {
		return nil, errExpression
	}
	if IsRef(tokens[0]) {
		return &node{id: tokens[0]}, nil
	}
	s, later := strings.CutSuffix(tokens[0], "+")
	id, ok := ID(s)
	if !ok {
		return nil, errExpression
	}
	return &node{id: id, later: later}, nil
}

func strictWith(n *node, tokens []string) (*node, error) {
	if len(tokens) != 1 {
		return nil, errExpression
	}
	id, ok := list().exceptions[strings.ToLower(tokens[0])]
	if !ok {
		if rest, isRef := strings.CutPrefix(tokens[0], "AdditionRef-"); !isRef || !isIDString(rest) {
			return nil, errExpression
		}
		id = tokens[0]
	}
	n.exception = id
	return n, nil
}
