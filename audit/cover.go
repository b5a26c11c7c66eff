package audit

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// Cover lists the checks that speak about each control: those that its table
// names, and those that name the control themselves. The key is the
// control's id. Of the given checks only those that exist are in it.
func Cover(checks []boltseal.Check) map[string][]Clause {
	c := coverer{
		controls: map[string]*Control{}, byControl: map[string][]string{}, done: map[string][]Clause{},
	}
	frameworks := Frameworks()
	for i := range frameworks {
		for j := range frameworks[i].Controls {
			at := &frameworks[i].Controls[j]
			c.controls[at.ID] = at
		}
	}
	for _, check := range checks {
		c.ids = append(c.ids, check.ID)
		for _, id := range check.Controls {
			c.byControl[id] = append(c.byControl[id], check.ID)
		}
	}
	slices.Sort(c.ids)
	c.ids = slices.Compact(c.ids)
	out := map[string][]Clause{}
	for id := range c.controls {
		out[id] = c.of(id)
	}
	return out
}

type coverer struct {
	controls  map[string]*Control
	byControl map[string][]string // checks that name a control themselves
	ids       []string
	done      map[string][]Clause
}

// of resolves one control's clauses to checks that exist. A control that
// refers to itself in a circle has no more checks than the circle has.
func (c *coverer) of(id string) []Clause {
	if got, ok := c.done[id]; ok {
		return got
	}
	c.done[id] = nil
	control := c.controls[id]
	if control == nil {
		return nil
	}
	var out []Clause
	for _, check := range c.byControl[id] {
		out = append(out, Clause{Check: check})
	}
	for _, clause := range control.Checks {
		if ref, ok := strings.CutPrefix(clause.Check, "@"); ok {
			for _, inner := range c.of(ref) {
				inner.Severity = max(inner.Severity, clause.Severity)
				out = append(out, inner)
			}
			continue
		}
		for _, check := range c.ids {
			if matches(clause.Check, check) {
				out = append(out, Clause{Check: check, Severity: clause.Severity})
			}
		}
	}
	// A table's clause says more than a check that only names the control.
	slices.SortStableFunc(out, func(a, b Clause) int {
		if d := strings.Compare(a.Check, b.Check); d != 0 {
			return d
		}
		return int(b.Severity) - int(a.Severity)
	})
	out = slices.CompactFunc(out, func(a, b Clause) bool { return a.Check == b.Check })
	c.done[id] = out
	return out
}

// matches tells whether a clause's pattern means a check.
func matches(pattern, check string) bool {
	if family, ok := strings.CutSuffix(pattern, "/*"); ok {
		return FamilyOf(check) == family
	}
	return pattern == check
}

// FamilyOf is the part of a check's id before its slash: checks of one family
// look at the same things.
func FamilyOf(check string) string {
	family, _, _ := strings.Cut(check, "/")
	return family
}
