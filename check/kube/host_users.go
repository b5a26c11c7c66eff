package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/host-users", Title: "root in the container is root on the node", Severity: boltseal.Low,
		Controls: names("NSA/non-root MITRE/T1611"),
		Doc: `The pod runs as root, or may, without a user namespace: whoever breaks out of it is root on the node. With hostUsers: false the kernel maps the
container's users to ones that own nothing outside (stable since Kubernetes 1.36). It does not go together with the node's network, processes or memory.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			if w.Windows() || w.Spec.HostUsers != nil || w.Spec.HostNetwork || w.Spec.HostPID || w.Spec.HostIPC {
				continue
			}
			for _, c := range w.Containers {
				if uid, ok := c.UID(); ok && uid == 0 {
					p.Pod(w, nil, c.label()+" is user 0 of the node too: hostUsers is not false",
						set(w.Object, "map the pods' users to ones without rights", false, w.PodNode, false, "hostUsers")...)
					break
				}
			}
		}
	},
})
