package advisory

import (
	"cmp"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/version"
)

// mark is one event of a range: its version, and what begins or ends there.
type mark struct {
	version      string
	begins       bool // introduced
	fixed, last  bool
	fixedFirst   bool // at one version, fixed stands before introduced
	beforeAnyone bool // "0"
}

// pair turns the events of a range into runs of versions (OSV schema,
// "affected[].ranges[].events", and its evaluation algorithm): sorted by
// version, each introduced with the next fixed or last_affected behind it.
// Without a scheme the events keep the order in which they are listed.
func pair(events []osvEvent, scheme *version.Scheme) []boltseal.Range {
	marks := collect(events, scheme)
	var out []boltseal.Range
	open := !slices.ContainsFunc(marks, func(m mark) bool { return m.begins })
	start := "0"
	for i := range marks {
		m := &marks[i]
		switch {
		case open && m.fixed && m.begins && (m.fixedFirst || ends(marks[i+1:])):
			// One branch ends where the next begins.
			out = append(out, boltseal.Range{Introduced: start, Fixed: m.version})
			start = m.version
		case open && m.fixed:
			out = append(out, boltseal.Range{Introduced: start, Fixed: m.version})
			open = false
		case open && m.last:
			out = append(out, boltseal.Range{Introduced: start, LastAffected: m.version})
			open = false
		case open:
		case m.begins && m.last:
			out = append(out, boltseal.Range{Introduced: m.version, LastAffected: m.version})
		case m.begins && m.fixed && !m.fixedFirst:
			// Introduced and fixed by the same version: nothing.
		case m.begins:
			start, open = m.version, true
		case m.fixed && len(out) > 0 && out[len(out)-1].Fixed == "":
			// Behind a last_affected, a fix only says where to go.
			out[len(out)-1].Fixed = m.version
		}
	}
	if open && len(marks) > 0 {
		out = append(out, boltseal.Range{Introduced: start})
	}
	return slices.DeleteFunc(out, func(r boltseal.Range) bool { return r.Fixed == "0" })
}

func ends(marks []mark) bool {
	return slices.ContainsFunc(marks, func(m mark) bool { return m.fixed || m.last })
}

// collect sorts the events and puts those of one version together.
func collect(events []osvEvent, scheme *version.Scheme) []mark {
	marks := make([]mark, 0, len(events))
	for _, e := range events {
		for _, m := range [...]mark{
			{version: e.Introduced, begins: true}, {version: e.Fixed, fixed: true}, {version: e.LastAffected, last: true},
		} {
			if m.version = strings.TrimSpace(m.version); m.version != "" {
				m.beforeAnyone = m.version == "0"
				marks = append(marks, m)
			}
		}
	}
	compare := func(a, b mark) int {
		switch {
		case a.beforeAnyone || b.beforeAnyone:
			return cmp.Compare(truth(b.beforeAnyone), truth(a.beforeAnyone))
		case a.version == b.version:
			return 0
		}
		return scheme.Compare(a.version, b.version)
	}
	same := func(a, b mark) bool { return a.version == b.version }
	if scheme != nil {
		slices.SortStableFunc(marks, compare)
		same = func(a, b mark) bool { return compare(a, b) == 0 }
	}
	merged := marks[:0]
	for _, m := range marks {
		if n := len(merged); n > 0 && same(merged[n-1], m) {
			into := &merged[n-1]
			into.fixedFirst = into.fixedFirst || into.fixed && m.begins && !into.begins
			into.begins, into.fixed, into.last = into.begins || m.begins, into.fixed || m.fixed, into.last || m.last
			continue
		}
		merged = append(merged, m)
	}
	return merged
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// enumerated are the listed versions that the ranges do not cover already.
// One that is also named as a fix is a publisher's slip, and not affected.
func enumerated(versions []string, out *boltseal.Affected, scheme *version.Scheme) []string {
	var kept []string
	for _, v := range versions {
		v = strings.TrimSpace(v)
		if v == "" || len(v) > 1024 {
			continue
		}
		if scheme != nil && scheme.Affected(v, &boltseal.Affected{Ranges: out.Ranges}) {
			continue
		}
		if slices.ContainsFunc(out.Ranges, func(r boltseal.Range) bool { return r.Fixed == v }) {
			continue
		}
		kept = append(kept, v)
	}
	slices.Sort(kept)
	return slices.Compact(kept)
}

// modulesOf are the RPM modules that an erratum's summary names, as in
// "Important: postgresql:13 security update". A summary that names none,
// "Moderate: ruby security update", gives the first word; all its streams
// are meant. An empty one gives "*".
func modulesOf(summary string) []string {
	if _, rest, ok := strings.Cut(summary, ": "); ok {
		summary = rest
	}
	var modules []string
	for word := range strings.FieldsSeq(summary) {
		word = strings.Trim(word, ",;()")
		name, stream, ok := strings.Cut(word, ":")
		if ok && moduleWord(name) && moduleWord(stream) && !slices.Contains(modules, word) {
			modules = append(modules, word)
		}
	}
	if len(modules) > 0 {
		return modules
	}
	if first, _, _ := strings.Cut(strings.TrimSpace(summary), " "); moduleWord(first) {
		return []string{first}
	}
	return []string{"*"}
}

func moduleWord(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("._+-", rune(c)) {
			return false
		}
	}
	return s != ""
}
