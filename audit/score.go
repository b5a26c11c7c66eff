package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// Options say what was looked at. Without parts, all of Checks looked at what
// the report is about, and the report's gaps are theirs.
type Options struct {
	Checks []boltseal.Check // every check there is, so that a control can say who would look
	Parts  []Part
}

// Part is one thing that was looked at: a project's files, an image.
type Part struct {
	Name   string
	Checks []string // ids of those that had something to look at there
	Gaps   []boltseal.Gap
}

// mostKeys bounds the findings that a control lists.
const mostKeys = 20

// Score says what a report means for each control of each framework. A
// control fails when a check that speaks about it has a finding; it holds when
// every such check of at least one family looked, found nothing and was
// hindered by no gap; otherwise it was not assessed.
func Score(r *boltseal.Report, opts *Options) *boltseal.Scorecard {
	if opts == nil {
		opts = &Options{}
	}
	s := newScorer(r, opts)
	card := &boltseal.Scorecard{Layers: []boltseal.Tally{}, Frameworks: []boltseal.Tally{}, Controls: []boltseal.ControlResult{}}
	for _, f := range Frameworks() {
		all := &count{Tally: boltseal.Tally{Name: f.Name, Title: f.Title}}
		layers := map[string]*count{}
		for i := range f.Controls {
			c := &f.Controls[i]
			result := s.control(c)
			card.Controls = append(card.Controls, result)
			if layers[c.Layer] == nil {
				layers[c.Layer] = &count{}
			}
			all.add(result.Outcome, c.Weight)
			layers[c.Layer].add(result.Outcome, c.Weight)
		}
		if f.Name != Checklist {
			card.Frameworks = append(card.Frameworks, all.done())
			continue
		}
		card.Tally = all.done()
		for _, l := range Layers {
			if at := layers[l.Name]; at != nil {
				at.Name, at.Title = l.Name, l.Title
				card.Layers = append(card.Layers, at.done())
			}
		}
	}
	return card
}

// count is a tally in the making.
type count struct {
	boltseal.Tally
	held, assessed int // weights
}

func (c *count) add(o boltseal.Outcome, weight int) {
	switch o {
	case boltseal.OutcomePass:
		c.Passed++
		c.held += weight
		c.assessed += weight
	case boltseal.OutcomeAccepted:
		c.Accepted++
		c.held += weight
		c.assessed += weight
	case boltseal.OutcomeFail:
		c.Failed++
		c.assessed += weight
	case boltseal.OutcomeNotAssessed:
		c.NotAssessed++
	}
}

// done rounds down, so that only a full house scores 100.
func (c *count) done() boltseal.Tally {
	if c.assessed > 0 {
		c.Score = 100 * c.held / c.assessed
	}
	return c.Tally
}

type scorer struct {
	cover    map[string][]Clause
	findings map[string][]*boltseal.Finding // by check, in the report's order
	looked   map[string]bool                // checks that looked somewhere
	hindered map[string]boltseal.Gap        // the first gap that kept a check from seeing all
	parts    int
}

func newScorer(r *boltseal.Report, opts *Options) *scorer {
	s := &scorer{
		cover: Cover(opts.Checks), findings: map[string][]*boltseal.Finding{},
		looked: map[string]bool{}, hindered: map[string]boltseal.Gap{}, parts: len(opts.Parts),
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		s.findings[f.Check] = append(s.findings[f.Check], f)
	}
	parts := opts.Parts
	if len(parts) == 0 {
		all := Part{Name: r.Artifact.Name, Gaps: r.Gaps}
		for _, c := range opts.Checks {
			all.Checks = append(all.Checks, c.ID)
		}
		parts = []Part{all}
	}
	for _, p := range parts {
		for _, check := range p.Checks {
			s.looked[check] = true
			for _, g := range p.Gaps {
				if _, ok := s.hindered[check]; !ok && hinders(g, check) {
					s.hindered[check] = g
				}
			}
		}
	}
	return s
}

