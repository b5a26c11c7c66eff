package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

var _ = add(Format{Name: "table", Title: "for people, as wide as the terminal", Write: writeTable})

// writeTable writes what a person wants to know in the order in which they
// want to know it; the verdict comes last, where the cursor is.
func writeTable(w io.Writer, r *boltseal.Report, opts *Options) error {
	o := opts.orDefault()
	p := &page{width: o.Width, color: o.Color}
	groups := groupFindings(r)
	p.header(r, o.Verbose)
	if r.Scorecard != nil {
		p.scorecard(r.Scorecard, o.Verbose)
	}
	if r.Scorecard == nil || o.Verbose {
		p.findings(groups, o.Verbose)
	}
	p.gaps(r)
	p.summary(r, groups)
	p.verdict(r, groups)
	_, err := io.WriteString(w, p.String())
	return err
}

// header says what was looked at and with what knowledge.
func (p *page) header(r *boltseal.Report, verbose bool) {
	a := &r.Artifact
	p.spread([]cell{{clean(a.Name), bold}}, cell{platformLine(r), plain})
	var facts []string
	if d := distroOf(r); d != "" {
		facts = append(facts, d)
	}
	if a.Digest != "" {
		facts = append(facts, clean(a.Digest.Algorithm()+":"+a.Digest.Short()))
	}
	if a.Kind != boltseal.KindDirectory || len(r.Components) > 0 {
		facts = append(facts, count(len(r.Components), "component"))
	}
	if b := a.Base; b != nil && b.Name != "" {
		facts = append(facts, "built on "+clean(b.Name))
	}
	if len(facts) > 0 {
		p.paragraph(0, "", strings.Join(facts, " · "), faint)
	}
	if r.Snapshot == nil && len(facts) == 0 {
		return
	}
	if r.Snapshot == nil {
		p.paragraph(0, "", "no advisory data: nothing was compared with known vulnerabilities", yellow)
		return
	}
	p.paragraph(0, "", "advisories: "+feedLine(r.Snapshot, r.Time), faint)
	for _, f := range r.Snapshot.Feeds {
		if f.Error != "" {
			p.paragraph(0, "  ! ", fmt.Sprintf("%s was not refreshed: %s", clean(f.Name), clean(f.Error)), yellow)
		} else if verbose {
			p.paragraph(0, "    ", feedDetail(f), faint)
		}
	}
}

func platformLine(r *boltseal.Report) string {
	return strings.Join(platformsOf(r), " ")
}

func distroOf(r *boltseal.Report) string {
	artifacts := append([]boltseal.Artifact{r.Artifact}, r.Children...)
	for _, a := range artifacts {
		if a.Distro != nil {
			return clean(cmp.Or(a.Distro.Name, a.Distro.String()))
		}
	}
	return ""
}

// feedLine tells the age of each family of feeds: "osv (30 feeds) 2 hours to
// 3 days old, kev 1 day old".
func feedLine(s *boltseal.Snapshot, now time.Time) string {
	type family struct {
		n         int
		low, high time.Duration
		known     bool
	}
	families := map[string]*family{}
	var names []string
	for _, f := range s.Feeds {
		name, _, _ := strings.Cut(f.Name, "/")
		of := families[name]
		if of == nil {
			of = &family{}
			families[name] = of
			names = append(names, name)
		}
		of.n++
		age, ok := ageOf(f, now)
		if !ok {
			continue
		}
		if !of.known || age < of.low {
			of.low = age
		}
		of.high = max(of.high, age)
		of.known = true
	}
	slices.Sort(names)
	var parts []string
	for _, name := range names {
		of := families[name]
		part := clean(name)
		if of.n > 1 {
			part += fmt.Sprintf(" (%d feeds)", of.n)
		}
		switch low, high := ageWords(of.low), ageWords(of.high); {
		case !of.known:
			part += " of unknown age"
		case low == high:
			part += " " + high + " old"
		default:
			part += " " + low + " to " + high + " old"
		}
		parts = append(parts, part)
	}
	return cmp.Or(strings.Join(parts, ", "), "none")
}

func feedDetail(f boltseal.Feed) string {
	s := fmt.Sprintf("%s: %s", clean(f.Name), count(f.Records, "record"))
	if !f.Modified.IsZero() {
		s += ", newest " + f.Modified.UTC().Format(time.DateOnly)
	}
	if !f.Fetched.IsZero() {
		s += ", fetched " + f.Fetched.UTC().Format("2006-01-02 15:04")
	}
	return s
}

