// Package remedy carries out the fixes that findings bring: it edits the
// bytes of a file, and proves that what it did holds. [Apply] works on one
// file's content and writes nothing.
package remedy

import (
	"cmp"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// Options say which fixes may be applied.
type Options struct {
	Unsafe  bool                        // also those that change behaviour
	Accept  func(boltseal.Finding) bool // nil accepts every finding
	Resolve Resolver                    // asks a registry; nil leaves fixes that need one alone
}

// Resolver gives the digest of what an image reference names today. An edit
// of a fix that has Resolve set holds the reference as its new text, so that
// it changes nothing when it is applied as it stands; remedy adds the digest.
type Resolver func(ref string) (boltseal.Digest, error)

// Done is what Apply did.
type Done struct {
	Content []byte
	Fixed   []boltseal.Finding // whose fixes were applied
	Gaps    []boltseal.Gap     // references that the resolver could not tell

	harm  map[string]bool    // fixes that leave nothing better, by key and title
	stuck bool               // too many of a round's fixes do harm to go on
	Left  []boltseal.Finding // what the last check still finds
}

// rounds bounds how often a file is checked again after edits.
const rounds = 30

// singles bounds how many fixes of a bad round are tried one by one.
const singles = 32

// Apply fixes a file: it checks the content, applies the first allowed fix of
// every finding whose edits do not overlap with another's, and does so again
// until nothing is left to apply. After a round that leaves nothing better, or
// a mistake in the file's form that was not there, its fixes are tried one by
// one, and those that do harm are left alone.
func Apply(content []byte, check func([]byte) ([]boltseal.Finding, error), opts *Options) (*Done, error) {
	const only = ""
	s := &set{
		read:   func(string) ([]byte, bool) { return content, true },
		fileOf: func(boltseal.Finding) string { return only },
		check: func(changed map[string][]byte) ([]boltseal.Finding, error) {
			if data, ok := changed[only]; ok {
				return check(data)
			}
			return check(content)
		},
	}
	err := s.run(opts)
	done := s.done[only]
	if done == nil {
		if err != nil {
			return nil, err
		}
		done = &Done{Content: content}
	}
	done.Gaps = s.gaps
	return done, err
}

// step is a finding and the fix of it that is to be applied.
type step struct {
	finding boltseal.Finding
	title   string
	edits   []boltseal.Edit
}

// better tells whether the findings after a round are not those before it:
// fixes that only bring themselves back would go on for ever. A mistake in
// form is worse than whatever was mended.
func better(before, after []boltseal.Finding) bool {
	count := map[string]int{}
	for _, f := range before {
		count[f.Check]++
	}
	for _, f := range after {
		count[f.Check]--
	}
	for check, n := range count {
		if n < 0 && strings.HasSuffix(check, "/syntax") {
			return false
		}
	}
	if len(after) < len(before) {
		return true
	}
	for _, n := range count {
		if n > 0 {
			return true
		}
	}
	return false
}

// plan chooses one fix of each finding that has one, as long as their edits
// do not touch each other; the rest waits for the next round. A fix of several
// edits changes how instructions belong together, so it goes first and alone:
// what the others would do is looked at again behind it.
func (o *Options) plan(d *Done, r *resolving) []step {
	var out []step
	var t taken
	for _, f := range d.Left {
		if len(f.Fixes) == 0 || o.Accept != nil && !o.Accept(f) {
			continue
		}
		fix, ok := o.pick(f, r)
		if !ok || d.harm[f.Key+fix.Title] {
			continue
		}
		if len(fix.Edits) > 1 && new(taken).take(fix.Edits, len(d.Content)) {
			return []step{{f, fix.Title, fix.Edits}}
		}
		if t.take(fix.Edits, len(d.Content)) {
			out = append(out, step{f, fix.Title, fix.Edits})
		}
	}
	return out
}

// pick is the first fix that may be applied.
func (o *Options) pick(f boltseal.Finding, r *resolving) (boltseal.Fix, bool) {
	for _, fix := range f.Fixes {
		if len(fix.Edits) == 0 || !fix.Safe && !o.Unsafe {
			continue
		}
		if !fix.Resolve {
			return fix, true
		}
		if resolved, ok := r.resolve(fix); ok {
			return resolved, true
		}
	}
	return boltseal.Fix{}, false
}

// taken are the spans that edits change, in order.
type taken []boltseal.Span

// take adds edits that lie within the content and apart from those taken and
// from each other; others it leaves, and tells so.
func (t *taken) take(edits []boltseal.Edit, size int) bool {
	next := *t
	for _, e := range edits {
		if e.Span.Start < 0 || e.Span.End < e.Span.Start || e.Span.End > size {
			return false
		}
		at, _ := slices.BinarySearchFunc(next, e.Span, func(a, b boltseal.Span) int { return cmp.Compare(a.Start, b.Start) })
		if at > 0 && touches(next[at-1], e.Span) || at < len(next) && touches(next[at], e.Span) {
			return false
		}
		next = slices.Insert(slices.Clip(next), at, e.Span)
	}
	*t = next
	return true
}

// touches tells whether two spans share a byte, or are insertions at one
// place, whose order would be a guess.
func touches(a, b boltseal.Span) bool {
	if a.Start == a.End && b.Start == b.End {
		return a.Start == b.Start
	}
	return a.Start < b.End && b.Start < a.End || a.Start == b.Start
}

// Edit carries out edits that do not overlap.
func Edit(content []byte, edits []boltseal.Edit) []byte {
	sorted := slices.Clone(edits)
	slices.SortFunc(sorted, func(a, b boltseal.Edit) int { return a.Span.Start - b.Span.Start })
	var out []byte
	at := 0
	for _, e := range sorted {
		out = append(append(out, content[at:e.Span.Start]...), e.New...)
		at = e.Span.End
	}
	return append(out, content[at:]...)
}
