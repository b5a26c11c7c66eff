package kube

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/selector-mismatch", Title: "a selector that does not match its own pods", Severity: boltseal.High,
		Aliases: aliases("kube-linter:mismatching-selector kube-score:deployment-pod-selector-labels-match-template-metadata-labels kube-score:statefulset-pod-selector-labels-match-template-metadata-labels"),
		Doc: `A workload finds its pods by its selector, which has to match the labels of its template: the API server refuses the object otherwise, and also when the stable version has no
selector.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			_, strict := schemas[w.Group()+"/"+w.Kind]
			if !strict || !w.selecting() {
				continue
			}
			selector := w.Selector()
			if selector == nil {
				if w.APIVersion == "apps/v1" {
					p.Report(w.Object, nearest(w.Node, "spec"), w.Kind+" has no selector")
				}
				continue
			}
			match, err := metav1.LabelSelectorAsSelector(selector)
			switch {
			case err != nil:
				p.Report(w.Object, w.Node.Get("spec", "selector"), "the selector cannot be read: "+err.Error())
			case match.Empty():
				p.Report(w.Object, w.Node.Get("spec", "selector"), "the selector matches every pod")
			case !match.Matches(labels.Set(w.PodMeta.Labels)):
				p.Report(w.Object, w.Node.Get("spec", "selector"), fmt.Sprintf("the selector %s does not match the labels of its own pods", match))
			}
		}
	},
})

// selecting tells whether a workload is of a kind that selects its pods.
func (w *Workload) selecting() bool {
	switch w.Kind {
	case "Deployment", "DaemonSet", "ReplicaSet", "StatefulSet", "ReplicationController":
		return true
	}
	return false
}
