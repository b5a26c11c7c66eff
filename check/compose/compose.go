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

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/ruleset"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// Rule is one check of Compose files.
type Rule = ruleset.Rule[*Pass]

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

var all ruleset.Registry[Rule]

func add(r Rule) bool { return all.Add(r) }

// Rules lists every rule by id.
func Rules() []Rule { return all.Rules() }

// Checks lists what the package looks for.
func Checks() []boltseal.Check { return all.Checks() }

// Run applies the rules to all Compose files and returns what they find, in
// the order of the files and places. Those that a comment accepts are waived.
// What a file takes from others that are not there is a gap.
func Run(files []*manifest.File, rules []Rule, _ *Options) ([]boltseal.Finding, []boltseal.Gap) {
	findings := []boltseal.Finding{}
	p := newProject(files)
	for _, f := range p.files {
		for i := range rules {
			rules[i].Run(&Pass{File: f.File, Root: f.root, Services: f.services, rule: &rules[i], findings: &findings})
		}
	}
	ruleset.Sort(findings)
	slices.SortFunc(p.gaps, boltseal.Gap.Compare)
	return findings, p.gaps
}

// Report adds a finding about a service at a node of the file; without a node
// it is at the service's name.
func (p *Pass) Report(s *Service, at *manifest.Node, message string, fixes ...boltseal.Fix) {
	if at == nil {
		at = s.Key
	}
	excerpt := p.rule.ID
	if s != nil {
		excerpt, message = s.Name, s.Name+": "+message
	}
	if at.Kind == manifest.Scalar && (s == nil || at != s.Key) {
		excerpt += " " + at.Value
	}
	p.report(at, p.File.Headline(at), message, excerpt, fixes...)
}

// report adds a finding at a place that comments about a node speak of.
func (p *Pass) report(about *manifest.Node, span boltseal.Span, message, stable string, fixes ...boltseal.Fix) {
	found := ruleset.Finding(&p.rule.Check, p.File.Location(span), message, stable, fixes)
	found.Waived = ruleset.Accepted(&p.rule.Check, p.File.Name, p.File.Around(about))
	*p.findings = append(*p.findings, found)
}

// Set is the fix that gives a field of the service a value.
func (p *Pass) Set(s *Service, title string, safe bool, value any, path ...string) []boltseal.Fix {
	return ruleset.Fix(title, safe)(p.File.Set(s.Node, value, path...))
}

// Append is the fix that adds to a list of the service.
func (p *Pass) Append(s *Service, title string, safe bool, value any, path ...string) []boltseal.Fix {
	return ruleset.Fix(title, safe)(p.File.Append(s.Node, value, path...))
}

// Remove is the fix that takes a node away.
func (p *Pass) Remove(title string, safe bool, n *manifest.Node) []boltseal.Fix {
	return ruleset.Fix(title, safe)(p.File.Remove(n))
}

// Replace is the fix that writes another value in a node's place.
func (p *Pass) Replace(title string, safe bool, n *manifest.Node, value any) []boltseal.Fix {
	return ruleset.Fix(title, safe)(p.File.Set(n, value))
}
