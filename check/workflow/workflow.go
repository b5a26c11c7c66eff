// Package workflow finds what is wrong with GitHub Actions workflows and
// composite actions: code from strangers that runs with the repository's
// rights, actions that may be moved to other content, scans that cannot fail.
// Each rule adds one [Rule] from a package-level variable; [Run] applies them
// to parsed files through a [Pass], which knows triggers, jobs and steps.
//
// It asks nobody: whether a digest belongs to a tag is not looked up.
package workflow

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/accept"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// Rule is one check of workflows.
type Rule struct {
	boltseal.Check
	Run func(*Pass)
}

// Options are the optional parameters of [Run].
type Options struct{}

// Pass is one rule at work on one file.
type Pass struct {
	*Model
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

// Run applies the rules to all workflows and actions among the files and
// returns what they find, in the order of the files and places. Findings that
// a comment accepts are left out. A file that cannot be read is a gap.
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
	slices.SortStableFunc(findings, func(a, b boltseal.Finding) int {
		if c := a.Location.Compare(b.Location); c != 0 {
			return c
		}
		return strings.Compare(a.Check, b.Check)
	})
	return findings, gaps
}

// Report adds a finding at a node of the file.
func (p *Pass) Report(at *manifest.Node, message string, fixes ...boltseal.Fix) {
	span := at.Span
	if key := at.KeyOf(); key != nil && len(at.Pairs)+len(at.Items) > 0 {
		span = key.Span
	}
	p.ReportAt(at, span, message, fixes...)
}

// ReportAt adds a finding at a place inside a node.
func (p *Pass) ReportAt(at *manifest.Node, span boltseal.Span, message string, fixes ...boltseal.Fix) {
	if i := strings.IndexAny(p.File.Text(span), "\r\n"); i >= 0 {
		span.End = span.Start + i
	}
	if p.accepted(at) {
		return
	}
	excerpt := p.rule.ID + " " + p.jobOf(at)
	if len(at.Pairs)+len(at.Items) == 0 {
		excerpt += " " + p.File.Text(span)
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

// Set is the fix that gives a value to what is at a path below a node.
func (p *Pass) Set(title string, safe bool, at *manifest.Node, value any, path ...string) []boltseal.Fix {
	edit, err := p.File.Set(at, value, path...)
	return fix(title, safe, edit, err)
}

// Remove is the fix that takes a node away.
func (p *Pass) Remove(title string, safe bool, n *manifest.Node) []boltseal.Fix {
	edit, err := p.File.Remove(n)
	return fix(title, safe, edit, err)
}

// Insert is the fix that puts text at an offset.
func (p *Pass) Insert(title string, safe bool, at int, text string) []boltseal.Fix {
	return fix(title, safe, boltseal.Edit{File: p.File.Name, Span: boltseal.Span{Start: at, End: at}, New: text}, nil)
}
