package kube

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/mount-propagation", Title: "mounts of the container reach the node", Severity: boltseal.High,
		Controls: names("CIS-DI-5.20 NSA/no-host-access MITRE/T1611"),
		Doc: `With mountPropagation: Bidirectional a file system that the container mounts is mounted on the node and in other containers too: it can lay one over the node's programs. Only drivers of
storage need it; HostToContainer is enough to see what the node mounts.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			for i, m := range c.VolumeMounts {
				if m.MountPropagation != nil && *m.MountPropagation == corev1.MountPropagationBidirectional {
					node := c.Node.Get("volumeMounts", strconv.Itoa(i))
					p.Report(c.Workload.Object, node.Get("mountPropagation"), fmt.Sprintf("what %s mounts below %s is mounted on the node too", c.label(), m.MountPath),
						remove(c.Workload.Object, "keep mounts inside", false, node, "mountPropagation")...)
				}
			}
		}
	},
})
