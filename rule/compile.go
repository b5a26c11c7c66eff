package rule

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Options are the optional parts of [Compile].
type Options struct {
	Sources  []string // which sources exist; nil: "syscall" and "k8s_audit"
	All      bool     // every rule that matches an event, not only the first
	Priority Priority // leave out rules less urgent than this; zero: keep all
}

// Set is rules that are ready to be matched. It does not change and may be
// used by many goroutines.
type Set struct {
	rules   []*Rule
	usage   []Usage
	types   map[string]*index // by source
	slots   []slot
	nodes   int // event memos
	all     bool
	scratch sync.Pool
	counts  Counts
}

// Counts says how much the files held.
type Counts struct {
	Rules, Enabled, Macros, Lists int
}

// Usage is how a set uses one field.
type Usage struct {
	Field  string // as written, with its argument
	Known  bool
	Output bool // only outputs speak of it
	Rules  []string
}

// index is the programs of one source by event type.
type index struct {
	byName map[string]*branchList
	other  *branchList // for the types that no rule names
	names  []string
	any    bool // some rule matches types that none names
}

// Compile joins files in their order. The set holds every rule in which no
// error was found; whoever wants all or nothing asks [Errors].
func Compile(files []*File, opts *Options) (*Set, []Problem) {
	if opts == nil {
		opts = &Options{}
	}
	sources := opts.Sources
	if sources == nil {
		sources = []string{"syscall", "k8s_audit"}
	}
	l := &library{byName: map[string]*entity{}, sources: map[string]bool{}}
	for _, s := range sources {
		l.sources[s] = true
	}
	for _, f := range files {
		for _, d := range f.items {
			l.merge(d)
		}
	}
	c := newCompiler(opts)
	c.library = l
	c.run()
	return c.set, l.problems
}

// compiler turns a library into a set.
type compiler struct {
	*library
	set      *Set
	opts     *Options
	lists    map[string]*entity
	dag      *dag
	compiled []compiled
	usage    map[string]*Usage
}

type compiled struct {
	rule *Rule
	expr *expr
}

func newCompiler(opts *Options) *compiler {
	return &compiler{opts: opts, set: &Set{all: opts.All, types: map[string]*index{}}, dag: newDAG(), usage: map[string]*Usage{}}
}

func (c *compiler) run() {
	c.lists = c.resolveLists()
	for _, e := range c.order {
		if e.kind == "macro" {
			c.macro(e, 0)
		}
	}
	for _, e := range c.order {
		if e.kind == "rule" {
			c.compileRule(e)
		}
	}
	c.unused()
	c.finish()
}

// macro expands a macro, once. Those that it speaks of come first.
func (c *compiler) macro(e *entity, depth int) {
	if e.state != untouched {
		return
	}
	e.state = inProgress
	e.expanded = c.condition(e, e.body, e.seen, depth)
	e.state = finished
}

// condition parses a condition with its lists and macros, nil when it cannot.
func (c *compiler) condition(e *entity, body string, seen, depth int) *expr {
	resolved := substitute(body, c.lists, seen)
	if len(resolved) > maxText {
		c.reportIn(e, e.text.at, codeCondition, "the condition is longer than "+strconv.Itoa(maxText)+" bytes with its lists", "")
		return nil
	}
	parsed, failed := parseCondition(resolved)
	if failed != nil {
		c.reportIn(e, e.text.at, codeCondition, failed.message+" in "+strconv.Quote(around(resolved, failed.pos)), failed.hint)
		return nil
	}
	x := &expansionOf{compiler: c, entity: e, seen: seen, depth: depth}
	out := x.expand(parsed)
	if out.depth > maxTree {
		x.fail("", "the condition nests deeper than "+strconv.Itoa(maxTree)+" levels with its macros", "")
	}
	if x.failed {
		return nil
	}
	return out
}

// maxTree is how deep a condition may be once its macros are in it, and
// maxChain how many macros may stand in one another.
const (
	maxTree  = 5000
	maxChain = 500
)

