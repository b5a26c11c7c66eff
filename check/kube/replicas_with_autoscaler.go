package kube

import (
	"fmt"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/replicas-with-autoscaler", Title: "replicas beside an autoscaler", Severity: boltseal.Low,
		Aliases: aliases("kube-score:deployment-targeted-by-hpa-does-not-have-replicas-configured"),
		Doc: `Each time the manifest is applied, the number of pods goes back to what it says, whatever the autoscaler made of it: under load, most pods end at once. Leave replicas to the
autoscaler.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			n, at := w.Replicas()
			if at != nil && p.Scaler(w) != nil {
				p.Report(w.Object, at, fmt.Sprintf("applying this sets %d pods again, whatever the autoscaler made of them", n),
					remove(w.Object, "leave the number to the autoscaler", false, w.Node, "spec", "replicas")...)
			}
		}
	},
})
