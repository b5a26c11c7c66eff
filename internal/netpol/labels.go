package netpol

import (
	"maps"
	"slices"
	"strconv"
)

// labelSets numbers distinct sets of labels, and remembers which of them
// each distinct selector selects: thousands of pods share few of either.
type labelSets struct {
	ids     map[string]int
	sets    []map[string]string
	matched map[string]bitset
	having  map[[2]string][]int // by key and value
}

func newLabelSets() *labelSets {
	return &labelSets{ids: map[string]int{}, matched: map[string]bitset{}, having: map[[2]string][]int{}}
}

// add numbers a set of labels. All are added before any is matched.
func (l *labelSets) add(labels map[string]string) int {
	var key []byte
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		key = strconv.AppendQuote(strconv.AppendQuote(key, k), labels[k])
	}
	if id, ok := l.ids[string(key)]; ok {
		return id
	}
	id := len(l.sets)
	l.ids[string(key)] = id
	l.sets = append(l.sets, labels)
	for k, v := range labels {
		l.having[[2]string{k, v}] = append(l.having[[2]string{k, v}], id)
	}
	return id
}

// match is the set of numbers that the selector selects.
func (l *labelSets) match(s *Selector) bitset {
	key := string(s.key(nil))
	if b, ok := l.matched[key]; ok {
		return b
	}
	b := newBitset(len(l.sets))
	if len(s.MatchLabels) == 0 {
		for i, labels := range l.sets {
			if s.Matches(labels) {
				b.set(i)
			}
		}
	} else {
		for _, i := range l.fewest(s) {
			if s.Matches(l.sets[i]) {
				b.set(i)
			}
		}
	}
	l.matched[key] = b
	return b
}

// fewest are the sets that have the rarest of the labels asked for.
func (l *labelSets) fewest(s *Selector) []int {
	var out []int
	first := true
	for k, v := range s.MatchLabels {
		if ids := l.having[[2]string{k, v}]; first || len(ids) < len(out) {
			out, first = ids, false
		}
	}
	return out
}

// key appends bytes that tell the selector from every other.
func (s *Selector) key(dst []byte) []byte {
	for _, k := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		dst = strconv.AppendQuote(strconv.AppendQuote(dst, k), s.MatchLabels[k])
	}
	for _, r := range s.MatchExpressions {
		dst = strconv.AppendQuote(append(dst, '|'), r.Key)
		dst = strconv.AppendQuote(dst, r.Operator)
		for _, v := range r.Values {
			dst = strconv.AppendQuote(dst, v)
		}
	}
	return dst
}
