package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/default-namespace", Title: "a workload in the default namespace", Severity: boltseal.Low,
		Controls: names("CIS-K8S-5.6.4 NSA/namespaces"),
		Aliases:  aliases("trivy:KSV-0110 checkov:CKV_K8S_21 kubescape:C-0061 kubescape:C-0212 kube-linter:use-namespace"),
		Doc: `Everything that names no namespace ends up in the one called default: programs of different owners share its accounts, secrets and network policies, and a Pod Security Standard for
it has to suit the weakest. Give each application a namespace.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			if w.Namespace == "default" {
				p.Report(w.Object, w.Node.Get("metadata", "namespace"), w.Kind+" is in the default namespace")
			}
		}
	},
})