// expansionOf puts macros' conditions where their names stand. Macros are
// shared, not copied.
type expansionOf struct {
	*compiler
	entity      *entity
	seen, depth int
	failed      bool
}

func (x *expansionOf) expand(e *expr) *expr {
	switch e.kind {
	case exprCheck:
		return e
	case exprMacro:
		return x.macroNamed(e)
	}
	out := &expr{kind: e.kind, kids: make([]*expr, len(e.kids)), pos: e.pos}
	for i, kid := range e.kids {
		out.kids[i] = x.expand(kid)
		out.depth = max(out.depth, out.kids[i].depth+1)
	}
	return out
}

func (x *expansionOf) macroNamed(e *expr) *expr {
	m := x.byName["macro "+e.name]
	if m == nil || m.first >= x.seen {
		hint := "define it in this file or one before"
		if near := x.nearestMacro(e.name); near != "" && near != e.name {
			hint = "did you mean " + near + "?"
		}
		x.fail(e.name, "undefined macro "+strconv.Quote(clip(e.name, 80)), hint)
		return e
	}
	m.used = true
	if x.depth > maxChain {
		x.fail(e.name, "macros stand in one another too deep at "+strconv.Quote(clip(e.name, 80)), "")
		return e
	}
	x.macro(m, x.depth+1)
	switch {
	case m.state == inProgress:
		x.fail(e.name, "macro "+strconv.Quote(clip(e.name, 80))+" stands in itself", "")
		return e
	case m.expanded == nil: // reported where it is defined
		x.failed = true
		return e
	}
	return m.expanded
}

func (x *expansionOf) fail(word, message, hint string) {
	if x.failed {
		return
	}
	x.failed = true
	at := x.entity.text.at
	if word != "" {
		at = x.find(x.entity, word)
	}
	code := codeValidate
	x.reportIn(x.entity, at, code, message, hint)
}

func (c *compiler) reportIn(e *entity, at place, code, message, hint string) {
	c.problems = append(c.problems, Problem{Code: code, File: e.file.Name, Line: at.line, Column: at.column, Item: e.item(), Message: message, Hint: hint})
}

func (c *compiler) nearestMacro(name string) string {
	best, distance := "", 3
	for _, e := range c.order {
		if d := edits(name, e.name, distance); e.kind == "macro" && d < distance {
			best, distance = e.name, d
		}
	}
	return best
}

func around(s string, at int) string {
	return normal(s[max(0, min(at, len(s))-20):min(len(s), at+20)])
}

// wordIndex is where a name stands alone in a text, -1 when it does not.
func wordIndex(s, word string) int {
	for from := 0; ; {
		i := strings.Index(s[from:], word)
		if i < 0 {
			return -1
		}
		i += from
		end := i + len(word)
		if (i == 0 || !isWord(s[i-1]) && s[i-1] != '.') && (end == len(s) || !isWord(s[end])) {
			return i
		}
		from = i + 1
	}
}

func (c *compiler) compileRule(e *entity) {
	c.set.counts.Rules++
	if e.enabled {
		c.set.counts.Enabled++
	}
	body := e.body
	var conditions []string
	for i := range e.exceptions {
		conditions = append(conditions, e.exceptions[i].condition())
		for _, name := range e.exceptions[i].fields {
			if _, _, ok := LookupField(name); !ok && !transformed(name) {
				c.unknown(e, e.exceptions[i].at, name, "exception "+strconv.Quote(e.exceptions[i].name)+": unknown field "+strconv.Quote(clip(name, 80)))
				return
			}
		}
	}
	if exceptions := strings.Join(conditions, ""); exceptions != "" {
		body = "(" + body + ")" + exceptions
	}
	tree := c.condition(e, body, math.MaxInt, 0)
	if tree == nil {
		return
	}
	priority, _ := ParsePriority(e.priority)
	r := &Rule{
		Name: e.name, Description: e.desc, Condition: body, Output: e.output.value, Priority: priority,
		Source: sourceOf(e.definition), Tags: e.tags, Enabled: e.enabled, File: e.definition.file.Name, Line: e.at.line,
	}
	if !c.checkFields(e, r, tree) {
		return
	}
	r.index = len(c.set.rules)
	c.set.rules = append(c.set.rules, r)
	can := matches(tree)
	if can.names == nil && can.all && r.Source == "syscall" && !e.anyEvent && e.enabled {
		c.report(true, e.definition, e.at, codeNoEventType, "matches every event type, which is slow", "ask for an evt.type first, or set warn_evttypes: false")
	}
	c.eventNames(e, r, can)
	if !r.Enabled || c.opts.Priority != 0 && r.Priority > c.opts.Priority {
		return
	}
	c.compiled = append(c.compiled, compiled{r, tree})
}

