package secret

// automaton finds all keywords in one pass (Aho and Corasick, 1975), as a
// table of states by classes of bytes. Letters fold: keywords whose case
// matters are compared again where they are found.
type automaton struct {
	class [256]uint8
	next  []uint16 // by state<<shift | class
	shift uint
	first uint16     // states from here on end a keyword
	out   [][]uint16 // of such a state: the keywords that end there
	long  int        // length of the longest keyword
}

func fold(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// newAutomaton makes one for keywords, which are given folded.
func newAutomaton(keywords []string) *automaton {
	a := &automaton{}
	classes := 1
	for _, k := range keywords {
		a.long = max(a.long, len(k))
		for i := range len(k) {
			if a.class[k[i]] == 0 {
				a.class[k[i]] = uint8(classes)
				classes++
			}
		}
	}
	for c := byte('A'); c <= 'Z'; c++ {
		a.class[c] = a.class[fold(c)]
	}
	for classes > 1<<a.shift {
		a.shift++
	}
	t := &trie{width: classes}
	t.grow()
	for i, k := range keywords {
		t.insert(k, uint16(i), &a.class)
	}
	a.number(t, t.link())
	return a
}

// trie is the automaton before its states are numbered.
type trie struct {
	width int
	child [][]uint16
	ends  [][]uint16
}

func (t *trie) grow() uint16 {
	t.child = append(t.child, make([]uint16, t.width))
	t.ends = append(t.ends, nil)
	return uint16(len(t.child) - 1)
}

func (t *trie) insert(k string, id uint16, class *[256]uint8) {
	s := uint16(0)
	for i := range len(k) {
		c := class[k[i]]
		n := t.child[s][c]
		if n == 0 {
			n = t.grow()
			t.child[s][c] = n
		}
		s = n
	}
	t.ends[s] = append(t.ends[s], id)
}

// link turns the trie into a complete automaton and returns the states in
// order of their depth.
func (t *trie) link() []uint16 {
	fail := make([]uint16, len(t.child))
	order := []uint16{0}
	for i := 0; i < len(order); i++ {
		s := order[i]
		for c := range t.width {
			n := t.child[s][c]
			switch {
			case n == 0:
				if s != 0 {
					t.child[s][c] = t.child[fail[s]][c]
				}
				continue
			case s != 0:
				fail[n] = t.child[fail[s]][c]
				t.ends[n] = append(t.ends[n], t.ends[fail[n]]...)
			}
			order = append(order, n)
		}
	}
	return order
}

// number lays the states out: shallow ones first, where most of the time is
// spent, and those that end a keyword last.
func (a *automaton) number(t *trie, order []uint16) {
	to := make([]uint16, len(order))
	id := uint16(0)
	for _, ending := range []bool{false, true} {
		if ending {
			a.first = id
		}
		for _, s := range order {
			if (t.ends[s] != nil) == ending {
				to[s] = id
				id++
			}
		}
	}
	a.next = make([]uint16, len(order)<<a.shift)
	a.out = make([][]uint16, len(order)-int(a.first))
	for _, s := range order {
		row := a.next[int(to[s])<<a.shift:]
		for c, n := range t.child[s] {
			row[c] = to[n]
		}
		if t.ends[s] != nil {
			a.out[to[s]-a.first] = t.ends[s]
		}
	}
}

// find calls hit with each keyword in buf and the offset of its end.
func (a *automaton) find(buf []byte, hit func(keyword uint16, end int)) {
	s := uint16(0)
	next, shift, first := a.next, a.shift, a.first
	for i, c := range buf {
		s = next[int(s)<<(shift&15)|int(a.class[c])]
		if s >= first {
			for _, k := range a.out[s-first] {
				hit(k, i+1)
			}
		}
	}
}
