package rule

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// node is a condition ready for evaluation. Equal nodes are one node, and a
// node that asks one slot alone is remembered with that slot's value.
type node struct {
	kind nodeKind
	kids []*node
	test *test
	id   int
	slot int // the one slot that it asks, -1 for several

	cost float64 // of evaluating it, in the units of a remembered answer
	prob float64 // of its being true

	word, answer int // where the slot's entries remember it
	mask         uint64
	memo         int // where the event remembers it, when it asks several
	placed       bool
}

type nodeKind uint8

const (
	nodeFalse nodeKind = iota
	nodeTrue
	nodeTest
	nodeAnd
	nodeOr
	nodeNot
)

// slot is one value that conditions ask of an event: a field with its
// argument, or what a transformer makes of others.
type slot struct {
	field     *Field
	arg       Arg
	transform string
	args      []slotArg
	typ       Type
	list      bool
	either    bool
	ancestors bool
	words     int // of 64 answers each
	cost      float64
}

type slotArg struct {
	slot    int // -1: the literal
	literal string
}

// dag holds all nodes and slots of a set.
type dag struct {
	slots  []slot
	bySlot map[string]int
	nodes  map[string]*node
	order  []*node
	tests  map[*check]*test
	plans  []*branchList
	yes    *node
	no     *node
}

func newDAG() *dag {
	d := &dag{bySlot: map[string]int{}, nodes: map[string]*node{}, tests: map[*check]*test{}}
	d.no = d.intern("false", func() *node { return &node{kind: nodeFalse, slot: -1} })
	d.yes = d.intern("true", func() *node { return &node{kind: nodeTrue, slot: -1, prob: 1} })
	return d
}

func (d *dag) intern(key string, make func() *node) *node {
	if n, ok := d.nodes[key]; ok {
		return n
	}
	n := make()
	n.id = len(d.order)
	d.nodes[key] = n
	d.order = append(d.order, n)
	return n
}

// operand is the slot of a field or of a transformer. The error is a phrase.
func (d *dag) operand(o operand, source string) (int, string) {
	s := slot{}
	var key string
	if o.kind == operandField {
		f, arg, why := resolveField(o.text, o.arg, o.hasArg, source)
		if why != "" {
			return -1, why
		}
		s = slot{field: f, arg: arg, typ: f.Type, list: f.List, either: f.Either, ancestors: f.Ancestors && arg.Text == "", cost: fieldCost(f)}
		key = f.Name + "\x00" + arg.Text
	} else {
		s = slot{transform: o.text, cost: 20}
		keys := []string{o.text + "("}
		for _, a := range o.args {
			if a.kind == operandLiteral {
				s.args = append(s.args, slotArg{slot: -1, literal: a.text})
				keys = append(keys, strconv.Quote(a.text), ",")
				continue
			}
			inner, why := d.operand(a, source)
			if why != "" {
				return -1, why
			}
			s.args = append(s.args, slotArg{slot: inner})
			s.cost += d.slots[inner].cost
			keys = append(keys, "#", strconv.Itoa(inner), ",")
		}
		key = strings.Join(keys, "")
		if why := s.transformType(d); why != "" {
			return -1, why
		}
	}
	if i, ok := d.bySlot[key]; ok {
		return i, ""
	}
	d.bySlot[key] = len(d.slots)
	d.slots = append(d.slots, s)
	return len(d.slots) - 1, ""
}

func (s *slot) transformType(d *dag) string {
	s.typ = String
	switch s.transform {
	case "len":
		s.typ = Int
		if in := d.slots[s.args[0].slot]; !in.list && in.typ != String && in.typ != Bytes {
			return "len( takes a text or a list"
		}
		return ""
	case "join", "concat":
		return ""
	case "getopt":
		s.list = true
		return ""
	}
	in := d.slots[s.args[0].slot]
	if in.typ != String && (s.transform != "b64" || in.typ != Bytes) {
		return s.transform + "( takes a text, not a field of type " + in.typ.String()
	}
	s.typ, s.list, s.ancestors, s.either = in.typ, in.list, in.ancestors, in.either
	return ""
}

