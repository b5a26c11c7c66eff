package kube

import (
	"fmt"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/shared-selector", Title: "two workloads claim the same pods", Severity: boltseal.High,
		Doc: `The pods of one workload match the selector of another one of the same kind in the namespace: two controllers fight over them, and one deletes what the other makes. Add
a label that tells them apart to both selectors and templates.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			selector := w.Selector()
			if selector == nil || len(selector.MatchLabels)+len(selector.MatchExpressions) == 0 {
				continue
			}
			for _, other := range p.Selected(w.Namespace, selector) {
				// The same name is another state of the same workload, as overlays have it.
				if other != w && other.Kind == w.Kind && other.Object.Name != w.Object.Name && other.File.Name == w.File.Name {
					p.Report(w.Object, w.Node.Get("spec", "selector"), fmt.Sprintf("the selector takes the pods of %s too", other.Object))
					break
				}
			}
		}
	},
})
