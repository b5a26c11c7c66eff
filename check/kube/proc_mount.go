package kube

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/proc-mount", Title: "/proc is not masked", Severity: boltseal.High,
		Controls: names("PSS/baseline/proc-mount NSA/no-privileged"),
		Aliases:  aliases("trivy:KSV-0027 kube-linter:unsafe-proc-mount polaris:procMount"),
		Doc: `Runtimes hide the parts of /proc through which a container reaches the kernel, such as /proc/kcore and /proc/sysrq-trigger, and keep others
read-only. procMount: Unmasked takes that away. Only containers that build containers need it, and they in a user namespace (hostUsers: false).`,
	},
	Run: func(p *Pass) {
		for w := range p.Violating("procMount") {
			for _, c := range w.Containers {
				if s := c.SecurityContext; s != nil && s.ProcMount != nil && *s.ProcMount != corev1.DefaultProcMount {
					p.At(c, names("securityContext procMount"), c.label()+" sees an unmasked /proc",
						remove(w.Object, "mask /proc as usual", false, c.Node, "securityContext", "procMount")...)
				}
			}
		}
	},
})
