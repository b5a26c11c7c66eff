package kube

import (
	"fmt"
	"strconv"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/host-port", Title: "a port of the node is taken", Severity: boltseal.Medium,
		Controls: names("CIS-K8S-5.2.12 PSS/baseline/host-ports NSA/no-host-access"),
		Aliases:  aliases("trivy:KSV-0024 checkov:CKV_K8S_26 kubescape:C-0044 kubescape:C-0204 polaris:hostPortSet"),
		Doc: `A hostPort opens the container to whoever reaches the node, past Services and, with many network plug-ins, past NetworkPolicies. It also binds the pod
to nodes on which the port is free. Use a Service; a NodePort if it must be the node's address.`,
	},
	Run: func(p *Pass) {
		for w := range p.Violating("hostPorts") {
			for _, c := range w.Containers {
				for i, port := range c.Ports {
					if port.HostPort == 0 {
						continue
					}
					node := c.Node.Get("ports", strconv.Itoa(i))
					p.Report(w.Object, node.Get("hostPort"), fmt.Sprintf("%s takes port %d of its node", c.label(), port.HostPort),
						remove(w.Object, "leave the node's port alone", false, node, "hostPort")...)
				}
			}
		}
	},
})
