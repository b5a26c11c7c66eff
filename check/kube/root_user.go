package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/root-user", Title: "the container is told to run as root", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.2.7 PSS/restricted/run-as-user NSA/non-root MITRE/T1611"),
		Aliases:  aliases("trivy:KSV-0105 trivy:KSV-0012 checkov:CKV_K8S_23 kubescape:C-0013 kubescape:C-0198 kube-linter:run-as-non-root polaris:runAsRootAllowed kube-score:container-security-context-user-group-id"),
		Doc: `runAsUser: 0 makes root of the container's process, whatever the image says. Beside runAsNonRoot: true the pod does not even start. Give a user above
10000, and an fsGroup if it writes to volumes.`,
	},
	Run: func(p *Pass) {
		for w := range p.Violating("runAsUser") {
			if s := w.Spec.SecurityContext; s != nil && s.RunAsUser != nil && *s.RunAsUser == 0 {
				p.Pod(w, names("securityContext runAsUser"), "the pods run as user 0",
					set(w.Object, "run as user 10001", false, w.PodNode, user, "securityContext", "runAsUser")...)
			}
			for _, c := range w.Containers {
				if s := c.SecurityContext; s != nil && s.RunAsUser != nil && *s.RunAsUser == 0 {
					p.At(c, names("securityContext runAsUser"), c.label()+" runs as user 0",
						set(w.Object, "run as user 10001", false, c.Node, user, "securityContext", "runAsUser")...)
				}
			}
		}
	},
})
