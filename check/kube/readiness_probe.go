package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/no-readiness-probe", Title: "no readiness probe", Severity: boltseal.Negligible,
		Aliases: aliases("checkov:CKV_K8S_9 kubescape:C-0018 kube-linter:no-readiness-probe polaris:readinessProbeMissing kube-score:pod-probes"),
		Doc: `Without a readiness probe a pod gets requests as soon as its process is there, and a rollout goes on before the new version works. Add a probe that succeeds
when the program can answer. Containers without ports are left out.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			if c.Runs() && !c.Init && c.ReadinessProbe == nil && c.Workload.Daemon() && len(c.Ports) > 0 {
				p.At(c, nil, c.label()+" has no readiness probe")
			}
		}
	},
})
