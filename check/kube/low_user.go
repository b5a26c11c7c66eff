package kube

import (
	"fmt"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/low-user", Title: "a user that nodes give to others", Severity: boltseal.Low,
		Controls: names("CIS-K8S-5.6.3 NSA/non-root"),
		Aliases:  aliases("trivy:KSV-0020 checkov:CKV_K8S_40 kubescape:C-0013 kube-score:container-security-context-user-group-id"),
		Doc: `Users are the same numbers inside and outside of a container. One below 10000 is likely to be a service or a person on the node, whose files and processes a
container that breaks out may touch. Choose a user above 10000 that nothing else has.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			if w.Windows() {
				continue
			}
			if s := w.Spec.SecurityContext; s != nil && s.RunAsUser != nil && *s.RunAsUser > 0 && *s.RunAsUser < 10000 {
				p.Pod(w, names("securityContext runAsUser"), fmt.Sprintf("the pods run as user %d, which nodes may give to others", *s.RunAsUser),
					set(w.Object, "run as user 10001", false, w.PodNode, user, "securityContext", "runAsUser")...)
			}
			for _, c := range w.Containers {
				if s := c.SecurityContext; s != nil && s.RunAsUser != nil && *s.RunAsUser > 0 && *s.RunAsUser < 10000 {
					p.At(c, names("securityContext runAsUser"), fmt.Sprintf("%s runs as user %d, which nodes may give to others", c.label(), *s.RunAsUser),
						set(w.Object, "run as user 10001", false, c.Node, user, "securityContext", "runAsUser")...)
				}
			}
		}
	},
})
