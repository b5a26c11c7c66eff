package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/audit"
	"github.com/boltseal/boltseal/policy"
)

// Target is one thing to audit: source files, something to scan, or both.
type Target struct {
	Lint string // path of files for Lint; empty for none
	Scan string // target for Run; empty for none
}

func (t Target) name() string { return cmp.Or(t.Lint, t.Scan) }

// Audit runs everything that applies to the targets, and returns one report
// of it all with its scorecard. A target that cannot be opened is a gap as
// long as another one can.
func Audit(ctx context.Context, targets []Target, opts *Options) (*boltseal.Report, error) {
	o := withDefaults(opts)
	a := &auditor{o: &o, checks: append(AuditChecks(), o.OwnChecks()...)}
	var errs []error
	for _, t := range targets {
		if err := a.target(ctx, t); err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			errs = append(errs, err)
		}
	}
	if len(a.reports) == 0 {
		return nil, errors.Join(errs...)
	}
	report := a.merge(targets)

	// The score is about everything that was found; what the policy does not
	// want to see is left out afterwards.
	everything := *o.Policy
	everything.Severities, everything.OnlyFixed = nil, false
	everything.Judge(report, o.Now())
	card := audit.Score(report, &audit.Options{Checks: a.checks, Parts: a.parts})
	o.Policy.Judge(report, o.Now())
	for _, part := range a.reports {
		for _, reason := range part.Verdict.Reasons {
			if strings.HasSuffix(reason, leftOutBy) {
				say(report, func() string { return reason })
			}
		}
	}
	report.Scorecard = card
	return report, nil
}

// AuditChecks lists what Audit looks for, each check once.
func AuditChecks() []boltseal.Check {
	all := slices.Concat(Checks(), LintChecks())
	slices.SortFunc(all, func(a, b boltseal.Check) int { return strings.Compare(a.ID, b.ID) })
	return slices.CompactFunc(all, func(a, b boltseal.Check) bool { return a.ID == b.ID })
}

type auditor struct {
	o       *Options
	checks  []boltseal.Check
	reports []*boltseal.Report
	parts   []audit.Part
	gaps    []boltseal.Gap // targets that could not be opened
}

func (a *auditor) target(ctx context.Context, t Target) error {
	var errs []error
	run := func(family []boltseal.Check, do func(*Options) (*boltseal.Report, error)) {
		families := map[string]bool{}
		o := *a.o
		o.Policy = &policy.Policy{IgnoreUnusedWaivers: true}
		o.Looked = func(family, _ string) { families[family] = true }
		kinds := map[string]bool{}
		o.kind = func(kind, _ string) { kinds[kind] = true }
		report, err := do(&o)
		if errors.Is(err, errNoSource) {
			return
		}
		part := audit.Part{Name: t.name()}
		if err != nil {
			errs = append(errs, err)
			gap := boltseal.Gap{Kind: "unreadable-target", What: t.name(), Why: err.Error()}
			a.gaps = append(a.gaps, gap)
			for _, c := range family {
				part.Checks = append(part.Checks, c.ID)
			}
			part.Gaps = []boltseal.Gap{gap}
			a.parts = append(a.parts, part)
			return
		}
		if len(report.Components) == 0 {
			report.Gaps = slices.DeleteFunc(report.Gaps, func(g boltseal.Gap) bool { return g.Kind == "no-database" })
		}
		for _, c := range a.checks {
			if families[c.ID] || families[audit.FamilyOf(c.ID)] && hadObjects(c, kinds) {
				part.Checks = append(part.Checks, c.ID)
			}
		}
		part.Gaps = report.Gaps
		a.parts = append(a.parts, part)
		a.reports = append(a.reports, report)
	}
	if t.Lint != "" {
		run(LintChecks(), func(o *Options) (*boltseal.Report, error) { return Lint(ctx, []string{t.Lint}, o) })
	}
	if t.Scan != "" {
		run(Checks(), func(o *Options) (*boltseal.Report, error) {
			report, err := Run(ctx, t.Scan, o)
			if err == nil && t.Lint != "" {
				below(report, t.Lint)
			}
			return report, err
		})
	}
	return errors.Join(errs...)
}