func transformed(name string) bool {
	word, _, call := strings.Cut(name, "(")
	return call && transformers[word]
}

// eventNames warns of event types that do not exist.
func (c *compiler) eventNames(e *entity, r *Rule, can typeSet) {
	if r.Source != "syscall" {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(can.names)) {
		if !KnownEvent(name) {
			at := e.text.at
			if i := wordIndex(e.text.value, name); i >= 0 {
				at = e.text.locate(e.file.data, i)
			}
			c.problems = append(c.problems, Problem{Warning: true, Code: codeCondition, File: e.file.Name, Line: at.line, Column: at.column, Item: e.item(),
				Message: "unknown event type " + strconv.Quote(clip(name, 80)), Hint: "no event has it, so it never matches"})
		}
	}
	if len(can.names) == 0 && !can.all {
		c.report(true, e.definition, e.at, codeCondition, "matches no event type at all", "its checks on evt.type exclude each other")
	}
}

// unknown reports a field that is not in the table; a rule may ask to be
// left out instead.
func (c *compiler) unknown(e *entity, at place, field, message string) {
	c.use(field, e.name, false, false)
	if e.skip {
		c.problems = append(c.problems, Problem{Warning: true, Code: codeUnknownFilter, File: e.file.Name, Line: at.line, Column: at.column, Item: e.item(),
			Message: message, Hint: "the rule is left out, as skip-if-unknown-filter asks"})
		return
	}
	c.reportIn(e, at, codeCondition, message, "")
}

func (c *compiler) use(field, rule string, known, output bool) {
	u := c.usage[field]
	if u == nil {
		u = &Usage{Field: field, Known: known, Output: output}
		c.usage[field] = u
	}
	u.Output = u.Output && output
	if len(u.Rules) == 0 || u.Rules[len(u.Rules)-1] != rule {
		u.Rules = append(u.Rules, rule)
	}
}

// checkFields resolves everything that a rule asks, so that each problem is
// reported once and with its place.
func (c *compiler) checkFields(e *entity, r *Rule, tree *expr) bool {
	ok := true
	seen := map[*expr]bool{}
	var walk func(*expr)
	walk = func(x *expr) {
		if seen[x] {
			return
		}
		seen[x] = true
		for _, kid := range x.kids {
			walk(kid)
		}
		if x.kind != exprCheck {
			return
		}
		for _, o := range x.check.operands() {
			c.use(o.name(), e.name, true, false)
			if _, _, why := resolveField(o.text, o.arg, o.hasArg, r.Source); why != "" {
				if ok {
					delete(c.usage, o.name())
					c.unknown(e, c.find(e, o.text), o.name(), why)
				}
				ok = false
			}
		}
		if !ok {
			return
		}
		if why := c.dag.verify(x.check, r.Source); why != "" {
			c.reportIn(e, c.find(e, x.check.left.text), codeCondition, why, "")
			ok = false
		}
	}
	walk(tree)
	if !ok {
		return false
	}
	f, why := parseFormat(r.Output, r.Source)
	if why != "" {
		c.report(false, e.definition, e.output.at, codeOutput, why, "")
		return false
	}
	r.format = f
	for _, name := range f.names() {
		c.use(name, e.name, true, true)
	}
	return true
}

