package kube

import (
	"slices"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/same-probes", Title: "one probe for liveness and readiness", Severity: boltseal.Negligible,
		Aliases: aliases("kube-score:pod-probes-identical"),
		Doc: `When both probes ask the same, a container that cannot answer for a moment is restarted just when it should only get no more requests: under load, all of them at
once. Let liveness ask less, or fail later.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			l, r := c.LivenessProbe, c.ReadinessProbe
			if l == nil || r == nil || l.FailureThreshold != r.FailureThreshold || l.PeriodSeconds != r.PeriodSeconds {
				continue
			}
			same := l.HTTPGet != nil && r.HTTPGet != nil && l.HTTPGet.Path == r.HTTPGet.Path && l.HTTPGet.Port == r.HTTPGet.Port ||
				l.Exec != nil && r.Exec != nil && slices.Equal(l.Exec.Command, r.Exec.Command)
			if same {
				p.At(c, names("livenessProbe"), c.label()+" is restarted for what readiness is about: both probes are the same")
			}
		}
	},
})
