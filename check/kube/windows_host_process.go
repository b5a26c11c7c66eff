package kube

import (
	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/windows-host-process", Title: "a Windows container is a process of the node", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.2.10 PSS/baseline/host-process NSA/no-privileged"),
		Aliases:  aliases("trivy:KSV-0103 kubescape:C-0202 polaris:hostProcess"),
		Doc: `A HostProcess container runs directly on the Windows node, with its file system, network and services: it is the counterpart of a privileged
container. It is meant for agents that set nodes up. Run everything else without it.`,
	},
	Run: func(p *Pass) {
		for w := range p.Violating("windowsHostProcess") {
			if node := w.PodNode.Get("securityContext", "windowsOptions", "hostProcess"); isTrue(node) {
				p.Report(w.Object, node, "the pods are processes of their Windows node",
					remove(w.Object, "run them as containers", false, w.PodNode, "securityContext", "windowsOptions", "hostProcess")...)
			}
			for _, c := range w.Containers {
				if node := c.Node.Get("securityContext", "windowsOptions", "hostProcess"); isTrue(node) {
					p.Report(w.Object, node, c.label()+" is a process of its Windows node",
						remove(w.Object, "run it as a container", false, c.Node, "securityContext", "windowsOptions", "hostProcess")...)
				}
			}
		}
	},
})

// isTrue tells whether a node means true.
func isTrue(n *manifest.Node) bool {
	var yes bool
	return n != nil && n.Decode(&yes) == nil && yes
}