// ageWords is a duration as people say it, in its largest unit.
func ageWords(d time.Duration) string {
	switch {
	case d < time.Hour:
		return count(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return count(int(d/time.Hour), "hour")
	}
	return count(int(d/(24*time.Hour)), "day")
}

// gaps lists what could not be looked at, with what to do about it.
func (p *page) gaps(r *boltseal.Report) {
	if len(r.Gaps) == 0 {
		return
	}
	p.line()
	p.flow(cell{"Not assessed:", bold}, cell{" what could not be looked at is not known to be clean", faint})
	for _, g := range r.Gaps {
		text := clean(g.What) + ": " + clean(g.Why)
		if g.Platform != "" && len(platformsOf(r)) > 1 {
			text += " (" + clean(g.Platform) + ")"
		}
		p.gap(clean(g.Kind), text, clean(g.Hint))
	}
}

// gap writes one gap, its kind in a column where there is room for one.
func (p *page) gap(kind, text, hint string) {
	at := indent + 22 + between
	if p.width < 100 {
		at = 2 * indent
		p.line(cell{strings.Repeat(" ", indent) + kind, yellow})
	}
	for n, line := range wrap(text, p.width-at) {
		lead := cell{strings.Repeat(" ", at), plain}
		if n == 0 && p.width >= 100 {
			lead = cell{strings.Repeat(" ", indent) + pad(kind, at-indent-between) + strings.Repeat(" ", between), yellow}
		}
		p.line(lead, cell{line, plain})
	}
	if hint != "" {
		p.paragraph(at, "→ ", hint, faint)
	}
}

// summary counts findings by severity, and the vulnerabilities behind them:
// one that several packages share is one.
func (p *page) summary(r *boltseal.Report, groups []*group) {
	p.line()
	counts := r.Count()
	total, waived, comments := 0, 0, 0
	for _, n := range counts {
		total += n
	}
	for i := range r.Findings {
		if r.Findings[i].Waived != nil {
			waived++
			if r.Findings[i].Waived.Comment {
				comments++
			}
		}
	}
	cells := []cell{{count(total, "finding"), bold}}
	separator := ": "
	for _, s := range boltseal.Severities() {
		if counts[s] > 0 {
			cells = append(cells, cell{separator, plain}, cell{fmt.Sprintf("%d %s", counts[s], s), inkOf(s)})
			separator = " · "
		}
	}
	p.flow(cells...)
	var details []string
	if vulnerabilities, packages, fixable := tally(groups); vulnerabilities > 0 {
		details = append(details, fmt.Sprintf("%s in %s", plural(vulnerabilities, "vulnerability", "vulnerabilities"), count(packages, "package")),
			fmt.Sprintf("%d with a fix", fixable))
	}
	if waived > 0 {
		details = append(details, fmt.Sprintf("%d waived", waived))
		if comments > 0 {
			details = append(details, fmt.Sprintf("%d of them by comments in the files", comments))
		}
	}
	if len(details) > 0 {
		p.paragraph(0, "", strings.Join(details, ", "), faint)
	}
}

// tally counts the vulnerabilities that are not waived, the groups that have
// any, and those that a fixed version exists for.
func tally(groups []*group) (vulnerabilities, packages, fixable int) {
	seen, fixed := map[string]bool{}, map[string]bool{}
	for _, g := range groups {
		any := false
		for _, at := range g.rows {
			if at.waived || !isVulnerability(at.Finding) {
				continue
			}
			any = true
			seen[at.Advisory.ID] = true
			if len(at.FixedIn) > 0 {
				fixed[at.Advisory.ID] = true
			}
		}
		if any {
			packages++
		}
	}
	return len(seen), packages, len(fixed)
}

// count is a number and its noun: "1 finding", "3 findings".
func count(n int, noun string) string { return plural(n, noun, noun+"s") }

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func inkOf(s boltseal.Severity) ink {
	switch s {
	case boltseal.Critical:
		return boldRed
	case boltseal.High:
		return red
	case boltseal.Medium:
		return yellow
	case boltseal.Low:
		return blue
	case boltseal.Negligible, boltseal.Unknown:
		return faint
	}
	return plain
}
