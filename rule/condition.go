package rule

import (
	"strconv"
	"strings"
)

// maxDepth is how deep a condition may nest.
const maxDepth = 1000

// expr is a condition as written: a tree of and, or, not, macros and checks.
type expr struct {
	kind  exprKind
	kids  []*expr
	name  string // of a macro
	check *check
	pos   int // byte offset in the condition
	depth int // of what is below, once macros are expanded
}

type exprKind uint8

const (
	exprAnd exprKind = iota
	exprOr
	exprNot
	exprCheck
	exprMacro
)

// check compares what is left of an operator with what is right of it.
type check struct {
	left     operand
	op       string
	modifier string // oneof, anyof, allof
	right    []operand
}

// operand is a field, a literal or a transformer over operands.
type operand struct {
	kind   operandKind
	text   string // name of the field or transformer, or the literal
	arg    string
	hasArg bool
	quoted bool
	args   []operand
	pos    int
}

type operandKind uint8

const (
	operandLiteral operandKind = iota
	operandField
	operandTransformer
)

// syntaxError is a mistake in a condition, at a byte offset of it.
type syntaxError struct {
	pos     int
	message string
	hint    string
}

// parser reads a condition by the grammar of libsinsp's filters.
type parser struct {
	text  string
	at    int
	depth int
}

// parseCondition reads the whole text, or says where it stops making sense.
func parseCondition(text string) (e *expr, err *syntaxError) {
	p := &parser{text: text}
	defer func() {
		if r := recover(); r != nil {
			failed, ok := r.(*syntaxError)
			if !ok {
				panic(r)
			}
			e, err = nil, failed
		}
	}()
	p.blanks()
	if p.at == len(text) {
		p.fail(0, "the condition is empty", "")
	}
	e = p.or()
	p.blanks()
	if p.at < len(text) {
		hint := "expecting 'or', 'and'"
		if text[p.at] == ')' {
			hint = "this parenthesis was never opened"
		}
		p.fail(p.at, "unexpected "+quoteAt(text, p.at), hint)
	}
	return e, nil
}

// fail leaves the parser; parseCondition is where it comes out.
func (p *parser) fail(at int, message, hint string) {
	panic(&syntaxError{pos: at, message: message, hint: hint})
}

func quoteAt(text string, at int) string {
	if at >= len(text) {
		return "end of the condition"
	}
	end := at + 1
	for end < len(text) && end < at+24 && !isBlank(text[end]) {
		end++
	}
	return strconv.Quote(text[at:end])
}

func (p *parser) or() *expr  { return p.chain("or", exprOr, p.and) }
func (p *parser) and() *expr { return p.chain("and", exprAnd, p.not) }

func (p *parser) chain(word string, kind exprKind, operand func() *expr) *expr {
	pos := p.at
	kids := []*expr{operand()}
	for {
		p.blanks()
		if !p.keyword(word) {
			break
		}
		p.blanks()
		kids = append(kids, operand())
	}
	if len(kids) == 1 {
		return kids[0]
	}
	return &expr{kind: kind, kids: kids, pos: pos}
}

// keyword takes a word that a blank or a parenthesis ends.
func (p *parser) keyword(word string) bool {
	rest := p.text[p.at:]
	if !strings.HasPrefix(rest, word) || len(rest) == len(word) {
		return false
	}
	if c := rest[len(word)]; !isBlank(c) && c != '(' {
		return false
	}
	p.at += len(word)
	return true
}

func (p *parser) not() *expr {
	pos, negated := p.at, false
	for p.keyword("not") {
		negated = !negated
		p.blanks()
	}
	e := p.primary()
	if negated {
		return &expr{kind: exprNot, kids: []*expr{e}, pos: pos}
	}
	return e
}

func (p *parser) primary() *expr {
	if p.depth++; p.depth > maxDepth {
		p.fail(p.at, "nested deeper than "+strconv.Itoa(maxDepth)+" levels", "")
	}
	defer func() { p.depth-- }()
	pos := p.at
	if p.take("(") {
		p.blanks()
		e := p.or()
		p.blanks()
		if !p.take(")") {
			p.fail(p.at, "unexpected "+quoteAt(p.text, p.at), "expecting ')', 'or', 'and'")
		}
		return e
	}
	name := p.name()
	if name == "" {
		p.fail(pos, "unexpected "+quoteAt(p.text, pos), "expecting a field, a macro, 'not' or '('")
	}
	if transformers[name] && p.peek("(") {
		p.at = pos
		return &expr{kind: exprCheck, pos: pos, check: p.check(p.transformer())}
	}
	if !strings.Contains(name, ".") {
		return &expr{kind: exprMacro, name: name, pos: pos}
	}
	return &expr{kind: exprCheck, pos: pos, check: p.check(p.field(pos, name))}
}

