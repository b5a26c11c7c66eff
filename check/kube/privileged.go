package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/privileged", Title: "privileged container", Severity: boltseal.Critical,
		Controls: names("CIS-K8S-5.2.2 PSS/baseline/privileged NSA/no-privileged NIST-800-190/4.4.3 MITRE/T1611"),
		Aliases:  aliases("trivy:KSV-0017 checkov:CKV_K8S_16 kubescape:C-0057 kubescape:C-0193 kube-linter:privileged-container kube-linter:scc-deny-privileged-container polaris:runAsPrivileged kube-score:container-security-context-privileged"),
		Doc: `A privileged container has every capability, every device of the node and neither seccomp nor AppArmor in its way: it can mount the node's disk, load
a kernel module or write to /proc/sys/kernel/core_pattern, and is root on the node a minute later. Hardly any program needs all of it. Take privileged away
and add the one capability or device that is really needed.`,
	},
	Run: func(p *Pass) {
		for w := range p.Violating("privileged") {
			for _, c := range w.Containers {
				if c.Privileged() {
					p.At(c, names("securityContext privileged"), c.label()+" is privileged: it is root on the node",
						set(w.Object, "run it without privileges", false, c.Node, false, "securityContext", "privileged")...)
				}
			}
		}
	},
})