// fieldCost guesses what a field costs whoever has the event.
func fieldCost(f *Field) float64 {
	switch {
	case f.List || f.Ancestors:
		return 12
	case f.Type != String && f.Type != Bytes:
		return 3
	case strings.HasPrefix(f.Name, "fd.name"), f.Name == "fd.directory", f.Name == "evt.arg": // seldom the same twice
		return 10
	case strings.HasSuffix(f.Name, "cmdline"), strings.HasSuffix(f.Name, "args"), f.Name == "proc.env":
		return 6
	}
	return 4
}

// test makes a check into a test, once.
func (d *dag) test(c *check, source string) (*test, string) {
	if t, ok := d.tests[c]; ok {
		return t, ""
	}
	t, why := d.newTest(c, source)
	if why == "" {
		d.tests[c] = t
	}
	return t, why
}

// verify says what is wrong with a check, "" when it can be compiled.
func (d *dag) verify(c *check, source string) string {
	_, why := d.test(c, source)
	return why
}

func (d *dag) leaf(t *test) *node {
	if d.never(t) {
		return d.no
	}
	return d.intern(t.key(), func() *node {
		n := &node{kind: nodeTest, test: t, slot: t.slot, cost: d.slots[t.slot].cost, prob: d.probability(t)}
		if t.right >= 0 {
			n.slot = -1
			n.cost += d.slots[t.right].cost + 5
		}
		return n
	})
}

// usual is how often a check for equality holds, where it is far from rare.
var usual = map[string]float64{
	"container.id": 0.5, "fd.typechar": 0.7, "evt.dir": 0.95, "evt.is_open_read": 0.7, "evt.is_open_write": 0.25,
	"fd.num": 0.5, "fd.l4proto": 0.6, "evt.rawres": 0.5, "evt.res": 0.5, "proc.duration": 0.3, "user.name": 0.4, "user.uid": 0.4,
}

func (d *dag) probability(t *test) float64 {
	if f := d.slots[t.slot].field; f != nil && (t.code == opEqual || t.code == opUnequal) {
		if p, ok := usual[f.Name]; ok {
			if t.code == opUnequal {
				p = 1 - p
			}
			return p
		}
	}
	return t.probability()
}

// never says that no event passes: events are counted from one, and rule
// files write evt.num=0 for "never".
func (d *dag) never(t *test) bool {
	f := d.slots[t.slot].field
	return f != nil && f.Name == "evt.num" && t.op == "=" && t.right < 0 && slices.Equal(t.nums, []int64{0})
}

// not is the negation. It goes down to the tests, so that rules fall apart
// into as many conjuncts as there are.
func (d *dag) not(n *node) *node {
	switch n.kind {
	case nodeTrue:
		return d.no
	case nodeFalse:
		return d.yes
	case nodeNot:
		return n.kids[0]
	case nodeAnd, nodeOr:
		kids := make([]*node, len(n.kids))
		for i, kid := range n.kids {
			kids[i] = d.not(kid)
		}
		if n.kind == nodeAnd {
			return d.join(nodeOr, kids)
		}
		return d.join(nodeAnd, kids)
	}
	return d.intern("!"+strconv.Itoa(n.id), func() *node {
		return &node{kind: nodeNot, kids: []*node{n}, slot: n.slot, cost: n.cost, prob: 1 - n.prob}
	})
}

// join is the conjunction or disjunction of nodes: flat, without doubles,
// the parts that ask the same slot together, the best first.
func (d *dag) join(kind nodeKind, in []*node) *node {
	neutral, final := d.yes, d.no
	if kind == nodeOr {
		neutral, final = d.no, d.yes
	}
	var kids []*node
	seen := map[int]bool{}
	var add func(*node) bool
	add = func(n *node) bool {
		switch {
		case n == final:
			return false
		case n == neutral || seen[n.id]:
			return true
		case n.kind == kind:
			for _, kid := range n.kids {
				if !add(kid) {
					return false
				}
			}
			return true
		}
		seen[n.id] = true
		kids = append(kids, n)
		return true
	}
	for _, n := range in {
		if !add(n) {
			return final
		}
	}
	kids = d.bySlots(kind, kids)
	switch len(kids) {
	case 0:
		return neutral
	case 1:
		return kids[0]
	}
	return d.make(kind, kids)
}

