package rule

import (
	"hash/maphash"
	"slices"
)

// evaluator is the memory that matching events needs. One goroutine has it
// at a time.
type evaluator struct {
	set     *Set
	ev      Event
	now     uint32 // the number of the event, never 0
	seed    maphash.Seed
	values  []Value
	loaded  []uint32 // the event that a slot's value is of
	current []*entry // what is remembered about the value
	tables  [][]entry
	missing []entry // about no value at all
	own     []entry // about a value that is not kept
	memo    []uint32
	hits    []int
	match   Match
}

// entry remembers the answers of tests about one value of one slot: first
// the words that say which are known, then the answers.
type entry struct {
	used bool
	text []byte
	num  int64
	bits []uint64
}

const (
	tableSize = 1024 // values that are kept for each slot
	maxKey    = 1024 // longer texts are not kept
)

func newEvaluator(s *Set) *evaluator {
	n := len(s.slots)
	e := &evaluator{
		set: s, seed: maphash.MakeSeed(),
		values: make([]Value, n), loaded: make([]uint32, n), current: make([]*entry, n),
		tables: make([][]entry, n), missing: make([]entry, n), own: make([]entry, n),
		memo: make([]uint32, s.nodes),
	}
	for i := range n {
		e.missing[i].bits = make([]uint64, 2*s.slots[i].words)
		e.own[i].bits = make([]uint64, 2*s.slots[i].words)
	}
	return e
}

func (e *evaluator) eval(ev Event, yield func(*Match) bool) {
	ix := e.set.types[ev.Source()]
	if ix == nil {
		return
	}
	program := ix.byName[ev.Name()]
	if program == nil {
		if !ix.any {
			return
		}
		program = ix.other
	}
	if e.now++; e.now >= 1<<31 {
		clear(e.loaded)
		clear(e.memo)
		e.now = 1
	}
	e.ev = ev
	e.hits = e.hits[:0]
	e.run(program)
	if len(e.hits) > 1 {
		slices.Sort(e.hits)
		if !e.set.all {
			e.hits = e.hits[:1]
		}
	}
	e.match.Event = ev
	for _, hit := range e.hits {
		e.match.Rule = e.set.rules[hit]
		if !yield(&e.match) {
			break
		}
	}
	e.ev, e.match.Event = nil, nil
}

func (e *evaluator) run(l *branchList) {
	e.hits = append(e.hits, l.hits...)
	for i := range l.groups {
		g := &l.groups[i]
		if g.slot >= 0 {
			if e.loaded[g.slot] != e.now {
				e.load(g.slot)
			}
			bits := e.current[g.slot].bits
			if bits[g.word]&g.mask == g.mask && bits[g.answer]&g.mask == 0 {
				continue
			}
		}
		for j := g.from; j < g.to; j++ {
			if b := &l.branches[j]; e.holds(b.guard) {
				e.run(b.then)
			}
		}
	}
}

// holds says whether a node is true of the event.
func (e *evaluator) holds(n *node) bool {
	if n.slot < 0 {
		return e.several(n)
	}
	if e.loaded[n.slot] != e.now {
		e.load(n.slot)
	}
	entry := e.current[n.slot]
	if entry.bits[n.word]&n.mask != 0 {
		return entry.bits[n.answer]&n.mask != 0
	}
	is := e.compute(n)
	entry.bits[n.word] |= n.mask
	if is {
		entry.bits[n.answer] |= n.mask
	} else {
		entry.bits[n.answer] &^= n.mask
	}
	return is
}

// several is holds for a node that asks more than one slot: its answer is
// remembered for this event only.
func (e *evaluator) several(n *node) bool {
	switch n.kind {
	case nodeTrue:
		return true
	case nodeFalse:
		return false
	}
	if m := e.memo[n.memo]; m>>1 == e.now {
		return m&1 != 0
	}
	is := e.compute(n)
	m := e.now << 1
	if is {
		m |= 1
	}
	e.memo[n.memo] = m
	return is
}

func (e *evaluator) compute(n *node) bool {
	switch n.kind {
	case nodeTest:
		t := n.test
		if t.right < 0 {
			return t.match(&e.values[t.slot])
		}
		return t.dynamic(e.value(t.slot), e.value(t.right))
	case nodeAnd:
		for _, kid := range n.kids {
			if !e.holds(kid) {
				return false
			}
		}
		return true
	case nodeOr:
		return slices.ContainsFunc(n.kids, e.holds)
	case nodeNot:
		return !e.holds(n.kids[0])
	}
	return n.kind == nodeTrue
}

func (e *evaluator) value(slot int) *Value {
	if e.loaded[slot] != e.now {
		e.load(slot)
	}
	return &e.values[slot]
}

// load asks the event for a slot's value and finds what is remembered of it.
func (e *evaluator) load(i int) {
	s := &e.set.slots[i]
	v := &e.values[i]
	v.reset(kindNone)
	if s.field != nil {
		e.ev.Field(s.field.ID, s.arg, v)
	} else {
		s.apply(e, v)
	}
	v.as(s.typ)
	e.loaded[i] = e.now
	e.current[i] = e.entry(i, v)
}

func (e *evaluator) entry(i int, v *Value) *entry {
	var h uint64
	var text string
	var num int64
	switch {
	case v.len() == 0:
		return &e.missing[i]
	case v.len() == 1 && v.kind == kindString && len(v.strs[0]) <= maxKey:
		text = v.strs[0]
		h = maphash.String(e.seed, text)
	case v.len() == 1 && (v.kind == kindInt || v.kind == kindBool):
		num = v.nums[0]
		h = uint64(num) * 0x9e3779b97f4a7c15 >> 32
	default:
		own := &e.own[i]
		clear(own.bits)
		return own
	}
	if e.tables[i] == nil {
		e.tables[i] = make([]entry, tableSize)
	}
	found := &e.tables[i][h%tableSize]
	if found.used && found.num == num && string(found.text) == text {
		return found
	}
	if found.bits == nil {
		found.bits = make([]uint64, 2*e.set.slots[i].words)
	} else {
		clear(found.bits)
	}
	found.used, found.num = true, num
	found.text = append(found.text[:0], text...)
	return found
}
