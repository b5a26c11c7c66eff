package kube

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/proc-mount-restricted", Title: "/proc is not masked, in a user namespace", Severity: boltseal.Low,
		Controls: names("PSS/restricted/proc-mount"),
		Doc: `With a user namespace of its own the pod may have an unmasked /proc under the baseline standard, as builders of containers need it; the restricted one refuses it. Leave
procMount out where nothing is built.`,
	},
	Run: func(p *Pass) {
		for w := range p.Violating("procMount_restricted") {
			if check := p.pss.checks["procMount"]; check != nil && !check(w.PodMeta, w.Spec).Allowed {
				continue
			}
			for _, c := range w.Containers {
				if s := c.SecurityContext; s != nil && s.ProcMount != nil && *s.ProcMount != corev1.DefaultProcMount {
					p.At(c, names("securityContext procMount"), c.label()+" sees an unmasked /proc, which restricted pods may not",
						remove(w.Object, "mask /proc as usual", false, c.Node, "securityContext", "procMount")...)
				}
			}
		}
	},
})
