package kube

import (
	appsv1 "k8s.io/api/apps/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/single-replica", Title: "one pod only", Severity: boltseal.Negligible,
		Aliases: aliases("kube-linter:minimum-three-replicas polaris:deploymentMissingReplicas kube-score:deployment-replicas"),
		Doc: `With one pod the service is away whenever its node is drained, the pod is evicted or a new version starts. Run two or more, on different nodes, if the program
can; some programs cannot, and say so with strategy Recreate.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			d, ok := w.Value.(*appsv1.Deployment)
			n, _ := w.Replicas()
			if ok && n == 1 && p.Scaler(w) == nil && d.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType {
				p.Report(w.Object, nearest(w.Node, "spec", "replicas"), "the service is away while its one pod is")
			}
		}
	},
})
