package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/no-seccomp-profile", Title: "no seccomp profile", Severity: boltseal.Medium,
		Controls: names("CIS-K8S-5.6.2 PSS/restricted/seccomp NSA/hardened-applications"),
		Aliases:  aliases("trivy:KSV-0030 checkov:CKV_K8S_31 kubescape:C-0055 kubescape:C-0210 polaris:linuxHardening kube-score:container-seccomp-profile"),
		Doc: `Without a seccomp profile Kubernetes runs a container unconfined unless the kubelet was started with seccompDefault: all of the kernel's system calls
are open to it. RuntimeDefault takes away some sixty that programs do not need and exploits do.`,
	},
	Run: func(p *Pass) {
		for w := range p.Violating("seccompProfile_restricted") {
			var without []*Container
			for _, c := range w.Containers {
				if c.SecurityContext == nil || c.SecurityContext.SeccompProfile == nil {
					without = append(without, c)
				}
			}
			if s := w.Spec.SecurityContext; s != nil && s.SeccompProfile != nil || len(without) == 0 {
				continue // what is there is wrong, which is another rule's
			}
			if len(without) < len(w.Containers) {
				for _, c := range without {
					p.At(c, names("securityContext"), c.label()+" has no seccomp profile", runtimeSeccomp(w, c.Node)...)
				}
				continue
			}
			p.Pod(w, names("securityContext"), "the pods have no seccomp profile", runtimeSeccomp(w, w.PodNode)...)
		}
	},
})
