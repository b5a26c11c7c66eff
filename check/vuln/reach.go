package vuln

import (
	"fmt"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// reach says whether a Go program can come to the vulnerable code: whether
// any of the functions that the advisories name is linked in. The linker
// leaves out what nothing calls, so that an absent function is not called;
// one that is there may still never be.
func reach(m *match) boltseal.Reach {
	if !strings.HasPrefix(m.component.PURL, "pkg:golang/") {
		return ""
	}
	symbols := m.symbols()
	if len(symbols) == 0 || m.component.Linked == nil {
		return boltseal.ReachUnknown
	}
	if slices.ContainsFunc(symbols, m.component.Linked.Has) {
		return boltseal.ReachCalled
	}
	return boltseal.ReachNotCalled
}

// symbols are the functions that the advisories name. One that names none -
// GitHub's, beside the Go team's - says less and takes nothing back.
func (m *match) symbols() []string {
	var all []string
	for i := range m.hits {
		all = append(all, m.hits[i].record.Affected.Symbols...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// someSymbols is how many functions the evidence names.
const someSymbols = 3

// reachEvidence is the answer in words.
func reachEvidence(m *match, r boltseal.Reach) (boltseal.Evidence, bool) {
	var said string
	symbols := m.symbols()
	switch r {
	case boltseal.ReachCalled:
		linked := slices.DeleteFunc(symbols, func(s string) bool { return !m.component.Linked.Has(s) })
		said = "called: " + someOf(linked) + " linked in"
	case boltseal.ReachNotCalled:
		said = "not called: " + someOf(symbols) + " not linked in"
	case boltseal.ReachUnknown:
		said = "whether the vulnerable code is called is not known"
		if len(symbols) == 0 {
			said += ": no advisory names its functions"
		} else {
			said += ": the functions of the program are not"
		}
	default:
		return boltseal.Evidence{}, false
	}
	return boltseal.Evidence{Kind: boltseal.EvidenceFile, Statement: said}, true
}

func someOf(symbols []string) string {
	s := strings.Join(symbols[:min(len(symbols), someSymbols)], ", ")
	if more := len(symbols) - someSymbols; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	if len(symbols) == 1 {
		return s + " is"
	}
	return s + " are"
}
