package seccomp

import "slices"

// Difference is a system call that two filters treat differently.
type Difference struct {
	Name   string
	Before Decision
	After  Decision
}

// More reports whether after lets more through than before.
func (d *Difference) More() bool { return d.After.Verdict() > d.Before.Verdict() }

// Less reports whether after lets less through than before.
func (d *Difference) Less() bool { return d.After.Verdict() < d.Before.Verdict() }

// Compare lists the system calls of the filters' architecture that one lets
// through more than the other, or under other conditions, by name. Calls that
// both refuse are equal, however they do it.
func Compare(before, after *Filter) []Difference {
	names := Calls(after.Arch)
	if len(names) == 0 {
		names = slices.Concat(before.Names(), after.Names())
	}
	slices.Sort(names)
	var out []Difference
	for _, name := range slices.Compact(names) {
		d := Difference{Name: name, Before: before.Decide(name), After: after.Decide(name)}
		if d.Before.Verdict() != d.After.Verdict() || d.After.Verdict() == Sometimes && !sameConditions(d.Before.When, d.After.When) {
			out = append(out, d)
		}
	}
	return out
}

func sameConditions(a, b []Rule) bool {
	within := func(a, b []Rule) bool {
		for i := range a {
			if !slices.ContainsFunc(b, func(r Rule) bool { return r.Action == a[i].Action && slices.Equal(r.Args, a[i].Args) }) {
				return false
			}
		}
		return true
	}
	return within(a, b) && within(b, a)
}
