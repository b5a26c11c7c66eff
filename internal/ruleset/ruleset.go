// Package ruleset is what the families of checks of source files have in
// common: the registry that their files add rules to, the making and the order
// of findings, and the comments by which a file accepts one. A family declares
// a [Registry] and a pass of its own, which knows what its rules look at.
//
// It knows no syntax, and no rule. Package ruletest beside it holds the tests
// that every rule must pass.
package ruleset

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// Rule is one check, and the function that looks for it through a family's
// pass P.
type Rule[P any] struct {
	boltseal.Check
	Run func(P)
}

// Entry is what the rule looks for.
func (r Rule[P]) Entry() boltseal.Check { return r.Check }

// Registry holds the rules of one family. Its zero value is ready.
type Registry[R interface{ Entry() boltseal.Check }] struct {
	rules []R
}

// Add registers a rule; each is added once, from a package-level variable.
func (r *Registry[R]) Add(rule R) bool {
	r.rules = append(r.rules, rule)
	return true
}

// Rules lists every rule by id.
func (r *Registry[R]) Rules() []R {
	all := slices.Clone(r.rules)
	slices.SortFunc(all, func(a, b R) int { return strings.Compare(a.Entry().ID, b.Entry().ID) })
	return all
}

// Checks lists what the family looks for, by id.
func (r *Registry[R]) Checks() []boltseal.Check {
	var checks []boltseal.Check
	for _, rule := range r.Rules() {
		checks = append(checks, rule.Entry())
	}
	return checks
}

// Finding is what a check found at a place. Stable is what tells it from the
// check's other findings in the file, however lines move.
func Finding(check *boltseal.Check, at boltseal.Location, message, stable string, fixes []boltseal.Fix) boltseal.Finding {
	f := boltseal.Finding{
		Check: check.ID, Title: check.Title, Message: message, Severity: check.Severity, Location: at, Fixes: fixes,
		Evidence: []boltseal.Evidence{{Kind: boltseal.EvidenceStable, Excerpt: stable}},
	}
	f.Subject.Name = at.File
	f.Seal()
	return f
}

// Sort brings findings in the order of the files and places; those of one
// check at one place stay as they are.
func Sort(findings []boltseal.Finding) {
	slices.SortStableFunc(findings, func(a, b boltseal.Finding) int {
		if c := a.Location.Compare(b.Location); c != 0 {
			return c
		}
		return strings.Compare(a.Check, b.Check)
	})
}

// Fix makes a fix of one edit, or none when the edit cannot be made or would
// change nothing.
func Fix(title string, safe bool) func(boltseal.Edit, error) []boltseal.Fix {
	return func(edit boltseal.Edit, err error) []boltseal.Fix {
		if err != nil || edit.Span.Start == edit.Span.End && edit.New == "" {
			return nil
		}
		return []boltseal.Fix{{Title: title, Safe: safe, Edits: []boltseal.Edit{edit}}}
	}
}
