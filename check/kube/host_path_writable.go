package kube

import (
	"fmt"
	"strconv"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/host-path-writable", Title: "a folder of the node can be written", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.2.11 NSA/no-host-access NIST-800-190/4.5.5 MITRE/T1611"),
		Aliases:  aliases("kubescape:C-0045 kube-linter:writable-host-mount"),
		Doc: `The container may write to the node's disk: what it leaves there outlives the pod, and other pods or the node may run it. Mount the folder read-only
where it is only read.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			for i, m := range c.VolumeMounts {
				if m.ReadOnly {
					continue
				}
				for _, v := range c.Workload.Spec.Volumes {
					if v.Name == m.Name && v.HostPath != nil && socketOf(v.HostPath.Path) == "" {
						node := c.Node.Get("volumeMounts", strconv.Itoa(i))
						p.Report(c.Workload.Object, nearest(node, "readOnly"), fmt.Sprintf("%s may write to %s of the node", c.label(), v.HostPath.Path),
							set(c.Workload.Object, "mount it read-only", false, node, true, "readOnly")...)
					}
				}
			}
		}
	},
})
