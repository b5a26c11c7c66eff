package kube

import (
	"slices"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/privilege-escalation", Title: "privilege escalation is not ruled out", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.2.6 PSS/restricted/privilege-escalation NSA/no-escalation MITRE/T1548"),
		Aliases:  aliases("trivy:KSV-0001 checkov:CKV_K8S_20 kubescape:C-0016 kubescape:C-0197 kube-linter:privilege-escalation-container polaris:privilegeEscalationAllowed"),
		Doc: `Unless allowPrivilegeEscalation is false, a process can gain more rights than its parent had: a setuid binary such as su or mount, or one with file
capabilities, makes root of the service's user. With false the kernel sets no_new_privs, and such binaries run with the caller's rights. Programs that do not
use sudo notice nothing.`,
	},
	Run: func(p *Pass) {
		for w := range p.Violating("allowPrivilegeEscalation") {
			for _, c := range w.Containers {
				if s := c.SecurityContext; s != nil && s.AllowPrivilegeEscalation != nil && !*s.AllowPrivilegeEscalation {
					continue
				}
				var fixes []boltseal.Fix
				// The API server refuses false beside what implies it to be true.
				if !c.Privileged() && !slices.Contains(c.added(), "SYS_ADMIN") && !slices.Contains(c.added(), "CAP_SYS_ADMIN") {
					fixes = set(w.Object, "rule privilege escalation out", true, c.Node, false, "securityContext", "allowPrivilegeEscalation")
				}
				p.At(c, names("securityContext allowPrivilegeEscalation"), c.label()+" may gain privileges: allowPrivilegeEscalation is not false", fixes...)
			}
		}
	},
})
