package rule

import (
	"encoding/hex"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// test compares one slot with literals, or with another slot.
type test struct {
	slot     int
	right    int // the other slot, -1 for literals
	op       string
	modifier string
	typ      Type
	several  several

	code    opcode
	texts   []string
	set     map[string]struct{} // of texts, when they are many
	nums    []int64
	addrs   []netip.Addr
	nets    []netip.Prefix
	regexps []*regexp.Regexp
	paths   *pathTree
}

// several says what a test means for a field with more than one value.
type several uint8

const (
	anyValue  several = iota // one that passes is enough
	allValues                // all must pass
)

type opcode uint8

const (
	opExists opcode = iota
	opEqual
	opUnequal
	opLess
	opLessEqual
	opGreater
	opGreaterEqual
	opContains
	opIContains
	opStartsWith
	opEndsWith
	opGlob
	opIGlob
	opRegex
	opPMatch
	opIn
)

var opcodes = map[string]opcode{
	"exists": opExists, "=": opEqual, "!=": opUnequal, "<": opLess, "<=": opLessEqual, ">": opGreater, ">=": opGreaterEqual,
	"contains": opContains, "bcontains": opContains, "icontains": opIContains, "startswith": opStartsWith, "bstartswith": opStartsWith,
	"endswith": opEndsWith, "glob": opGlob, "iglob": opIGlob, "regex": opRegex, "pmatch": opPMatch, "in": opIn, "intersects": opIn,
}

// legal are the operators of each type, exists apart.
var legal = map[Type][]string{
	String: {"=", "!=", "<", "<=", ">", ">=", "contains", "icontains", "startswith", "endswith", "glob", "iglob", "regex", "pmatch", "in", "intersects"},
	Bytes:  {"=", "!=", "contains", "bcontains", "startswith", "bstartswith", "endswith", "in", "intersects"},
	Int:    {"=", "!=", "<", "<=", ">", ">=", "in", "intersects"},
	Bool:   {"=", "!=", "in", "intersects"},
	Addr:   {"=", "!=", "in", "intersects"},
	Net:    {"=", "!=", "in", "intersects"},
}

// newTest compiles a check. The error is a phrase.
func (d *dag) newTest(c *check, source string) (*test, string) {
	left, why := d.operand(c.left, source)
	if why != "" {
		return nil, why
	}
	s := d.slots[left]
	t := &test{slot: left, right: -1, op: c.op, modifier: c.modifier, typ: s.typ, code: opcodes[c.op]}
	name := c.left.name()
	switch {
	case c.op == "exists":
		return t, ""
	case s.list && c.op != "in" && c.op != "intersects":
		return nil, "operator " + c.op + " cannot be used with " + name + ", which is a list: want in, intersects or exists"
	case !slices.Contains(legal[s.typ], c.op):
		return nil, "operator " + c.op + " cannot be used with " + name + ", whose type is " + s.typ.String() + ": want one of " + strings.Join(legal[s.typ], " ")
	}
	if s.list && c.op == "in" || s.either && c.op == "!=" {
		t.several = allValues
	}
	if len(c.right) == 1 && c.right[0].kind != operandLiteral {
		return t.compareSlots(d, c.right[0], source)
	}
	for _, o := range c.right {
		if o.kind != operandLiteral {
			return nil, "a list of values cannot hold fields"
		}
		if why := t.literal(o.text); why != "" {
			return nil, name + ": " + why
		}
	}
	t.prepare()
	return t, ""
}

func (t *test) compareSlots(d *dag, o operand, source string) (*test, string) {
	right, why := d.operand(o, source)
	if why != "" {
		return nil, why
	}
	if l, r := t.typ.kind(), d.slots[right].typ.kind(); l != r {
		return nil, "the two sides of " + t.op + " have different types"
	}
	switch t.code {
	case opRegex, opGlob, opIGlob:
		return nil, "operator " + t.op + " wants a literal on its right side"
	}
	t.right = right
	return t, ""
}

// literal takes one value of the right side.
func (t *test) literal(s string) string {
	switch t.typ {
	case Int:
		n, err := parseInt(s)
		if err != "" {
			return err
		}
		t.nums = append(t.nums, n)
	case Bool:
		n, ok := parseBool(s)
		if !ok {
			return strconv.Quote(clip(s, 40)) + " is neither true nor false"
		}
		t.nums = append(t.nums, n)
	case Addr:
		a, err := netip.ParseAddr(s)
		if err != nil {
			return strconv.Quote(clip(s, 60)) + " is no IP address"
		}
		t.addrs = append(t.addrs, a.Unmap())
	case Net:
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, err := netip.ParseAddr(s)
			if err != nil {
				return strconv.Quote(clip(s, 60)) + " is neither a network nor an IP address"
			}
			a = a.Unmap()
			p = netip.PrefixFrom(a, a.BitLen())
		}
		t.nets = append(t.nets, p.Masked())
	default:
		return t.textLiteral(s)
	}
	return ""
}

func (t *test) textLiteral(s string) string {
	switch {
	case t.op == "bcontains" || t.op == "bstartswith":
		raw, err := hex.DecodeString(s)
		if err != nil {
			return strconv.Quote(clip(s, 60)) + " is not hexadecimal"
		}
		s = string(raw)
	case t.code == opRegex:
		// Checked alone first: "a)(b" is no expression, "(?:a)(b)" is one.
		if _, err := regexp.Compile(s); err != nil {
			return strings.TrimPrefix(err.Error(), "error ")
		}
		full, err := regexp.Compile(`\A(?:` + s + `)\z`)
		if err != nil {
			return err.Error()
		}
		t.regexps = append(t.regexps, full)
	case t.code == opIContains || t.code == opIGlob:
		s = lower(s)
	}
	t.texts = append(t.texts, s)
	return ""
}