// name is an identifier, or identifiers with dots between.
func (p *parser) name() string {
	start := p.at
	for p.at < len(p.text) {
		c := p.text[p.at]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		case p.at > start && (c >= '0' && c <= '9' || c == '_'):
		case p.at > start && c == '.' && p.at+1 < len(p.text) && isWord(p.text[p.at+1]):
		default:
			return p.text[start:p.at]
		}
		p.at++
	}
	return p.text[start:p.at]
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

func (p *parser) field(pos int, name string) operand {
	f := operand{kind: operandField, text: name, pos: pos}
	if !p.take("[") {
		return f
	}
	f.hasArg = true
	if p.peek("'") || p.peek(`"`) {
		f.arg = p.quoted()
	} else {
		start := p.at
		for p.at < len(p.text) && !strings.ContainsRune("[]\"' \t\n\r\b", rune(p.text[p.at])) {
			p.at++
		}
		f.arg = p.text[start:p.at]
	}
	if f.arg == "" || !p.take("]") {
		p.fail(p.at, "the argument of "+name+" is not closed", "expecting an argument and ']'")
	}
	return f
}

// transformers are the functions that change a field's value.
var transformers = map[string]bool{
	"tolower": true, "toupper": true, "b64": true, "basename": true, "len": true,
	"join": true, "concat": true, "getopt": true,
}

func (p *parser) transformer() operand {
	if p.depth++; p.depth > maxDepth {
		p.fail(p.at, "nested deeper than "+strconv.Itoa(maxDepth)+" levels", "")
	}
	defer func() { p.depth-- }()
	t := operand{kind: operandTransformer, pos: p.at}
	t.text = p.name()
	p.take("(")
	for {
		p.blanks()
		t.args = append(t.args, p.argument())
		p.blanks()
		if p.take(",") {
			continue
		}
		if p.take(")") {
			return p.arity(t)
		}
		p.fail(p.at, "unexpected "+quoteAt(p.text, p.at)+" in "+t.text+"(", "expecting ')' or ','")
	}
}

func (p *parser) arity(t operand) operand {
	switch t.text {
	case "concat":
	case "join", "getopt":
		if len(t.args) < 2 {
			p.fail(t.pos, t.text+"( needs two arguments or more", "")
		}
	default:
		if len(t.args) != 1 || t.args[0].kind == operandLiteral {
			p.fail(t.pos, t.text+"( takes one field", "")
		}
	}
	return t
}

// argument is a field, a transformer or a text inside of a transformer.
func (p *parser) argument() operand {
	pos := p.at
	if p.peek("'") || p.peek(`"`) {
		return operand{text: p.quoted(), quoted: true, pos: pos}
	}
	name := p.name()
	switch {
	case transformers[name] && p.peek("("):
		p.at = pos
		return p.transformer()
	case strings.Contains(name, "."):
		return p.field(pos, name)
	}
	p.at = pos
	return p.literal()
}

// The operators, longest first where one begins with another.
var (
	numberOperators = []string{"<=", "<", ">=", ">"}
	stringOperators = []string{"==", "=", "!=", "glob", "iglob", "contains", "icontains", "bcontains",
		"startswith", "bstartswith", "endswith", "regex"}
	listOperators = []string{"intersects", "in", "pmatch"}
	modifiers     = []string{"oneof", "anyof", "allof"}
)

func (p *parser) check(left operand) *check {
	p.blanks()
	c := &check{left: left}
	if p.word("exists") {
		c.op = "exists"
		return c
	}
	for _, op := range numberOperators {
		if p.take(op) {
			c.op = op
			p.blanks()
			c.right = []operand{p.number()}
			return c
		}
	}
	for _, op := range stringOperators {
		if isWord(op[0]) && !p.word(op) || !isWord(op[0]) && !p.take(op) {
			continue
		}
		if c.op = op; op == "==" {
			c.op = "="
		}
		return p.stringRight(c)
	}
	for _, op := range listOperators {
		if p.word(op) {
			c.op = op
			p.blanks()
			c.right = p.list()
			return c
		}
	}
	p.fail(p.at, "unexpected "+quoteAt(p.text, p.at)+" after "+left.text, "expecting an operator, such as '=', 'in', 'startswith' or 'exists'")
	return nil
}

// word takes an operator made of letters, which something else must end.
func (p *parser) word(op string) bool {
	rest := p.text[p.at:]
	if !strings.HasPrefix(rest, op) {
		return false
	}
	if len(rest) > len(op) && !isBlank(rest[len(op)]) && !strings.ContainsRune("()\"'", rune(rest[len(op)])) {
		return false
	}
	p.at += len(op)
	return true
}

func (p *parser) stringRight(c *check) *check {
	p.blanks()
	for _, m := range modifiers {
		mark := p.at
		if p.word(m) {
			p.blanks()
			if p.peek("(") || p.at < len(p.text) && p.at > mark+len(m) && isWord(p.text[p.at]) && !p.logic() {
				c.modifier = m
				c.right = p.list()
				return c
			}
			p.at = mark
		}
	}
	c.right = []operand{p.rightValue()}
	return c
}

