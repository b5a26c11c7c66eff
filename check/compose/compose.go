// Package compose finds what is wrong with Compose files: services that are
// let do more than they need, ports and secrets that lie open, settings
// without which one container takes the machine from the others. [Run] looks
// at all files of a run together, because services extend others and
// override files add to them; each rule adds one [Rule] from a package-level
// variable.
//
// It asks no daemon. A variable that only the environment knows is not
// guessed.
package compose

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/accept"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// Rule is one check of Compose files.
type Rule struct {
	boltseal.Check
	Run func(*Pass)
}

// Options are the optional parameters of [Run].
type Options struct{}

// Pass is one rule at work on one file.
type Pass struct {
	File     *manifest.File
	Root     *manifest.Node
	Services []*Service
	rule     *Rule
	findings *[]boltseal.Finding
}

var rules []Rule

// add registers a rule; each is added once from a package-level variable.
func add(r Rule) bool {
	rules = append(rules, r)
	return true
}

// Rules lists every rule by id.
func Rules() []Rule {
	all := slices.Clone(rules)
	slices.SortFunc(all, func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// Checks lists what the package looks for.
func Checks() []boltseal.Check {
	var checks []boltseal.Check
	for _, r := range Rules() {
		checks = append(checks, r.Check)
	}
	return checks
}

// Run applies the rules to all Compose files and returns what they find, in
// the order of the files and places. Findings that a comment accepts are left
// out. What a file takes from others that are not there is a gap.
func Run(files []*manifest.File, rules []Rule, _ *Options) ([]boltseal.Finding, []boltseal.Gap) {
	findings := []boltseal.Finding{}
	p := newProject(files)
	for _, f := range p.files {
		for i := range rules {
			rules[i].Run(&Pass{File: f.File, Root: f.root, Services: f.services, rule: &rules[i], findings: &findings})
		}
	}
	slices.SortStableFunc(findings, func(a, b boltseal.Finding) int {
		if c := a.Location.Compare(b.Location); c != 0 {
			return c
		}
		return strings.Compare(a.Check, b.Check)
	})
	slices.SortFunc(p.gaps, boltseal.Gap.Compare)
	return findings, p.gaps
}

// Report adds a finding about a service at a node of the file; without a node
// it is at the service's name.
func (p *Pass) Report(s *Service, at *manifest.Node, message string, fixes ...boltseal.Fix) {
	if at == nil {
		at = s.Key
	}
	span := at.Span
	if key := at.KeyOf(); key != nil && len(at.Pairs)+len(at.Items) > 0 {
		span = key.Span
	}
	if i := strings.IndexAny(p.File.Text(span), "\r\n"); i >= 0 {
		span.End = span.Start + i
	}
	if p.accepted(at) {
		return
	}
	excerpt := p.rule.ID
	if s != nil {
		excerpt, message = s.Name, s.Name+": "+message
	}
	if at.Kind == manifest.Scalar && (s == nil || at != s.Key) {
		excerpt += " " + at.Value
	}
	found := boltseal.Finding{
		Check: p.rule.ID, Title: p.rule.Title, Message: message, Severity: p.rule.Severity,
		Location: p.File.Location(span), Fixes: fixes,
		Evidence: []boltseal.Evidence{{Kind: boltseal.EvidenceStable, Excerpt: excerpt}},
	}
	found.Subject.Name = p.File.Name
	found.Seal()
	*p.findings = append(*p.findings, found)
}

// accepted tells whether a comment beside or above a node, or something
// around it, accepts the rule's findings.
func (p *Pass) accepted(n *manifest.Node) bool {
	for ; n != nil; n = n.Parent {
		at := n.Span
		if key := n.KeyOf(); key != nil {
			at = key.Span
		}
		for _, c := range p.File.About(at) {
			for _, a := range accept.Parse(c.Text) {
				if a.Covers(p.rule.ID, p.rule.Aliases) {
					return true
				}
			}
		}
	}
	return false
}

// fix is a fix made of one edit, or none when the edit cannot be made.
func fix(title string, safe bool, edit boltseal.Edit, err error) []boltseal.Fix {
	if err != nil || edit.Span.Start == edit.Span.End && edit.New == "" {
		return nil
	}
	return []boltseal.Fix{{Title: title, Safe: safe, Edits: []boltseal.Edit{edit}}}
}

// Set is the fix that gives a field of the service a value.
func (p *Pass) Set(s *Service, title string, safe bool, value any, path ...string) []boltseal.Fix {
	edit, err := p.File.Set(s.Node, value, path...)
	return fix(title, safe, edit, err)
}

// Append is the fix that adds to a list of the service.
func (p *Pass) Append(s *Service, title string, safe bool, value any, path ...string) []boltseal.Fix {
	edit, err := p.File.Append(s.Node, value, path...)
	return fix(title, safe, edit, err)
}

// Remove is the fix that takes a node away.
func (p *Pass) Remove(title string, safe bool, n *manifest.Node) []boltseal.Fix {
	edit, err := p.File.Remove(n)
	return fix(title, safe, edit, err)
}

// Replace is the fix that writes another value in a node's place.
func (p *Pass) Replace(title string, safe bool, n *manifest.Node, value any) []boltseal.Fix {
	edit, err := p.File.Set(n, value)
	return fix(title, safe, edit, err)
}