// control decides one control.
func (s *scorer) control(c *Control) boltseal.ControlResult {
	out := boltseal.ControlResult{Control: c.Control, Layer: c.Layer, Also: c.Also}
	clauses := s.cover[c.ID]
	var failing, waived []*boltseal.Finding
	families := map[string]bool{} // true: every check of it looked and nothing hindered one
	var gap *boltseal.Gap
	for _, clause := range clauses {
		family := FamilyOf(clause.Check)
		if _, ok := families[family]; !ok {
			families[family] = true
		}
		if !s.looked[clause.Check] {
			families[family] = false
		}
		if g, ok := s.hindered[clause.Check]; ok {
			families[family] = false
			if gap == nil {
				gap = &g
			}
		}
		for _, f := range s.findings[clause.Check] {
			switch {
			case f.Severity < clause.Severity && f.Severity != boltseal.Unknown:
			case f.Waived != nil:
				waived = append(waived, f)
			default:
				failing = append(failing, f)
			}
		}
	}
	worstFirst(failing)
	worstFirst(waived)
	out.Failing, out.Waived = len(failing), len(waived)
	out.Findings = keysOf(failing, waived)
	var whole []string
	for family, ok := range families {
		if ok {
			whole = append(whole, family)
		}
	}
	slices.Sort(whole)
	switch {
	case len(failing) > 0:
		out.Outcome, out.Why = boltseal.OutcomeFail, failWords(failing, waived)
		out.Checks = checksOf(failing)
		out.Fix = fixOf(failing)
	case gap != nil:
		out.Outcome = boltseal.OutcomeNotAssessed
		out.Why = "something could not be looked at: " + gap.What + ": " + gap.Why
		out.Fix = gap.Hint
	case len(whole) == 0:
		out.Outcome, out.Why = boltseal.OutcomeNotAssessed, s.notLooked(c, clauses)
	case len(waived) > 0:
		out.Outcome, out.Why = boltseal.OutcomeAccepted, waivedWords(waived)
		out.Checks = checksOf(waived)
	default:
		out.Outcome = boltseal.OutcomePass
		for _, clause := range clauses {
			if families[FamilyOf(clause.Check)] {
				out.Checks = append(out.Checks, clause.Check)
			}
		}
		out.Why = plural(len(out.Checks), "check") + " looked and found nothing"
	}
	return out
}

// worstFirst keeps the report's order among findings of one severity.
func worstFirst(list []*boltseal.Finding) {
	slices.SortStableFunc(list, func(a, b *boltseal.Finding) int { return int(b.Severity) - int(a.Severity) })
}

// notLooked says why nobody looked.
func (s *scorer) notLooked(c *Control, clauses []Clause) string {
	if len(clauses) == 0 {
		if c.Note != "" {
			return c.Note
		}
		return "no check of boltseal speaks about it yet"
	}
	var words []string
	for _, clause := range clauses {
		if s.looked[clause.Check] {
			continue
		}
		if w := subjectOf(clause.Check); !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return "no " + strings.Join(words, " and no ") + " was looked at"
}

// subjectOf is what a check looks at.
func subjectOf(check string) string {
	for _, o := range objects {
		if strings.HasPrefix(check, o.prefix) {
			return o.subject
		}
	}
	family := FamilyOf(check)
	if s, ok := subjects[family]; ok {
		return s
	}
	return family
}

// objects are the subjects of checks that look at few kinds of manifest.
var objects = []struct{ prefix, subject string }{
	{"kube/rbac-", "role or binding"}, {"kube/apiserver-", "manifest of an API server"}, {"kube/etcd-", "manifest of etcd"},
	{"kube/kubelet-", "kubelet's configuration"}, {"kube/audit-policy", "audit policy"}, {"kube/encryption-", "encryption configuration"},
	{"kube/webhook-", "webhook"}, {"kube/ingress-", "Ingress"},
}

var subjects = map[string]string{
	"docker": "Dockerfile", "kube": "Kubernetes manifest", "netpol": "Kubernetes manifest", "compose": "compose file",
	"workflow": "CI workflow", "seccomp": "seccomp profile", "image": "image", "secret": "image's files",
	"vuln": "image or project with components", "seal": "signature", "slsa": "provenance", "trust": "image that a policy speaks of", "policy": "policy",
	"shell": "script", "falco": "rule file",
}

func keysOf(lists ...[]*boltseal.Finding) []string {
	var keys []string
	for _, list := range lists {
		for _, f := range list {
			if len(keys) < mostKeys && !slices.Contains(keys, f.Key) {
				keys = append(keys, f.Key)
			}
		}
	}
	return keys
}

func checksOf(findings []*boltseal.Finding) []string {
	var checks []string
	for _, f := range findings {
		checks = append(checks, f.Check)
	}
	slices.Sort(checks)
	return slices.Compact(checks)
}

func failWords(failing, waived []*boltseal.Finding) string {
	worst := failing[0]
	s := plural(len(failing), "finding")
	if worst.Severity != boltseal.Unknown {
		s += ", the worst " + worst.Severity.String()
	}
	if text := firstLine(worst.Message); text != "" {
		s += ": " + text
		if worst.Location.File != "" && worst.Component == nil {
			s += " (" + placeOf(worst.Location) + ")"
		}
	}
	if len(waived) > 0 {
		s += "; " + plural(len(waived), "more finding") + " waived"
	}
	return s
}

func waivedWords(waived []*boltseal.Finding) string {
	return plural(len(waived), "finding") + " accepted: " + waived[0].Waived.String()
}

func placeOf(l boltseal.Location) string {
	if l.Line > 0 {
		return fmt.Sprintf("%s:%d", l.File, l.Line)
	}
	return l.File
}

func firstLine(s string) string {
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return ""
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
