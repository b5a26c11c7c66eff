package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/no-limit-range", Title: "a namespace without default limits", Severity: boltseal.Negligible,
		Controls: names("NSA/resource-policies"),
		Aliases:  aliases("trivy:KSV-0039 kubescape:C-0009 polaris:resourceRange"),
		Doc: `A LimitRange gives requests and limits to containers that say nothing, so that one that was forgotten does not take a node. It is a net under the limits of the
workloads themselves.`,
	},
	Run: func(p *Pass) { p.without("LimitRange", "containers that say nothing have no limits in the namespace") },
})
