package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/no-spread", Title: "replicas may share a node", Severity: boltseal.Negligible,
		Aliases: aliases("kube-linter:no-anti-affinity polaris:topologySpreadConstraint kube-score:deployment-has-host-podantiaffinity kube-score:statefulset-has-host-podantiaffinity kube-score:pod-topology-spread-constraints"),
		Doc: `Nothing keeps the scheduler from putting all replicas on one node, which takes them all away when it fails. Add topologySpreadConstraints over kubernetes.io/hostname, or a
podAntiAffinity.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			n, _ := w.Replicas()
			if !w.Replicated() || n < 2 && p.Scaler(w) == nil || len(w.Spec.TopologySpreadConstraints) > 0 {
				continue
			}
			if a := w.Spec.Affinity; a == nil || a.PodAntiAffinity == nil {
				p.Pod(w, names("affinity"), "all replicas may run on one node")
			}
		}
	},
})
