package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/tls-wget", Title: "wget does not check who answers", Severity: boltseal.High,
		Controls: []string{"CIS-DI-4.11"},
		Aliases:  []string{"checkov:CKV2_DOCKER_3"},
		Doc: `With --no-check-certificate wget takes what anybody on the way serves, and the build runs it as root. Install ca-certificates, or give the
one certificate that is needed with --ca-certificate.`,
	},
	Run: func(p *Pass) {
		for _, c := range p.Commands("wget") {
			if c.Has("--no-check-certificate") {
				p.Report(c.Span, "wget takes what anybody on the way serves")
			}
		}
	},
})
