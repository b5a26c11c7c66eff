// Package kube finds what is wrong with Kubernetes manifests: workloads that
// are let do more than they need, roles that lead to cluster-admin, objects
// that miss each other, fields that the API server would drop or refuse. Each
// rule is one file that adds one [Rule]; [Run] indexes all objects of a run
// once, as a [Model], and applies rules to it through a [Pass].
//
// The Pod Security Standards are judged by Kubernetes' own evaluator, in the
// version that [Options] name. Nothing is asked of a cluster or a registry.
package kube

import (
	"cmp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/ruleset"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// Rule is one check of manifests.
type Rule = ruleset.Rule[*Pass]

// Options are the optional parameters of [Run].
type Options struct {
	PodSecurity string   // version of the Pod Security Standards, such as "v1.34"; empty is the latest that is known
	Version     string   // version of the cluster, such as "1.34", by which removed APIs are judged; empty is the newest
	Registries  []string // the only registries and repositories that images may come from; nil allows all
}

// Pass is one rule at work on all files.
type Pass struct {
	*Model
	Options Options
	rule    *Rule
	found   *[]*found
	tables  map[*manifest.Node]map[*manifest.Node]string // parts of paths in large collections
}

// found is a finding with what tells whether its file accepts it.
type found struct {
	boltseal.Finding
	file   *manifest.File
	object *Object
	at     *manifest.Node
	check  *boltseal.Check
}

var all ruleset.Registry[Rule]

func add(r Rule) bool { return all.Add(r) }

// Rules lists every rule by id.
func Rules() []Rule { return all.Rules() }

// Checks lists what the package looks for.
func Checks() []boltseal.Check { return all.Checks() }

// Run applies the rules to the objects of all files and returns what they
// find, in the order of the files and places. Those that an annotation or a
// comment accepts are waived. What could not be judged is a gap.
func Run(files []*manifest.File, rules []Rule, opts *Options) ([]boltseal.Finding, []boltseal.Gap) {
	var o Options
	if opts != nil {
		o = *opts
	}
	m := newModel(files, &o)
	all := m.apply(rules, &o)
	accepted(m, all)
	slices.SortFunc(all, func(a, b *found) int {
		return cmp.Or(a.Location.Compare(b.Location), strings.Compare(a.Check, b.Check), strings.Compare(a.Message, b.Message))
	})
	findings := make([]boltseal.Finding, len(all))
	for i := range all {
		findings[i], all[i] = all[i].Finding, nil
	}
	slices.SortFunc(m.gaps, boltseal.Gap.Compare)
	return findings, m.gaps
}

// apply runs the rules side by side. What it returns is in their order. Those
// about network policies share what they work out, and follow each other.
func (m *Model) apply(rules []Rule, o *Options) []*found {
	m.powers()
	var together []int
	var groups [][]int
	for i := range rules {
		if strings.HasPrefix(rules[i].ID, "kube/netpol-") {
			together = append(together, i)
		} else {
			groups = append(groups, []int{i})
		}
	}
	groups = slices.Insert(groups, 0, together)
	results := make([][]*found, len(rules))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(groups)) {
		wg.Go(func() {
			for g := next.Add(1) - 1; g < int64(len(groups)); g = next.Add(1) - 1 {
				for _, i := range groups[g] {
					rules[i].Run(&Pass{Model: m, Options: *o, rule: &rules[i], found: &results[i]})
				}
			}
		})
	}
	wg.Wait()
	return slices.Concat(results...)
}

// Report adds a finding about an object. The place is that of a node of it,
// or of the object itself when the node is nil: what is missing is reported
// where it would have to be.
func (p *Pass) Report(o *Object, at *manifest.Node, message string, fixes ...boltseal.Fix) {
	if at == nil {
		at = o.Node
	}
	file := o.Object.File
	f := ruleset.Finding(&p.rule.Check, file.Location(placeOf(file, at)), message, o.String()+" "+p.pathOf(o.Node, at), fixes)
	*p.found = append(*p.found, &found{Finding: f, file: file, object: o, at: at, check: &p.rule.Check})
}

// names splits a list of words; it keeps the tables of rules short.
func names(words string) []string { return strings.Fields(words) }

// aliases splits a list of other tools' names for a check. Trivy's ids also
// have an older form with a prefix.
func aliases(words string) []string {
	var all []string
	for name := range strings.FieldsSeq(words) {
		all = append(all, name)
		if id, ok := strings.CutPrefix(name, "trivy:KSV-"); ok {
			all = append(all, "trivy:AVD-KSV-"+id)
		}
	}
	return all
}
