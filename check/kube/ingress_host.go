package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/ingress-any-host", Title: "an Ingress for every host name", Severity: boltseal.Low,
		Controls: names("MITRE/T1557"),
		Doc: `A rule without a host, or with a bare wildcard, answers for every name that reaches the controller: those of other teams that have no rule yet, and the ones that an attacker makes
up to poison caches and links. Name the hosts.`,
	},
	Run: func(p *Pass) {
		for _, group := range []string{"networking.k8s.io", "extensions"} {
			for _, o := range p.Kind(group, "Ingress") {
				for _, rule := range o.Node.Get("spec", "rules").Elems() {
					if host := rule.Get("host").Str(); host == "" || host == "*" {
						p.Report(o, nearest(rule, "host"), "a rule of the Ingress answers for every host name")
					}
				}
			}
		}
	},
})
