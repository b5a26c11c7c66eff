package kube

import (
	policyv1 "k8s.io/api/policy/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/no-disruption-budget", Title: "replicas without a disruption budget", Severity: boltseal.Negligible,
		Aliases: aliases("polaris:missingPodDisruptionBudget kube-score:deployment-has-poddisruptionbudget kube-score:statefulset-has-poddisruptionbudget"),
		Doc:     `When nodes are drained, nothing keeps the last pod of the service until others run. A PodDisruptionBudget with maxUnavailable: 1 does.`,
	},
	Run: func(p *Pass) {
		covered := map[*Workload]bool{}
		for _, o := range p.Kind("policy", "PodDisruptionBudget") {
			if pdb, ok := o.Value.(*policyv1.PodDisruptionBudget); ok && pdb.Spec.Selector != nil {
				for _, w := range p.Selected(o.Namespace, pdb.Spec.Selector) {
					covered[w] = true
				}
			}
		}
		for _, w := range p.Workloads {
			n, _ := w.Replicas()
			if w.Replicated() && (n > 1 || p.Scaler(w) != nil) && !covered[w] {
				p.Report(w.Object, nearest(w.Node, "metadata", "name"), "nothing keeps one of its pods while nodes are drained")
			}
		}
	},
})