// logic says whether "and" or "or" stands here: "x = anyof and ..." compares
// with the text anyof.
func (p *parser) logic() bool {
	mark := p.at
	defer func() { p.at = mark }()
	return p.keyword("and") || p.keyword("or")
}

// rightValue is a text, or what val( or a transformer takes from the event.
func (p *parser) rightValue() operand {
	if o, ok := p.computed(); ok {
		return o
	}
	return p.literal()
}

func (p *parser) computed() (operand, bool) {
	pos := p.at
	name := p.name()
	if !p.peek("(") || name != "val" && !transformers[name] {
		p.at = pos
		return operand{}, false
	}
	if name != "val" {
		p.at = pos
		return p.transformer(), true
	}
	p.take("(")
	p.blanks()
	inner := p.at
	field := p.name()
	if !strings.Contains(field, ".") {
		p.fail(inner, "val( takes a field", "")
	}
	o := p.field(inner, field)
	p.blanks()
	if !p.take(")") {
		p.fail(p.at, "unexpected "+quoteAt(p.text, p.at), "expecting ')'")
	}
	return o, true
}

func (p *parser) number() operand {
	if o, ok := p.computed(); ok {
		return o
	}
	pos := p.at
	for p.at < len(p.text) && (isWord(p.text[p.at]) || strings.IndexByte("+-.", p.text[p.at]) >= 0) {
		p.at++
	}
	text := p.text[pos:p.at]
	_, intErr := strconv.ParseInt(text, 0, 64)
	_, floatErr := strconv.ParseFloat(text, 64)
	if intErr != nil && floatErr != nil || strings.ContainsAny(text, "_nN") {
		p.fail(pos, "unexpected "+quoteAt(p.text, pos), "expecting a number")
	}
	return operand{text: text, pos: pos}
}

func (p *parser) list() []operand {
	if !p.take("(") {
		return []operand{p.rightValue()}
	}
	out := []operand{}
	p.blanks()
	if p.take(")") {
		return out
	}
	for {
		p.blanks()
		out = append(out, p.rightValue())
		p.blanks()
		if p.take(",") {
			continue
		}
		if p.take(")") {
			return out
		}
		p.fail(p.at, "unexpected "+quoteAt(p.text, p.at)+" in a list", "expecting ')' or ','")
	}
}

// literal is a text, with quotes or without.
func (p *parser) literal() operand {
	pos := p.at
	if p.peek("'") || p.peek(`"`) {
		return operand{text: p.quoted(), quoted: true, pos: pos}
	}
	for p.at < len(p.text) && !strings.ContainsRune("()\"'=,", rune(p.text[p.at])) && !isBlank(p.text[p.at]) {
		p.at++
	}
	if p.at == pos {
		p.fail(pos, "unexpected "+quoteAt(p.text, pos), "expecting a value; quote it if it is empty or has parentheses, commas, '=' or blanks")
	}
	return operand{text: p.text[pos:p.at], pos: pos}
}

func (p *parser) quoted() string {
	start := p.at
	quote := p.text[p.at]
	var b strings.Builder
	for p.at++; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; c {
		case quote:
			p.at++
			return b.String()
		case '\\':
			p.escape(&b)
		default:
			b.WriteByte(c)
		}
	}
	p.fail(start, "the quote is never closed", "")
	return ""
}

// escape reads what follows a backslash and stands on its last byte.
func (p *parser) escape(b *strings.Builder) {
	start := p.at
	p.at++
	if p.at == len(p.text) {
		p.fail(start, "the quote is never closed", "")
	}
	const from, to = `bfnrt\/"'`, "\b\f\n\r\t\\/\"'"
	c := p.text[p.at]
	if i := strings.IndexByte(from, c); i >= 0 {
		b.WriteByte(to[i])
		return
	}
	switch c {
	case ' ': // kept for rules that were written when it meant nothing
		b.WriteString(`\ `)
		return
	case 'x':
		if p.at+2 < len(p.text) {
			if n, err := strconv.ParseUint(p.text[p.at+1:p.at+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				p.at += 2
				return
			}
		}
	}
	p.fail(start, "unknown escape "+strconv.Quote(p.text[start:p.at+1]), `the escapes are \b \f \n \r \t \\ \/ \" \' \xHH`)
}

func (p *parser) blanks() {
	for p.at < len(p.text) && isBlank(p.text[p.at]) {
		p.at++
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\b' }

func (p *parser) peek(s string) bool { return strings.HasPrefix(p.text[p.at:], s) }

func (p *parser) take(s string) bool {
	if !p.peek(s) {
		return false
	}
	p.at += len(s)
	return true
}