// merge makes one report of all. What one target says of itself stays; of
// several, each is a child.
func (a *auditor) merge(targets []Target) *boltseal.Report {
	out := &boltseal.Report{
		Schema: boltseal.ReportSchema, Tool: a.o.Tool, Time: a.o.Now().UTC(),
		Components: []boltseal.Component{}, Findings: []boltseal.Finding{}, Gaps: a.gaps,
	}
	if len(targets) == 1 {
		// The scan comes last and knows most about its target.
		last := a.reports[len(a.reports)-1]
		out.Artifact, out.Children = last.Artifact, last.Children
		out.Artifact.Name = strings.TrimPrefix(cmp.Or(targets[0].Lint, last.Artifact.Name), "./")
	} else {
		names := make([]string, len(targets))
		for i, t := range targets {
			names[i] = t.name()
		}
		out.Artifact = boltseal.Artifact{Kind: boltseal.KindDirectory, Name: strings.Join(names, ", ")}
		for _, r := range a.reports {
			if r.Artifact.Kind != boltseal.KindDirectory {
				out.Children = append(out.Children, r.Artifact)
				out.Children = append(out.Children, r.Children...)
			}
		}
	}
	// Lint and Run both look for secrets in a folder's files.
	type place struct {
		check, file string
		span        boltseal.Span
	}
	seen := map[place]bool{}
	at := map[string]int{}
	for _, r := range a.reports {
		for _, c := range r.Components {
			if i, ok := at[c.PURL]; ok {
				merge(&out.Components[i], c)
				continue
			}
			at[c.PURL] = len(out.Components)
			out.Components = append(out.Components, c)
		}
		for _, f := range r.Findings {
			if p := (place{f.Check, f.Location.File, f.Location.Span}); audit.FamilyOf(f.Check) == familySecret && f.Location.Layer == "" {
				if seen[p] {
					continue
				}
				seen[p] = true
			}
			out.Findings = append(out.Findings, f)
		}
		out.Gaps = append(out.Gaps, r.Gaps...)
		if r.Snapshot != nil {
			out.Snapshot = r.Snapshot
		}
	}
	out.Sort()
	out.Gaps = slices.Compact(out.Gaps)
	if out.Gaps == nil {
		out.Gaps = []boltseal.Gap{}
	}
	return out
}

// below puts the folder that was scanned in front of the paths of a report,
// so that all paths of an audit are as the user would write them. Keys stay
// what they are when the folder is scanned by itself.
func below(report *boltseal.Report, dir string) {
	dir = path.Clean(dir)
	if dir == "." {
		return
	}
	join := func(l *boltseal.Location) {
		if l.File != "" {
			l.File = path.Join(dir, l.File)
		}
	}
	all := func(list []boltseal.Location) []boltseal.Location {
		list = slices.Clone(list)
		for i := range list {
			join(&list[i])
		}
		return list
	}
	for i := range report.Findings {
		f := &report.Findings[i]
		join(&f.Location)
		f.Locations = all(f.Locations)
		if f.Component != nil {
			c := *f.Component
			c.Locations = all(c.Locations)
			f.Component = &c
		}
	}
	for i := range report.Components {
		report.Components[i].Locations = all(report.Components[i].Locations)
	}
	for i := range report.Gaps {
		if file, ok := strings.CutPrefix(report.Gaps[i].What, "file "); ok {
			report.Gaps[i].What = "file " + path.Join(dir, file)
		}
	}
}

// HoldTo blocks a report whose score is under a limit: by the findings that
// cost it points. A score of nothing is a gap.
func HoldTo(report *boltseal.Report, least int) {
	card := report.Scorecard
	if card.Tally.Assessed() == 0 {
		report.Gaps = append(report.Gaps, boltseal.Gap{Kind: "not-assessed", What: "the checklist",
			Why: "no control of it could be assessed, so there is no score to hold to a limit"})
		report.Verdict.Gaps++
		report.Verdict.Allow = false
		report.Verdict.Reasons = append(report.Verdict.Reasons, "there is no score: nothing was assessed")
		return
	}
	if card.Tally.Score >= least {
		return
	}
	report.Verdict.Allow = false
	report.Verdict.Reasons = slices.Insert(report.Verdict.Reasons, 0, fmt.Sprintf("the score is %d, and at least %d is wanted", card.Tally.Score, least))
	for _, c := range card.Controls {
		if c.Control.Framework != audit.Checklist || c.Outcome != boltseal.OutcomeFail {
			continue
		}
		for _, key := range c.Findings {
			if !slices.Contains(report.Verdict.Blocking, key) && !isWaived(report, key) {
				report.Verdict.Blocking = append(report.Verdict.Blocking, key)
			}
		}
	}
}

func isWaived(report *boltseal.Report, key string) bool {
	return slices.ContainsFunc(report.Findings, func(f boltseal.Finding) bool { return f.Key == key && f.Waived != nil })
}
