package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/host-pid", Title: "the node's processes are shared", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.2.3 PSS/baseline/host-namespaces NSA/no-host-access MITRE/T1611"),
		Aliases:  aliases("trivy:KSV-0010 checkov:CKV_K8S_17 kubescape:C-0038 kubescape:C-0275 kube-linter:host-pid polaris:hostPIDSet"),
		Doc: `With hostPID the container sees every process of the node: it reads their environment with its secrets from /proc, reaches their files through
/proc/PID/root, and can signal or trace those of its user. Together with root it is the node.`,
	},
	Run: func(p *Pass) {
		for w := range p.Violating("hostNamespaces") {
			if w.Spec.HostPID {
				p.Pod(w, names("hostPID"), "the pods see all processes of the node",
					remove(w.Object, "do not share the node's processes", false, w.PodNode, "hostPID")...)
			}
		}
	},
})
