package vuln

import (
	"fmt"
	"slices"

	"github.com/boltseal/boltseal"
)

// fixedIn lists the versions that mend a match, nearest first. A version that
// still counts as affected, because another advisory says so, is no fix unless
// there is no other.
func fixedIn(m *match) []string {
	if m.hits[0].record.Kind == boltseal.Malware {
		return nil
	}
	scheme := m.hits[0].query.scheme
	var all []string
	for i := range m.hits {
		h := &m.hits[i]
		for _, r := range h.record.Affected.Ranges {
			if r.Fixed != "" && r.Fixed != "0" && scheme.Compare(r.Fixed, h.query.version) > 0 && !scheme.Affected(r.Fixed, &h.record.Affected) {
				all = append(all, r.Fixed)
			}
		}
	}
	slices.SortStableFunc(all, scheme.Compare)
	all = slices.CompactFunc(all, func(a, b string) bool { return scheme.Compare(a, b) == 0 })
	agreed := slices.DeleteFunc(slices.Clone(all), func(v string) bool { return m.affects(v) })
	if len(agreed) > 0 {
		return agreed
	}
	return all
}

// affects tells whether a version would be a match as well: of a distribution
// unless any of its errata has mended it, elsewhere if any advisory speaks of
// it.
func (m *match) affects(v string) bool {
	if m.system != nil {
		return !slices.ContainsFunc(m.hits, func(h hit) bool {
			h.query.version = v
			return !h.query.scheme.Affected(v, &h.record.Affected) && mended(&h.query, &h.record.Affected)
		})
	}
	return slices.ContainsFunc(m.hits, func(h hit) bool { return h.query.scheme.Affected(v, &h.record.Affected) })
}

// statusOf is what the vendor says beyond that the version is affected. A fix
// that is there answers all questions of whether there will be one.
func statusOf(m *match, fixed bool) boltseal.Status {
	for i := 0; i < len(m.hits) && !fixed; i++ {
		switch s := m.hits[i].record.Affected.Status; s {
		case boltseal.StatusWillNotFix, boltseal.StatusDeferred, boltseal.StatusUnderReview:
			return s
		case "", boltseal.StatusAffected, boltseal.StatusFixed, boltseal.StatusNotAffected:
		}
	}
	return boltseal.StatusAffected
}

// fixes is the nearest upgrade, or for malware its removal.
func fixes(f *boltseal.Finding) []boltseal.Fix {
	if f.Advisory.Kind == boltseal.Malware {
		return []boltseal.Fix{{Title: "remove " + f.Component.Name}}
	}
	if len(f.FixedIn) == 0 {
		return nil
	}
	return []boltseal.Fix{upgrade(f.Component, f.FixedIn[0], "")}
}

func upgrade(c *boltseal.Component, to, why string) boltseal.Fix {
	return boltseal.Fix{
		Title:   fmt.Sprintf("upgrade %s to %s%s", c.Name, to, why),
		Upgrade: &boltseal.Upgrade{PURL: c.PURL, To: to},
	}
}

// upgradeAll adds to each finding the upgrade that mends all of its
// component's findings that can be mended, where that is another than its
// own: to follow each finding's nearest fix would take one step after
// another. It stands behind the nearest.
func upgradeAll(matches []match, findings []boltseal.Finding) {
	for from := 0; from < len(matches); {
		to := from + 1
		for to < len(matches) && matches[to].component == matches[from].component {
			to++
		}
		upgradeComponent(matches[from:to], findings[from:to])
		from = to
	}
}

func upgradeComponent(matches []match, findings []boltseal.Finding) {
	scheme := matches[0].hits[0].query.scheme
	var candidates []string
	least := ""
	for i := range findings {
		fixed := findings[i].FixedIn
		if len(fixed) == 0 {
			continue
		}
		candidates = append(candidates, fixed...)
		if least == "" || scheme.Compare(fixed[0], least) > 0 {
			least = fixed[0]
		}
	}
	if least == "" {
		return
	}
	slices.SortStableFunc(candidates, scheme.Compare)
	best, left := "", len(matches)+1
	for i, v := range candidates {
		if scheme.Compare(v, least) < 0 || i > 0 && scheme.Compare(v, candidates[i-1]) == 0 {
			continue
		}
		n := 0
		for j := range matches {
			if len(findings[j].FixedIn) > 0 && matches[j].affects(v) {
				n++
			}
		}
		if n < left {
			best, left = v, n
		}
		if left == 0 {
			break
		}
	}
	why := ", which mends its other findings too"
	if left > 0 {
		why = ", which mends most of its findings"
	}
	for i := range findings {
		f := &findings[i]
		if len(f.FixedIn) > 0 && scheme.Compare(f.FixedIn[0], best) != 0 && !matches[i].affects(best) {
			f.Fixes = append(f.Fixes, upgrade(f.Component, best, why))
		}
	}
}
