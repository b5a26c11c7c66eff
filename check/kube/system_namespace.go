package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/system-namespace", Title: "a workload in kube-system", Severity: boltseal.Low,
		Controls: names("NSA/namespaces"),
		Aliases:  aliases("trivy:KSV-0037"),
		Doc: `Pods in kube-system may use the accounts of the cluster's controllers, which lead to cluster-admin, and policies mostly leave the namespace out. Only parts of
the cluster itself belong there.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			if w.Namespace == "kube-system" {
				p.Report(w.Object, w.Node.Get("metadata", "namespace"), w.Kind+" is among the parts of the cluster")
			}
		}
	},
})
