package docker

import (
	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/bad-port", Title: "EXPOSE names a port that does not exist", Severity: boltseal.High,
		Aliases: []string{"hadolint:DL3011", "trivy:DS-0008", "trivy:AVD-DS-0008", "buildkit:ExposeInvalidFormat", "semgrep:invalid-port"},
		Doc:     `Ports are whole numbers from 1 to 65535. Anything else ends the build, or is ignored by engines that came before BuildKit.`,
	},
	Run: func(p *Pass) {
		p.ports(func(w dockerfile.Word, port int, _ string) {
			if port < 1 || port > 65535 {
				p.Report(w.Span, w.Text+" is no port: ports go from 1 to 65535")
			}
		})
	},
})
