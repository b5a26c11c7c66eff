package boltseal

import (
	"hash/fnv"
	"slices"
)

// Symbols are the functions of a Go module that the linker left in the
// programs that carry it, as hashes: enough to ask whether one is there. Nil
// is not known; a name that is not in it is in no program.
type Symbols []uint32

// NewSymbols makes the set of names like "import/path.Type.Method".
func NewSymbols(names []string) Symbols {
	s := make(Symbols, 0, len(names))
	for _, name := range names {
		s = append(s, symbol(name))
	}
	slices.Sort(s)
	return slices.Compact(s)
}

// Has says whether a function is there. It may say so of one that is not,
// once in some ten thousand times, and never the other way round.
func (s Symbols) Has(name string) bool {
	_, ok := slices.BinarySearch(s, symbol(name))
	return ok
}

// Union is what is in either set. What is not known of one is not known.
func (s Symbols) Union(t Symbols) Symbols {
	if s == nil || t == nil {
		return nil
	}
	u := append(slices.Clone(s), t...)
	slices.Sort(u)
	return slices.Compact(u)
}

func symbol(name string) uint32 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // it never fails
	sum := h.Sum64()
	return uint32(sum ^ sum>>32)
}

// Reach says whether a program can come to the vulnerable code.
type Reach string

// The answers, for Go programs. Empty is that nobody asked.
const (
	ReachCalled    Reach = "called"     // a vulnerable function is linked in: the program can call it
	ReachNotCalled Reach = "not-called" // the linker left all of them out
	ReachUnknown   Reach = "unknown"    // the advisory names no functions, or the program does not tell
)
