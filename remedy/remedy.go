// Package remedy carries out the fixes that findings bring: it edits the
// bytes of a file, and proves that what it did holds. [Apply] works on one
// file's content and writes nothing.
package remedy

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/boltseal/boltseal"
)

// Options say which fixes may be applied.
type Options struct {
	Unsafe bool                        // also those that change behaviour
	Accept func(boltseal.Finding) bool // nil accepts every finding
}

// Done is what Apply did.
type Done struct {
	Content []byte
	Fixed   []boltseal.Finding // whose fixes were applied
	Left    []boltseal.Finding // what the last check still finds
}

// rounds bounds how often a file is checked again after edits.
const rounds = 10

// Apply fixes a file: it checks the content, applies the first allowed fix of
// every finding whose edits do not overlap with another's, and does so again
// until nothing is left to apply. A round after which a check finds a new
// kind of high finding, or the file cannot be read any more, is undone: check
// reports that as an error.
func Apply(content []byte, check func([]byte) ([]boltseal.Finding, error), opts *Options) (*Done, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	findings, err := check(content)
	if err != nil {
		return nil, err
	}
	done := &Done{Content: content, Left: findings}
	for range rounds {
		next, fixed := o.round(done.Content, done.Left)
		if len(fixed) == 0 || bytes.Equal(next, done.Content) {
			return done, nil
		}
		left, err := check(next)
		if err != nil {
			return done, fmt.Errorf("check the fixed file: %w", err)
		}
		if !better(done.Left, left) {
			return done, nil
		}
		done.Content, done.Left = next, left
		done.Fixed = append(done.Fixed, fixed...)
	}
	return done, nil
}

// better tells whether the findings after a round are not those before it:
// fixes that only bring themselves back would go on for ever.
func better(before, after []boltseal.Finding) bool {
	if len(after) < len(before) {
		return true
	}
	count := map[string]int{}
	for _, f := range before {
		count[f.Check]++
	}
	for _, f := range after {
		count[f.Check]--
	}
	for _, n := range count {
		if n > 0 {
			return true
		}
	}
	return false
}

// round applies one fix of each finding that has one, as long as their edits
// do not touch each other; the rest waits for the next round.
func (o *Options) round(content []byte, findings []boltseal.Finding) ([]byte, []boltseal.Finding) {
	var taken []boltseal.Edit
	var fixed []boltseal.Finding
	for _, f := range findings {
		if o.Accept != nil && !o.Accept(f) {
			continue
		}
		fix, ok := o.pick(f)
		if !ok || !fits(fix.Edits, taken, len(content)) {
			continue
		}
		taken = append(taken, fix.Edits...)
		fixed = append(fixed, f)
	}
	return Edit(content, taken), fixed
}

// pick is the first fix that may be applied.
func (o *Options) pick(f boltseal.Finding) (boltseal.Fix, bool) {
	for _, fix := range f.Fixes {
		if len(fix.Edits) > 0 && !fix.Resolve && (fix.Safe || o.Unsafe) {
			return fix, true
		}
	}
	return boltseal.Fix{}, false
}

// fits tells whether edits lie within the content and apart from those taken.
func fits(edits, taken []boltseal.Edit, size int) bool {
	for i, e := range edits {
		if e.Span.Start < 0 || e.Span.End < e.Span.Start || e.Span.End > size {
			return false
		}
		for _, other := range slices.Concat(taken, edits[:i]) {
			if touches(e.Span, other.Span) {
				return false
			}
		}
	}
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
