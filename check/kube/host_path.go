package kube

import (
	"fmt"
	"strconv"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/host-path", Title: "a folder of the node is mounted", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.2.11 PSS/baseline/host-path PSS/restricted/volumes NSA/no-host-access NIST-800-190/4.5.5 MITRE/T1611"),
		Aliases:  aliases("trivy:KSV-0023 kubescape:C-0048 kubescape:C-0203 polaris:hostPathSet"),
		Doc: `A hostPath volume hands a part of the node's disk to the pod: secrets of other pods under /var/lib/kubelet, keys of the node, logs of everyone, or a
place to leave a program that the node runs. Use a claim, a projected volume or an emptyDir. Agents that read logs need the folder read-only.`,
	},
	Run: func(p *Pass) {
		for w := range p.Violating("hostPathVolumes") {
			for i, v := range w.Spec.Volumes {
				if v.HostPath != nil && socketOf(v.HostPath.Path) == "" && sensitivePath(v.HostPath.Path) == "" {
					node := w.PodNode.Get("volumes", strconv.Itoa(i), "hostPath")
					p.Report(w.Object, nearest(node, "path"), fmt.Sprintf("volume %q is %s of the node", v.Name, v.HostPath.Path))
				}
			}
		}
	},
})
