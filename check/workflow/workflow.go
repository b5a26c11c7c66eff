// Package workflow finds what is wrong with GitHub Actions workflows and
// composite actions: code from strangers that runs with the repository's
// rights, actions that may be moved to other content, scans that cannot fail.
// Each rule adds one [Rule] from a package-level variable; [Run] applies them
// to parsed files through a [Pass], which knows triggers, jobs and steps.
//
// It asks nobody: whether a digest belongs to a tag is not looked up.
package workflow

import (
	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/ruleset"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// Rule is one check of workflows.
type Rule = ruleset.Rule[*Pass]

// Options are the optional parameters of [Run].
type Options struct{}

// Pass is one rule at work on one file.
type Pass struct {
	*Model
	rule     *Rule
	findings *[]boltseal.Finding
}

var all ruleset.Registry[Rule]

func add(r Rule) bool { return all.Add(r) }

// Rules lists every rule by id.
func Rules() []Rule { return all.Rules() }

// Checks lists what the package looks for.
func Checks() []boltseal.Check { return all.Checks() }

// Run applies the rules to all workflows and actions among the files and
// returns what they find, in the order of the files and places. Those that a
// comment accepts are waived. A file that cannot be read is a gap.
func Run(files []*manifest.File, rules []Rule, _ *Options) ([]boltseal.Finding, []boltseal.Gap) {
	findings := []boltseal.Finding{}
	var gaps []boltseal.Gap
	for _, f := range files {
		if f.Kind != manifest.Workflow && f.Kind != manifest.Action {
			continue
		}
		for _, e := range f.Errors {
			if e.Lost {
				gaps = append(gaps, boltseal.Gap{Kind: "unreadable-file", What: "file " + f.Name, Why: e.Error()})
			}
		}
		m := newModel(f)
		for i := range rules {
			rules[i].Run(&Pass{Model: m, rule: &rules[i], findings: &findings})
		}
	}
	ruleset.Sort(findings)
	return findings, gaps
}

// Report adds a finding at a node of the file.
func (p *Pass) Report(at *manifest.Node, message string, fixes ...boltseal.Fix) {
	p.ReportAt(at, p.File.Headline(at), message, fixes...)
}

// ReportAt adds a finding at a place inside a node, up to the end of its line.
func (p *Pass) ReportAt(at *manifest.Node, span boltseal.Span, message string, fixes ...boltseal.Fix) {
	span = p.File.FirstLine(span)
	excerpt := p.rule.ID + " " + p.jobOf(at)
	if len(at.Pairs)+len(at.Items) == 0 {
		excerpt += " " + p.File.Text(span)
	}
	found := ruleset.Finding(&p.rule.Check, p.File.Location(span), message, excerpt, fixes)
	found.Waived = ruleset.Accepted(&p.rule.Check, p.File.Name, p.File.Around(at))
	*p.findings = append(*p.findings, found)
}

// Set is the fix that gives a value to what is at a path below a node.
func (p *Pass) Set(title string, safe bool, at *manifest.Node, value any, path ...string) []boltseal.Fix {
	return ruleset.Fix(title, safe)(p.File.Set(at, value, path...))
}

// Remove is the fix that takes a node away.
func (p *Pass) Remove(title string, safe bool, n *manifest.Node) []boltseal.Fix {
	return ruleset.Fix(title, safe)(p.File.Remove(n))
}

// Insert is the fix that puts text at an offset.
func (p *Pass) Insert(title string, safe bool, at int, text string) []boltseal.Fix {
	return ruleset.Fix(title, safe)(boltseal.Edit{File: p.File.Name, Span: boltseal.Span{Start: at, End: at}, New: text}, nil)
}
