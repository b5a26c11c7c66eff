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
		for _, w := range p.Workloads {
			paths := map[string]string{}
			for i := range w.Spec.Volumes {
				if v := &w.Spec.Volumes[i]; v.HostPath != nil && socketOf(v.HostPath.Path) == "" {
					paths[v.Name] = v.HostPath.Path
				}
			}
			if len(paths) == 0 {
				continue
			}
			for _, c := range w.Containers {
				for i, m := range c.VolumeMounts {
					if path, ok := paths[m.Name]; ok && !m.ReadOnly {
						node := c.Node.Get("volumeMounts", strconv.Itoa(i))
						p.Report(w.Object, nearest(node, "readOnly"), fmt.Sprintf("%s may write to %s of the node", c.label(), path),
							set(w.Object, "mount it read-only", false, node, true, "readOnly")...)
					}
				}
			}
		}
	},
})
