package spdx

import (
	"slices"
	"strings"
)

// spelling reads what people write instead of an expression.
func spelling(s string) (*node, bool) {
	if !balanced(s) {
		return nil, false
	}
	// Trove classifiers: "License :: OSI Approved :: MIT License".
	if rest, ok := strings.CutPrefix(s, "License ::"); ok {
		s = strings.TrimSpace(rest[strings.LastIndex(rest, "::")+1:])
		s = strings.TrimSpace(strings.TrimPrefix(s, ":"))
	}
	// CRAN: the file holds the copyright line, not another licence.
	s = strings.TrimSuffix(s, " + file LICENSE")
	if n, ok := single(s); ok {
		return n, true
	}
	if n, ok := address(s); ok {
		return n, true
	}
	if n, ok := abbreviated(s); ok {
		return n, true
	}
	p := &parser{tokens: looseTokens(s), keyword: looseKeyword, leaf: looseLeaf, with: looseWith}
	n, err := p.whole()
	return n, err == nil
}

// balanced tells whether every bracket has its partner, not too deep.
func balanced(s string) bool {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth < 0 || depth > maxNesting {
			return false
		}
	}
	return depth == 0
}

// single finds the one licence, or well-known combination, that s names.
func single(s string) (*node, bool) {
	k := key(s)
	if k == "" {
		return nil, false
	}
	t := list()
	expr := t.aliases[k]
	if expr == "" {
		expr = t.names[k]
	}
	if expr == "" {
		expr = gnuExpr(k)
	}
	if expr == "" {
		return nil, false
	}
	n, err := parse(expr)
	return n, err == nil
}

// gnuVersions are the versions that each GNU licence was published in.
var gnuVersions = map[string][]string{
	"gpl": {"1", "2", "3"}, "lgpl": {"2", "2.1", "3"}, "agpl": {"1", "3"}, "gfdl": {"1.1", "1.2", "1.3"},
}

// gnuExpr reads the key of a GNU licence with a version. Without one it could
// be any, except that "GPL+" is defined as any published version.
func gnuExpr(key string) string {
	if key == "gpl +" {
		return "GPL-1.0-or-later"
	}
	family, rest, _ := strings.Cut(key, " ")
	version, suffix, _ := strings.Cut(rest, " ")
	if !slices.Contains(gnuVersions[family], version) {
		return ""
	}
	if !strings.Contains(version, ".") {
		version += ".0"
	}
	switch suffix {
	case "", "only":
		return strings.ToUpper(family) + "-" + version + "-only"
	case "+":
		return strings.ToUpper(family) + "-" + version + "-or-later"
	}
	return ""
}

// abbreviated reads "Mozilla Public License 2.0 (MPL 2.0)" and CRAN's
// "GPL (>= 2)": a name and brackets that repeat it. Brackets that say
// something else leave the name in doubt.
func abbreviated(s string) (*node, bool) {
	body, ok := strings.CutSuffix(s, ")")
	open := strings.LastIndexByte(body, '(')
	if !ok || open <= 0 {
		return nil, false
	}
	name, inner := strings.TrimSpace(body[:open]), strings.TrimSpace(body[open+1:])
	if least, ok := strings.CutPrefix(inner, ">="); ok {
		return single(name + " " + least + "+")
	}
	n, ok := single(name)
	if !ok {
		return nil, false
	}
	m, ok := single(inner)
	return n, ok && m.modern().String() == n.modern().String()
}

// looseTokens splits like tokenize; a comma becomes part of the operator
// behind it, where it makes the operator the weakest (DEP-5, "License
// specification", syntax).
func looseTokens(s string) []string {
	var tokens []string
	for _, t := range tokenize(s) {
		if k := looseKeyword(t); k == "AND" || k == "OR" {
			if n := len(tokens); n > 0 && len(tokens[n-1]) > 1 && strings.HasSuffix(tokens[n-1], ",") {
				tokens[n-1] = strings.TrimSuffix(tokens[n-1], ",")
				t = ", " + t
			}
		}
		tokens = append(tokens, t)
	}
	return joinLater(tokens)
}

// joinLater puts "or later" and its like back onto the name that they are
// part of.
func joinLater(tokens []string) []string {
	out := make([]string, 0, len(tokens))
	for i := 0; i < len(tokens); i++ {
		n := 0
		if len(out) > 0 && looseKeyword(tokens[i]) != "" {
			n = laterLength(tokens[i:])
		}
		if n == 0 {
			out = append(out, tokens[i])
			continue
		}
		out[len(out)-1] += "+"
		i += n - 1
	}
	return out
}

// laterLength tells how many tokens from the first on say "or later".
func laterLength(tokens []string) int {
	for _, phrase := range [...]string{
		"or ( at your option ) any later version", "or any later version", "or any later", "or later version",
		"or later", "or newer", "or higher", "or greater", "or above", "and later", "and newer", "and above",
	} {
		words := strings.Fields(phrase)
		if len(tokens) >= len(words) && strings.EqualFold(strings.Join(tokens[:len(words)], " "), phrase) {
			return len(words)
		}
	}
	return 0
}

func looseKeyword(token string) string {
	switch strings.ToLower(token) {
	case "and", "&", "&&":
		return "AND"
	case "or", "|", "||":
		return "OR"
	case ", and":
		return ", AND"
	case ", or":
		return ", OR"
	case "with", "w/":
		return "WITH"
	}
	return ""
}

func looseLeaf(tokens []string) (*node, error) {
	if n, err := strictLeaf(tokens); err == nil {
		return n, nil
	}
	s := strings.Join(tokens, " ")
	if strings.Contains(s, ",") {
		return nil, errExpression // a list, but all of it or any of it?
	}
	if n, ok := single(s); ok {
		return n, nil
	}
	if len(tokens) == 1 && strings.Contains(s, "/") {
		return slashed(s)
	}
	return nil, errExpression
}

// slashed reads Cargo's old way to give a choice, "MIT/Apache-2.0", of
// identifiers and nothing else.
func slashed(s string) (*node, error) {
	all := &node{op: opOr}
	for part := range strings.SplitSeq(s, "/") {
		n, err := strictLeaf([]string{part})
		if err != nil {
			return nil, err
		}
		all.operands = append(all.operands, n)
	}
	return all, nil
}

// looseWith finds the exception that tokens name: by identifier, or by the
// word before "exception" when only one exception begins so.
func looseWith(n *node, tokens []string) (*node, error) {
	if n.op != opLeaf || n.exception != "" {
		return nil, errExpression
	}
	if m, err := strictWith(n, tokens); err == nil {
		return m, nil
	}
	want := stem(strings.Join(tokens, " "))
	if want == "" {
		return nil, errExpression
	}
	found := ""
	for _, id := range list().exceptions {
		if stem(id) != want {
			continue
		}
		if found != "" {
			return nil, errExpression
		}
		found = id
	}
	if found == "" {
		return nil, errExpression
	}
	n.exception = found
	return n, nil
}

// stem is an exception's name without the word itself and its version.
func stem(s string) string {
	var words []string
	isException := false
	for _, w := range keyWords(s) {
		switch {
		case w == "exception" || w == "exceptions":
			isException = true
		case w[0] >= '0' && w[0] <= '9' && isException:
		default:
			words = append(words, w)
		}
	}
	if !isException {
		return ""
	}
	return strings.Join(words, " ")
}
