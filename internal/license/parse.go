package license

import "strings"

// tokens splits s into parentheses, operators and operands. An operand may
// have several words: "Apache License 2.0".
func tokens(s string) []string {
	var out []string
	var words []string
	flush := func() {
		if len(words) > 0 {
			out = append(out, strings.Join(words, " "))
			words = nil
		}
	}
	s = strings.NewReplacer("(", " ( ", ")", " ) ").Replace(s)
	for word := range strings.FieldsSeq(s) {
		switch strings.ToUpper(word) {
		case "(", ")", "AND", "OR", "WITH":
			flush()
			out = append(out, word)
		default:
			words = append(words, word)
		}
	}
	flush()
	return out
}

// parser reads an expression by recursive descent: OR binds weaker than AND,
// AND weaker than WITH.
type parser struct {
	tokens  []string
	lower   bool // an operator was not in capitals
	unknown bool // an operand is no known licence
}

func (p *parser) accept(operator string) bool {
	if len(p.tokens) == 0 || !strings.EqualFold(p.tokens[0], operator) {
		return false
	}
	p.lower = p.lower || p.tokens[0] != operator
	p.tokens = p.tokens[1:]
	return true
}

func (p *parser) or(depth int) (string, bool)  { return p.list("OR", depth, p.and) }
func (p *parser) and(depth int) (string, bool) { return p.list("AND", depth, p.with) }

func (p *parser) list(operator string, depth int, operand func(int) (string, bool)) (string, bool) {
	left, ok := operand(depth)
	if !ok || len(p.tokens) == 0 || !strings.EqualFold(p.tokens[0], operator) {
		return left, ok
	}
	all := []string{left}
	for p.accept(operator) {
		right, ok := operand(depth)
		if !ok {
			return "", false
		}
		all = append(all, right)
	}
	return strings.Join(all, " "+operator+" "), true
}

func (p *parser) with(depth int) (string, bool) {
	left, ok := p.operand(depth)
	if !ok || !p.accept("WITH") {
		return left, ok
	}
	if len(p.tokens) == 0 {
		return "", false
	}
	exception, known := exceptions()[strings.ToLower(p.tokens[0])]
	if !known {
		return "", false
	}
	p.tokens = p.tokens[1:]
	return left + " WITH " + exception, true
}

func (p *parser) operand(depth int) (string, bool) {
	if len(p.tokens) == 0 || depth > maxNesting {
		return "", false
	}
	if p.accept("(") {
		inner, ok := p.or(depth + 1)
		if !ok || !p.accept(")") {
			return "", false
		}
		if !strings.Contains(inner, " ") {
			return inner, true
		}
		return "(" + inner + ")", true
	}
	token := p.tokens[0]
	switch strings.ToUpper(token) {
	case ")", "AND", "OR", "WITH":
		return "", false
	}
	p.tokens = p.tokens[1:]
	return p.name(token)
}

// name resolves one operand: an identifier, perhaps with a "+", a reference,
// or a well-known spelling.
func (p *parser) name(token string) (string, bool) {
	if id, ok := ID(token); ok {
		return id, true
	}
	if base, later := strings.CutSuffix(token, "+"); later {
		if id, ok := ID(base); ok {
			return id + "+", true
		}
	}
	if says, ok := aliases()[fold(token)]; ok && says != "" {
		if strings.Contains(says, " OR ") || strings.Contains(says, " AND ") {
			says = "(" + says + ")"
		}
		return says, true
	}
	if strings.HasPrefix(token, "LicenseRef-") || strings.HasPrefix(token, "DocumentRef-") {
		if r := ref(token); r != "" {
			return r, true
		}
	}
	p.unknown = true
	r := ref(token)
	return r, r != ""
}
