package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/no-resource-quota", Title: "a namespace without a quota", Severity: boltseal.Low,
		Controls: names("NSA/resource-policies"),
		Aliases:  aliases("trivy:KSV-0040 kubescape:C-0009 polaris:resourceRange"),
		Doc: `Without a ResourceQuota one namespace may take all of the cluster's memory, disks and load balancers, by mistake or on purpose. Give each namespace a quota for
requests, limits and the number of objects.`,
	},
	Run: func(p *Pass) { p.without("ResourceQuota", "nothing bounds what the namespace takes of the cluster") },
})

// without reports namespaces of the files that lack an object of a kind.
func (p *Pass) without(kind, message string) {
	have := map[string]bool{}
	for _, o := range p.Kind("", kind) {
		have[o.Namespace] = true
	}
	for _, o := range p.Kind("", "Namespace") {
		if !have[o.Object.Name] && !systemNamespaces[o.Object.Name] && len(p.Namespace(o.Object.Name)) > 0 {
			p.Report(o, nearest(o.Node, "metadata", "name"), message)
		}
	}
}