// find is the place of a field in a rule's condition, or of the condition
// when a macro brought it.
func (c *compiler) find(e *entity, name string) place {
	if i := wordIndex(e.text.value, name); i >= 0 {
		return e.text.locate(e.file.data, i)
	}
	return e.text.at
}

func (o operand) name() string {
	if o.hasArg {
		return o.text + "[" + o.arg + "]"
	}
	return o.text
}

// operands are the fields that a check asks for.
func (c *check) operands() []operand {
	var out []operand
	var walk func(operand)
	walk = func(o operand) {
		switch o.kind {
		case operandField:
			out = append(out, o)
		case operandTransformer:
			for _, a := range o.args {
				walk(a)
			}
		}
	}
	walk(c.left)
	for _, o := range c.right {
		walk(o)
	}
	return out
}

func (c *compiler) unused() {
	for _, e := range c.order {
		switch e.kind {
		case "macro":
			c.set.counts.Macros++
			if !e.used && e.expanded != nil {
				c.report(true, e.definition, e.at, codeUnusedMacro, "no rule or macro uses it", "")
			}
		case "list":
			c.set.counts.Lists++
			if !e.used {
				c.report(true, e.definition, e.at, codeUnusedList, "no rule, macro or list uses it", "")
			}
		}
	}
}

// finish builds a program for each event type of each source.
func (c *compiler) finish() {
	bySource := map[string][]compiled{}
	for _, r := range c.compiled {
		bySource[r.rule.Source] = append(bySource[r.rule.Source], r)
	}
	for _, source := range slices.Sorted(maps.Keys(bySource)) {
		c.set.types[source] = c.program(source, bySource[source])
	}
	c.set.slots = c.dag.slots
	c.set.nodes = c.dag.layout()
	for _, name := range slices.Sorted(maps.Keys(c.usage)) {
		c.set.usage = append(c.set.usage, *c.usage[name])
	}
	set := c.set
	set.scratch.New = func() any { return newEvaluator(set) }
}

func (c *compiler) program(source string, rules []compiled) *index {
	ix := &index{byName: map[string]*branchList{}}
	sets := make([]typeSet, len(rules))
	names := map[string]bool{}
	for i, r := range rules {
		sets[i] = matches(r.expr)
		ix.any = ix.any || sets[i].all
		maps.Copy(names, sets[i].names)
	}
	ix.names = slices.Sorted(maps.Keys(names))
	one := func(name string, named bool) *branchList {
		b := &builder{dag: c.dag, source: source, event: name, named: named, cache: map[*expr]*node{}}
		var candidates []candidate
		for i, r := range rules {
			if !sets[i].has(name) {
				continue
			}
			if n := b.build(r.expr); n.kind != nodeFalse {
				candidates = append(candidates, candidate{rule: r.rule.index, conjuncts: conjuncts(n)})
			}
		}
		return c.dag.plan(candidates)
	}
	for _, name := range ix.names {
		ix.byName[name] = one(name, true)
	}
	ix.other = one("", false)
	return ix
}

// Rules are the rules in the order in which their names were first seen,
// those that are off included.
func (s *Set) Rules() []*Rule { return slices.Clone(s.rules) }

// Counts says how much the files held.
func (s *Set) Counts() Counts { return s.counts }

// Fields are the fields that conditions and outputs use, by name. Unknown
// ones are there too, with the rules that were left out for them.
func (s *Set) Fields() []Usage { return slices.Clone(s.usage) }

// EventTypes are the event types of a source that some enabled rule can
// match, and whether there are rules that match types they do not name.
func (s *Set) EventTypes(source string) (names []string, others bool) {
	ix := s.types[source]
	if ix == nil {
		return nil, false
	}
	return slices.Clone(ix.names), ix.any
}

