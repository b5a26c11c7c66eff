package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/tls-node", Title: "Node does not check who answers", Severity: boltseal.High,
		Controls: []string{"CIS-DI-4.11"},
		Aliases:  []string{"checkov:CKV2_DOCKER_6"},
		Doc: `NODE_TLS_REJECT_UNAUTHORIZED=0 turns the check of certificates off for every connection of the process, also at run time when it stands in
ENV. Name the missing certificate with NODE_EXTRA_CA_CERTS.`,
	},
	Run: func(p *Pass) {
		p.envIs("NODE_TLS_REJECT_UNAUTHORIZED", func(value string) bool { return value == "0" }, "NODE_TLS_REJECT_UNAUTHORIZED=0 takes what anybody on the way serves")
	},
})