// bySlots puts the parts that ask one slot into one node.
func (d *dag) bySlots(kind nodeKind, kids []*node) []*node {
	groups := map[int][]*node{}
	for _, n := range kids {
		if n.slot >= 0 {
			groups[n.slot] = append(groups[n.slot], n)
		}
	}
	if len(groups) == 1 && len(groups[kids[0].slot]) == len(kids) {
		return kids
	}
	var out []*node
	for _, n := range kids {
		group := groups[n.slot]
		switch {
		case n.slot < 0 || len(group) == 1:
			out = append(out, n)
		case group[0] == n:
			out = append(out, d.make(kind, group))
		}
	}
	return out
}

// make interns a conjunction or disjunction of two or more nodes.
func (d *dag) make(kind nodeKind, kids []*node) *node {
	kids = slices.Clone(kids)
	slices.SortFunc(kids, func(a, b *node) int { return cmp.Compare(a.id, b.id) })
	var key strings.Builder
	key.WriteString(strconv.Itoa(int(kind)))
	for _, n := range kids {
		key.WriteByte(' ')
		key.WriteString(strconv.Itoa(n.id))
	}
	return d.intern(key.String(), func() *node {
		n := &node{kind: kind, kids: kids, slot: kids[0].slot}
		slices.SortStableFunc(kids, func(a, b *node) int { return cmp.Compare(b.rank(kind), a.rank(kind)) })
		reached := 1.0
		for _, kid := range kids {
			n.cost += reached * kid.cost
			if kind == nodeAnd {
				reached *= kid.prob
			} else {
				reached *= 1 - kid.prob
			}
			if kid.slot != n.slot {
				n.slot = -1
			}
		}
		if n.prob = reached; kind == nodeOr {
			n.prob = 1 - reached
		}
		return n
	})
}

// rank is how early a part should be asked: how likely it decides, by cost.
func (n *node) rank(kind nodeKind) float64 {
	decides := 1 - n.prob
	if kind == nodeOr {
		decides = n.prob
	}
	return (decides + 0.01) / (n.cost + 1)
}

// asGuard is what a node costs a rule that it guards, when so many rules
// share it: its own answer, and all that follows when it lets events pass.
func (n *node) asGuard(shared int) float64 {
	own := n.cost
	if n.slot < 0 {
		own *= 2
	}
	return own/float64(shared) + 20*n.prob
}

func conjuncts(n *node) []*node {
	switch n.kind {
	case nodeTrue:
		return nil
	case nodeAnd:
		return n.kids
	}
	return []*node{n}
}

// builder makes nodes of one source and event type, with what the type
// decides already decided.
type builder struct {
	dag    *dag
	source string
	event  string
	named  bool
	cache  map[*expr]*node
}

func (b *builder) build(e *expr) *node {
	if n, ok := b.cache[e]; ok {
		return n
	}
	var n *node
	switch e.kind {
	case exprCheck:
		n = b.check(e.check)
	case exprNot:
		n = b.dag.not(b.build(e.kids[0]))
	default:
		kids := make([]*node, len(e.kids))
		for i, kid := range e.kids {
			kids[i] = b.build(kid)
		}
		kind := nodeAnd
		if e.kind == exprOr {
			kind = nodeOr
		}
		n = b.dag.join(kind, kids)
	}
	b.cache[e] = n
	return n
}

func (b *builder) check(c *check) *node {
	if names, negated, ok := typeCheck(c); ok && b.named {
		if slices.Contains(names, b.event) != negated {
			return b.dag.yes
		}
		return b.dag.no
	}
	t, why := b.dag.test(c, b.source)
	if why != "" {
		return b.dag.no // reported when the rule was checked
	}
	return b.dag.leaf(t)
}

