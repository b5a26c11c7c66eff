// Package seccomp finds what is wrong with seccomp profiles: those in files
// of their own, in ConfigMaps that deliver them to nodes, and in SeccompProfile
// objects of the Security Profiles Operator. Each rule is one file that adds
// one [Rule]; [Run] applies rules to all files of a run through a [Pass].
//
// What system calls there are, what programs need and what default profiles
// refuse is known to internal/seccomp.
package seccomp

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/ruleset"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// Rule is one check of profiles.
type Rule = ruleset.Rule[*Pass]

// Options are the optional parameters of [Run].
type Options struct{}

// Pass is one rule at work on one profile.
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

// Run applies the rules to the profiles in all files and returns what they
// find, in the order of the files and places. Files that hold no profile are
// passed over. A profile whose file a pod of the manifests names as its
// localhostProfile is read as a kubelet's runtime reads it. A profile that cannot be read is a finding of the rule
// seccomp/unreadable when that is among the rules, and a gap otherwise.
func Run(files []*manifest.File, rules []Rule, _ *Options) ([]boltseal.Finding, []boltseal.Gap) {
	findings := []boltseal.Finding{}
	var gaps []boltseal.Gap
	named := localProfiles(files)
	explains := slices.ContainsFunc(rules, func(r Rule) bool { return r.ID == unreadableID })
	for _, f := range files {
		models, left := modelsOf(f)
		if f.Kind == manifest.Seccomp && named[path.Base(f.Name)] {
			models[0].Kubernetes = true
		}
		if left > 0 {
			gaps = append(gaps, boltseal.Gap{
				What: "profiles in " + f.Name, Why: fmt.Sprintf("%d more than the %d that are read of one file", left, maxProfiles), Kind: "limit",
			})
		}
		for _, m := range models {
			if m.Err != nil && !explains {
				gaps = append(gaps, boltseal.Gap{What: "profile " + m.Name, Why: m.Err.Error(), Kind: "unreadable-file"})
			}
			for i := range rules {
				if m.Err == nil || rules[i].ID == unreadableID {
					rules[i].Run(&Pass{Model: m, rule: &rules[i], findings: &findings})
				}
			}
		}
	}
	ruleset.Sort(findings)
	slices.SortFunc(gaps, boltseal.Gap.Compare)
	return findings, gaps
}

// Report adds a finding at a node of the profile; without one it is at the
// profile's default action, or its beginning.
func (p *Pass) Report(at *manifest.Node, message string, fixes ...boltseal.Fix) {
	if at == nil {
		at = p.anchor()
	}
	found := ruleset.Finding(&p.rule.Check, p.File.Location(p.File.Headline(at)), message, p.Name+" "+stable(at), fixes)
	found.Waived = ruleset.Accepted(&p.rule.Check, p.File.Name, p.File.Around(at))
	*p.findings = append(*p.findings, found)
}

// stable tells findings of one profile apart without counting places in
// lists: by the value and the key above it.
func stable(at *manifest.Node) string {
	if at.Kind == manifest.Scalar {
		if key := at.KeyOf(); key != nil {
			return key.Value + " " + at.Value
		}
		return at.Value
	}
	var names []string
	for _, n := range at.Get("names").Elems() {
		names = append(names, n.Value)
	}
	return at.Path() + " " + strings.Join(names[:min(len(names), 3)], ",")
}

// remove is the fix that takes an item out of its list, if the file can be
// edited there.
func (p *Pass) remove(title string, n *manifest.Node) []boltseal.Fix {
	if n.Parent == nil || len(n.Parent.Items) < 2 {
		return nil
	}
	return ruleset.Fix(title, true)(p.File.Remove(n))
}

// localProfiles are the names of the files that pods of Kubernetes manifests
// name as their profiles, without folders.
func localProfiles(files []*manifest.File) map[string]bool {
	names := map[string]bool{}
	for _, f := range files {
		if f.Kind != manifest.Kubernetes || !bytes.Contains(f.Source, []byte("localhostProfile")) {
			continue
		}
		for _, d := range f.Docs {
			collect(d.Root, names)
		}
	}
	return names
}

// collect goes through what is written; its depth is bounded by the parser.
func collect(n *manifest.Node, names map[string]bool) {
	for _, pair := range n.Pairs {
		if pair.Key.Value == "localhostProfile" && pair.Value.Kind == manifest.Scalar {
			names[path.Base(pair.Value.Value)] = true
		}
		collect(pair.Value, names)
	}
	for _, item := range n.Items {
		collect(item, names)
	}
}