// Match is a rule that an event matches. It is used again for the next match.
type Match struct {
	Rule  *Rule
	Event Event
}

// Eval matches one event and yields its matches, the first rule of the files
// first, until yield says false. Unless the set was compiled with All, the
// first match is the only one.
func (s *Set) Eval(ev Event, yield func(*Match) bool) {
	e := s.scratch.Get().(*evaluator)
	e.eval(ev, yield)
	s.scratch.Put(e)
}

// typeSet is a set of event types: names, or with all everything but except.
type typeSet struct {
	all    bool
	names  map[string]bool // in the set
	except map[string]bool // with all: not in the set
}

func (t typeSet) has(name string) bool {
	if t.all {
		return !t.except[name]
	}
	return t.names[name]
}

// matches is the set of event types for which a condition can be true.
func matches(e *expr) typeSet {
	yes, _ := typesOf(e, map[*expr][2]typeSet{})
	if yes.all { // the types that are left out by name still need a program
		names := map[string]bool{}
		maps.Copy(names, yes.names)
		yes.names = names
		if len(names) == 0 {
			yes.names = nil
		}
	}
	return yes
}

// typesOf gives the types for which e can be true and can be false.
func typesOf(e *expr, cache map[*expr][2]typeSet) (yes, no typeSet) {
	if got, ok := cache[e]; ok {
		return got[0], got[1]
	}
	everything := typeSet{all: true}
	switch e.kind {
	case exprCheck:
		yes, no = everything, everything
		if named, negated, ok := typeCheck(e.check); ok {
			set := typeSet{names: map[string]bool{}}
			for _, name := range named {
				set.names[name] = true
			}
			yes, no = set, typeSet{all: true, except: set.names}
			if negated {
				yes, no = no, yes
			}
		}
	case exprNot:
		no, yes = typesOf(e.kids[0], cache)
	case exprAnd, exprOr:
		yes, no = typesOf(e.kids[0], cache)
		for _, kid := range e.kids[1:] {
			y, n := typesOf(kid, cache)
			if e.kind == exprAnd {
				yes, no = yes.and(y), no.or(n)
			} else {
				yes, no = yes.or(y), no.and(n)
			}
		}
	default:
		yes, no = everything, everything
	}
	cache[e] = [2]typeSet{yes, no}
	return yes, no
}

// typeCheck says which names a check on evt.type names, when it is one that
// can be decided from the name alone.
func typeCheck(c *check) (names []string, negated, ok bool) {
	if c.left.kind != operandField || c.left.text != "evt.type" || c.left.hasArg || c.modifier != "" {
		return nil, false, false
	}
	switch c.op {
	case "=", "!=", "in", "intersects":
	default:
		return nil, false, false
	}
	for _, o := range c.right {
		if o.kind != operandLiteral {
			return nil, false, false
		}
		names = append(names, o.text)
	}
	return names, c.op == "!=", true
}

func (t typeSet) and(u typeSet) typeSet {
	switch {
	case t.all && u.all:
		return typeSet{all: true, except: union(t.except, u.except)}
	case t.all:
		return u.and(t)
	}
	out := typeSet{names: map[string]bool{}}
	for name := range t.names {
		if u.has(name) {
			out.names[name] = true
		}
	}
	return out
}

func (t typeSet) or(u typeSet) typeSet {
	switch {
	case !t.all && !u.all:
		return typeSet{names: union(t.names, u.names)}
	case !t.all:
		return u.or(t)
	}
	out := typeSet{all: true, except: map[string]bool{}}
	for name := range t.except {
		if !u.has(name) {
			out.except[name] = true
		}
	}
	return out
}

func union(a, b map[string]bool) map[string]bool {
	out := make(map[string]bool, len(a)+len(b))
	maps.Copy(out, a)
	maps.Copy(out, b)
	return out
}

// candidate is a rule that one event type can match.
type candidate struct {
	rule      int
	conjuncts []*node
}
