package kube

import (
	"fmt"

	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/disruption-blocked", Title: "a budget that lets no node be drained", Severity: boltseal.Medium,
		Aliases: aliases("kube-linter:pdb-max-unavailable kube-linter:pdb-min-available kube-linter:pdb-unhealthy-pod-eviction-policy polaris:pdbDisruptionsIsZero polaris:pdbMinAvailableGreaterThanHPAMinReplicas kube-score:poddisruptionbudget-has-policy"),
		Doc: `The budget asks for all pods to stay: the node that one of them runs on cannot be drained, and security updates of nodes wait for somebody to notice. Let at least
one pod go.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind("policy", "PodDisruptionBudget") {
			if pdb, ok := o.Value.(*policyv1.PodDisruptionBudget); ok {
				p.budget(o, &pdb.Spec)
			}
		}
	},
})

func (p *Pass) budget(o *Object, spec *policyv1.PodDisruptionBudgetSpec) {
	most, least := spec.MaxUnavailable, spec.MinAvailable
	switch {
	case most == nil && least == nil:
		p.Report(o, nearest(o.Node, "spec"), "the budget says neither minAvailable nor maxUnavailable")
		return
	case most != nil && (most.String() == "0" || most.String() == "0%"):
		p.Report(o, o.Node.Get("spec", "maxUnavailable"), "no pod may go: their nodes cannot be drained")
		return
	case least != nil && least.String() == "100%":
		p.Report(o, o.Node.Get("spec", "minAvailable"), "all pods have to stay: their nodes cannot be drained")
		return
	case least == nil || spec.Selector == nil:
		return
	}
	for _, w := range p.Selected(o.Namespace, spec.Selector) {
		n, _ := w.Replicas()
		if hpa := p.Scaler(w); hpa != nil {
			n = 1
			if hpa.Spec.MinReplicas != nil {
				n = *hpa.Spec.MinReplicas
			}
		}
		stay, err := intstr.GetScaledValueFromIntOrPercent(least, int(n), true)
		if w.Replicated() && err == nil && n > 0 && stay >= int(n) {
			p.Report(o, o.Node.Get("spec", "minAvailable"), fmt.Sprintf("%d of the %d pods of %s have to stay: their nodes cannot be drained", stay, n, w.Object))
			return
		}
	}
}
