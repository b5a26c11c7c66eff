package report

import (
	"fmt"
	"slices"

	"github.com/boltseal/boltseal"
)

// verdict says what the policy makes of it all, and what to do next.
func (p *page) verdict(r *boltseal.Report, groups []*group) {
	v := &r.Verdict
	p.line()
	switch v.ExitStatus() {
	case 1:
		p.decision("BLOCKED", badge, reason(v, 0))
	case 3:
		p.decision("NOT ASSESSED", caution, reason(v, 0))
	default:
		p.decision("PASSED", good, "the policy finds nothing to block")
	}
	first := 0
	if v.ExitStatus() != 0 {
		first = 1
	}
	for i := first; i < len(v.Reasons); i++ {
		p.paragraph(indent, "", clean(v.Reasons[i]), faint)
	}
	for _, step := range nextSteps(r, groups) {
		p.paragraph(indent, "→ ", step, plain)
	}
}

func (p *page) decision(word string, i ink, why string) {
	if p.color {
		word = " " + word + " "
	}
	p.line(cell{word, i}, cell{"  " + why, plain})
}

func reason(v *boltseal.Verdict, i int) string {
	if i < len(v.Reasons) {
		return clean(v.Reasons[i])
	}
	if len(v.Blocking) > 0 {
		return count(len(v.Blocking), "finding") + " block"
	}
	return count(v.Gaps, "gap") + " that the policy does not allow"
}

// nextSteps are the few things that would change the verdict most.
func nextSteps(r *boltseal.Report, groups []*group) []string {
	var steps []string
	blocking := map[string]bool{}
	for _, key := range r.Verdict.Blocking {
		blocking[key] = true
	}
	if len(blocking) > 0 {
		steps = append(steps, upgradeSteps(r, groups, blocking)...)
		steps = append(steps, "to accept a finding for a time, add a waiver with a reason, an owner and a date to boltseal.yaml")
	}
	if r.Verdict.Gaps > 0 {
		steps = append(steps, "close the gaps as their hints say, or allow a kind of gap: allow-gaps in boltseal.yaml")
	}
	return steps
}

// upgradeSteps names what removes blocking findings, the steps that remove
// most of them first, and sends the user to the base image for what that
// brings.
func upgradeSteps(r *boltseal.Report, groups []*group, blocking map[string]bool) []string {
	var upgrades, base, remove, others []step
	inBase := 0
	for _, g := range groups {
		s := step{text: clean(g.name)}
		for _, at := range g.rows {
			if blocking[at.Key] && !at.waived {
				s.n++
			}
		}
		if s.n == 0 {
			continue
		}
		if g.upgrade != "" {
			s.text += " to " + clean(g.upgrade)
		}
		switch {
		case g.isMalware():
			remove = append(remove, s)
		case g.upgrade == "":
			others = append(others, s)
		case g.origin == boltseal.OriginBase && !g.mixed:
			base = append(base, s)
			inBase += s.n
		default:
			upgrades = append(upgrades, s)
		}
	}
	var steps []string
	if len(remove) > 0 {
		steps = append(steps, "remove "+list(remove)+", and look for what it has done: it is malware")
	}
	if len(upgrades) > 0 {
		steps = append(steps, "upgrade "+list(upgrades))
	}
	if len(base) > 0 {
		image := "base image"
		if r.Artifact.Base != nil && r.Artifact.Base.Name != "" {
			image = clean(r.Artifact.Base.Name)
		}
		steps = append(steps, fmt.Sprintf("rebuild on a newer %s, which brings %s that %s; or upgrade %s in your own layers",
			image, plural(inBase, "vulnerability", "vulnerabilities"), verb(inBase, "blocks", "block"), list(base)))
	}
	if len(others) > 0 {
		steps = append(steps, "look at "+list(others))
	}
	return steps
}

// step is something to do and how many blocking findings that removes.
type step struct {
	text string
	n    int
}

// list is the steps that remove most, in one phrase.
func list(steps []step) string {
	slices.SortStableFunc(steps, func(a, b step) int { return b.n - a.n })
	texts := make([]string, len(steps))
	for i, s := range steps {
		texts[i] = s.text
	}
	return cleanList(texts, 5, false)
}

func (g *group) isMalware() bool {
	return slices.ContainsFunc(g.rows, func(at *row) bool {
		return at.Advisory != nil && at.Advisory.Kind == boltseal.Malware && !at.waived
	})
}

func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