// branchList is a program: rules that match when it is reached, and branches
// that are entered when their guards hold.
type branchList struct {
	hits     []int
	branches []branch
	groups   []group
}

type branch struct {
	guard *node
	then  *branchList
}

// group is the branches whose guards are remembered in one word: when all
// of them are known to be false, none is entered.
type group struct {
	slot, word, answer int
	mask               uint64
	from, to           int
}

// plan arranges the rules of one event type so that a guard which many share
// is asked once for all of them.
func (d *dag) plan(candidates []candidate) *branchList {
	list := &branchList{}
	d.plans = append(d.plans, list)
	if len(candidates) == 1 { // nothing to share: the best order is that of its conjunction
		c := candidates[0]
		switch guard := d.join(nodeAnd, c.conjuncts); guard.kind {
		case nodeTrue:
			list.hits = []int{c.rule}
		case nodeFalse:
		default:
			then := &branchList{hits: []int{c.rule}}
			list.branches = []branch{{guard, then}}
		}
		return list
	}
	count := map[*node]int{}
	for _, c := range candidates {
		for _, n := range c.conjuncts {
			count[n]++
		}
	}
	groups := map[*node][]candidate{}
	var order []*node
	for _, c := range candidates {
		if len(c.conjuncts) == 0 {
			list.hits = append(list.hits, c.rule)
			continue
		}
		best := slices.MinFunc(c.conjuncts, func(a, b *node) int {
			return cmp.Or(cmp.Compare(a.asGuard(count[a]), b.asGuard(count[b])), cmp.Compare(a.id, b.id))
		})
		if groups[best] == nil {
			order = append(order, best)
		}
		rest := slices.DeleteFunc(slices.Clone(c.conjuncts), func(n *node) bool { return n == best })
		groups[best] = append(groups[best], candidate{c.rule, rest})
	}
	slices.SortStableFunc(order, func(a, b *node) int { return cmp.Compare(a.slot, b.slot) })
	for _, guard := range order {
		list.branches = append(list.branches, branch{guard, d.plan(groups[guard])})
	}
	return list
}

// layout gives every node its place in the memories, those that guard
// branches side by side, and returns how many places an event needs.
func (d *dag) layout() int {
	bits := make([]int, len(d.slots))
	memos := 0
	place := func(n *node) {
		switch {
		case n.placed || n.kind == nodeTrue || n.kind == nodeFalse:
			return
		case n.slot < 0:
			n.memo = memos
			memos++
		default:
			n.word, n.mask = bits[n.slot]/64, 1<<(bits[n.slot]%64)
			bits[n.slot]++
		}
		n.placed = true
	}
	for _, list := range d.plans {
		for _, b := range list.branches {
			place(b.guard)
		}
	}
	for _, n := range d.order {
		place(n)
	}
	for i := range d.slots {
		d.slots[i].words = (bits[i] + 63) / 64
	}
	for _, n := range d.order {
		if n.slot >= 0 {
			n.answer = n.word + d.slots[n.slot].words
		}
	}
	for _, list := range d.plans {
		list.group()
	}
	return memos
}

func (l *branchList) group() {
	slices.SortStableFunc(l.branches, func(a, b branch) int {
		return cmp.Or(cmp.Compare(a.guard.slot, b.guard.slot), cmp.Compare(a.guard.word, b.guard.word))
	})
	for i, b := range l.branches {
		n := b.guard
		if last := len(l.groups) - 1; last >= 0 && n.slot >= 0 && l.groups[last].slot == n.slot && l.groups[last].word == n.word {
			l.groups[last].mask |= n.mask
			l.groups[last].to = i + 1
			continue
		}
		l.groups = append(l.groups, group{slot: n.slot, word: n.word, answer: n.answer, mask: n.mask, from: i, to: i + 1})
	}
}
