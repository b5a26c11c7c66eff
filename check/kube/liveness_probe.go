package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/no-liveness-probe", Title: "no liveness probe", Severity: boltseal.Negligible,
		Aliases: aliases("checkov:CKV_K8S_8 kubescape:C-0056 kube-linter:no-liveness-probe polaris:livenessProbeMissing kube-score:pod-probes"),
		Doc: `Without a liveness probe Kubernetes restarts a container only when its process ends: one that hangs stays. Add a probe that fails when only a restart helps, and that
does not ask other services.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			if c.Runs() && !c.Init && c.LivenessProbe == nil && c.Workload.Daemon() {
				p.At(c, nil, c.label()+" has no liveness probe")
			}
		}
	},
})
