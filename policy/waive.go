package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

var (
	expiredWaiver = boltseal.Check{
		ID:       "policy/expired-waiver",
		Title:    "waiver has expired",
		Severity: boltseal.Medium,
		Doc: "A waiver accepts a finding until a date. That date has passed, so what it accepted counts again.\n\n" +
			"Remove the cause of the finding and then the waiver; or let its owner look again and set a new date with a new reason.",
	}
	unusedWaiver = boltseal.Check{
		ID:       "policy/unused-waiver",
		Title:    "waiver matches no finding",
		Severity: boltseal.Low,
		Doc: "The waiver accepts something that is not there: it was mended, or the waiver never matched. " +
			"Left in place it would silently accept the same thing if it came back.\n\n" +
			"Remove the waiver. Where one policy serves many artifacts, set `unused-waivers: ignore`.",
	}
)

// Checks lists what this package looks for.
func Checks() []boltseal.Check { return []boltseal.Check{expiredWaiver, unusedWaiver} }

// waive marks the findings that a waiver in force accepts, and tells which
// waivers matched any.
func (p *Policy) waive(findings []boltseal.Finding, now time.Time) []bool {
	used := make([]bool, len(p.Waivers))
	waivers := make([]pattern, len(p.Waivers))
	for i, w := range p.Waivers {
		waivers[i] = compile(w)
	}
	aliases := map[string][]string{}
	for _, c := range p.Checks {
		aliases[c.ID] = c.Aliases
	}
	for i := range findings {
		f := &findings[i]
		if f.Waived != nil && (!f.Waived.Comment || p.NoComments) {
			f.Waived = nil
		}
		ids := idsOf(f, aliases[f.Check])
		for j := range waivers {
			if expired(p.Waivers[j], now) || !waivers[j].matches(f, ids) {
				continue
			}
			used[j] = true
			if f.Waived == nil {
				w := p.Waivers[j]
				f.Waived = &w
			}
		}
	}
	return used
}

// idsOf lists every name that a waiver may call a finding by.
func idsOf(f *boltseal.Finding, aliases []string) []string {
	ids := append([]string{f.Check}, aliases...)
	if f.Advisory != nil {
		ids = append(ids, f.Advisory.ID)
		ids = append(ids, f.Advisory.Aliases...)
	}
	return ids
}

// expired holds from the first moment after Expires. A waiver without a date
// has expired: no waiver lasts for ever.
func expired(w boltseal.Waiver, now time.Time) bool { return now.After(w.Expires) }

// pattern is a waiver made ready to be matched many times.
type pattern struct {
	boltseal.Waiver
	purl boltseal.PURL
	bad  bool // the purl pattern cannot be read, and matches nothing
}

func compile(w boltseal.Waiver) pattern {
	p := pattern{Waiver: w}
	p.Path = strings.TrimPrefix(w.Path, "/")
	if w.PURL != "" {
		purl, err := boltseal.ParsePURL(w.PURL)
		p.purl, p.bad = purl, err != nil
	}
	if w.ID == "" && w.PURL == "" && w.Path == "" && w.Key == "" {
		p.bad = true
	}
	return p
}

// matches tells whether all that the waiver says holds for the finding.
func (p *pattern) matches(f *boltseal.Finding, ids []string) bool {
	switch {
	case p.bad:
		return false
	case p.Key != "" && p.Key != f.Key:
		return false
	case p.ID != "" && !slices.ContainsFunc(ids, func(id string) bool { return match(p.ID, id) }):
		return false
	case p.PURL != "" && (f.Component == nil || !matchPURL(p.purl, f.Component.PURL)):
		return false
	}
	return p.Path == "" || p.matchesEverywhere(f)
}

// matchesEverywhere asks that each place of the finding lies under the path:
// a second copy elsewhere was not accepted.
func (p *pattern) matchesEverywhere(f *boltseal.Finding) bool {
	if !match(p.Path, f.Location.File) {
		return false
	}
	for _, l := range f.Locations {
		if !match(p.Path, l.File) {
			return false
		}
	}
	return true
}

// matchPURL compares part by part. Version and qualifiers that the pattern
// does not have may be anything.
func matchPURL(pattern boltseal.PURL, s string) bool {
	purl, err := boltseal.ParsePURL(s)
	if err != nil || !match(pattern.Type, purl.Type) {
		return false
	}
	if !match(path(pattern), path(purl)) {
		return false
	}
	if pattern.Version != "" && !match(pattern.Version, purl.Version) {
		return false
	}
	for key, value := range pattern.Qualifiers {
		if !match(value, purl.Qualifiers[key]) {
			return false
		}
	}
	return true
}

func path(p boltseal.PURL) string {
	if p.Namespace == "" {
		return p.Name
	}
	return p.Namespace + "/" + p.Name
}

// aboutWaivers makes the findings about the waivers themselves.
func (p *Policy) aboutWaivers(r *boltseal.Report, used []bool, now time.Time) []boltseal.Finding {
	var out []boltseal.Finding
	for i, w := range p.Waivers {
		switch {
		case expired(w, now):
			out = append(out, p.about(r, i, expiredWaiver,
				fmt.Sprintf("waiver of %s by %s expired on %s: %s", what(w), w.Owner, w.Expires.UTC().Format(time.DateOnly), w.Reason)))
		case !used[i] && !p.IgnoreUnusedWaivers && p.looked(r, w):
			out = append(out, p.about(r, i, unusedWaiver,
				fmt.Sprintf("waiver of %s by %s matches no finding: %s", what(w), w.Owner, w.Reason)))
		}
	}
	return out
}

// looked tells whether this run could have found what the waiver waives. If
// it could not, the waiver is not unused, only not needed here.
func (p *Policy) looked(r *boltseal.Report, w boltseal.Waiver) bool {
	if w.Key != "" {
		return true
	}
	if isCheck := strings.ContainsAny(w.ID, "/:"); !isCheck && w.ID != "" {
		return r.Snapshot != nil
	}
	if w.ID == "" {
		return r.Snapshot != nil || len(p.Checks) > 0
	}
	return slices.ContainsFunc(p.Checks, func(c boltseal.Check) bool {
		return match(w.ID, c.ID) || slices.ContainsFunc(c.Aliases, func(a string) bool { return match(w.ID, a) })
	})
}

// about makes one finding about the waiver with index i.
func (p *Policy) about(r *boltseal.Report, i int, c boltseal.Check, message string) boltseal.Finding {
	w := p.Waivers[i]
	f := boltseal.Finding{
		Check:    c.ID,
		Title:    c.Title,
		Message:  message,
		Severity: c.Severity,
		Subject:  boltseal.Subject{Name: r.Artifact.Name, Digest: r.Artifact.Digest},
		Location: boltseal.Location{File: w.Source},
		Evidence: []boltseal.Evidence{{Kind: boltseal.EvidenceStable, Excerpt: strings.Join([]string{w.ID, w.PURL, w.Path, w.Key}, "\x00")}},
	}
	if r.Artifact.Platform != nil {
		f.Subject.Platform = r.Artifact.Platform.String()
	}
	if i < len(p.lines) {
		f.Location.Line = p.lines[i]
	}
	f.Seal()
	return f
}

// what says in short what a waiver waives.
func what(w boltseal.Waiver) string {
	var parts []string
	if w.ID != "" {
		parts = append(parts, w.ID)
	}
	if w.PURL != "" {
		parts = append(parts, w.PURL)
	}
	if w.Path != "" {
		parts = append(parts, "at "+w.Path)
	}
	if w.Key != "" {
		parts = append(parts, "finding "+w.Key)
	}
	return strings.Join(parts, " ")
}
