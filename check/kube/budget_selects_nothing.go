package kube

import (
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/budget-selects-nothing", Title: "a disruption budget without pods", Severity: boltseal.Low,
		Doc: `No pod of the given files in the budget's namespace has the labels that it selects: it keeps nothing. Compare the selector with the labels of the pods' template.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind("policy", "PodDisruptionBudget") {
			pdb, ok := o.Value.(*policyv1.PodDisruptionBudget)
			if ok && pdb.Spec.Selector != nil && p.KnowsWorkloads(o) && len(p.Selected(o.Namespace, pdb.Spec.Selector)) == 0 {
				p.Report(o, o.Node.Get("spec", "selector"), "no pod of the namespace has the labels "+metav1.FormatLabelSelector(pdb.Spec.Selector))
			}
		}
	},
})