func parseInt(s string) (int64, string) {
	if n, err := strconv.ParseInt(s, 0, 64); err == nil {
		return n, ""
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil { // 010 is ten
		return n, ""
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && f == float64(int64(f)) {
		return int64(f), ""
	}
	return 0, strconv.Quote(clip(s, 40)) + " is no whole number"
}

func (t *test) prepare() {
	switch {
	case t.code == opPMatch:
		t.paths = newPathTree(t.texts)
	case t.code == opIn && len(t.texts) > 6:
		t.set = make(map[string]struct{}, len(t.texts))
		for _, s := range t.texts {
			t.set[s] = struct{}{}
		}
	}
}

// key is the same for tests that always agree.
func (t *test) key() string {
	var b strings.Builder
	b.WriteString("t" + strconv.Itoa(t.slot) + " " + strconv.Itoa(int(t.code)) + " " + t.modifier + " " + strconv.Itoa(t.right) + " " + strconv.Itoa(int(t.several)))
	for _, s := range t.texts {
		b.WriteByte(' ')
		b.WriteString(strconv.Quote(s))
	}
	for _, n := range t.nums {
		b.WriteByte(' ')
		b.WriteString(strconv.FormatInt(n, 10))
	}
	for _, a := range t.addrs {
		b.WriteString(" " + a.String())
	}
	for _, n := range t.nets {
		b.WriteString(" " + n.String())
	}
	return b.String()
}

// probability guesses how often the test is true.
func (t *test) probability() float64 {
	switch t.code {
	case opExists:
		return 0.9
	case opUnequal:
		return 0.9
	case opLess, opLessEqual, opGreater, opGreaterEqual:
		return 0.6
	case opEqual:
		if t.typ == Bool {
			return 0.3
		}
		return 0.06
	}
	return min(0.05+0.01*float64(len(t.texts)), 0.3)
}

// match says whether a value passes. No value never does.
func (t *test) match(v *Value) bool {
	n := v.len()
	if n == 0 {
		return false
	}
	if t.code == opExists {
		return true
	}
	for i := range n {
		if t.one(v, i) != (t.several == allValues) {
			return t.several == anyValue
		}
	}
	return t.several == allValues
}

func (t *test) one(v *Value, i int) bool {
	switch v.kind {
	case kindString:
		return t.text(v.strs[i])
	case kindAddr:
		return t.addr(v.addrs[i])
	}
	return t.number(v.nums[i])
}

func (t *test) number(n int64) bool {
	switch t.code {
	case opEqual, opIn:
		return slices.Contains(t.nums, n)
	case opUnequal:
		return !slices.Contains(t.nums, n)
	}
	return compared(t.code, n, t.nums[0])
}

func compared[T int64 | string](code opcode, a, b T) bool {
	switch code {
	case opEqual, opIn:
		return a == b
	case opUnequal:
		return a != b
	case opLess:
		return a < b
	case opLessEqual:
		return a <= b
	case opGreater:
		return a > b
	}
	return a >= b
}

// addr compares an address. One of the other family equals nothing.
func (t *test) addr(a netip.Addr) bool {
	is := slices.Contains(t.addrs, a) || slices.ContainsFunc(t.nets, func(p netip.Prefix) bool { return p.Contains(a) })
	return is != (t.code == opUnequal)
}

func (t *test) text(s string) bool {
	switch t.code {
	case opIn:
		if t.set != nil {
			_, ok := t.set[s]
			return ok
		}
		return slices.Contains(t.texts, s)
	case opPMatch:
		return t.paths.match(s)
	}
	if t.modifier == "" {
		return t.textWith(s, 0)
	}
	passed := 0
	for i := range t.texts {
		if t.textWith(s, i) {
			passed++
		}
	}
	switch t.modifier {
	case "oneof":
		return passed == 1
	case "anyof":
		return passed > 0
	}
	return passed == len(t.texts)
}

func (t *test) textWith(s string, i int) bool {
	if t.code == opRegex {
		return t.regexps[i].MatchString(s)
	}
	return textOp(t.code, s, t.texts[i])
}

func textOp(code opcode, s, with string) bool {
	switch code {
	case opContains:
		return strings.Contains(s, with)
	case opIContains:
		return containsFold(s, with)
	case opStartsWith:
		return strings.HasPrefix(s, with)
	case opEndsWith:
		return strings.HasSuffix(s, with)
	case opGlob:
		return glob(with, s, false)
	case opIGlob:
		return glob(with, s, true)
	}
	return compared(code, s, with)
}

// dynamic compares two values of the event. Where the right side is a list,
// in asks whether it holds all of the left, and the others compare with any.
func (t *test) dynamic(left, right *Value) bool {
	if left.len() == 0 || right.len() == 0 {
		return false
	}
	for i := range left.len() {
		passed := false
		for j := range right.len() {
			if t.pair(left, i, right, j) {
				passed = true
			} else if t.code == opUnequal {
				passed = false
				break
			}
		}
		if passed != (t.several == allValues) {
			return t.several == anyValue
		}
	}
	return t.several == allValues
}

func (t *test) pair(left *Value, i int, right *Value, j int) bool {
	switch left.kind {
	case kindString:
		switch t.code {
		case opIContains:
			return containsFold(left.strs[i], lower(right.strs[j]))
		case opPMatch:
			return newPathTree([]string{right.strs[j]}).match(left.strs[i])
		}
		return textOp(t.code, left.strs[i], right.strs[j])
	case kindAddr:
		return (left.addrs[i] == right.addrs[j]) != (t.code == opUnequal)
	}
	return compared(t.code, left.nums[i], right.nums[j])
}
