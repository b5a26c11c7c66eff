package kube

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/host-alias", Title: "names are resolved by hand", Severity: boltseal.Low,
		Aliases: aliases("trivy:KSV-0007"),
		Doc: `hostAliases writes lines to the pods' /etc/hosts: a name then leads to an address that nobody checks, past DNS and its changes. Somebody who may change the manifest sends a
program's requests to himself. Use a Service of type ExternalName or DNS.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			if len(w.Spec.HostAliases) > 0 {
				p.Pod(w, names("hostAliases"), strings.Join(w.Spec.HostAliases[0].Hostnames, ", ")+" is resolved past DNS")
			}
		}
	},
})
