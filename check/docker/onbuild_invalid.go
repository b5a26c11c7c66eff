package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/onbuild-invalid", Title: "ONBUILD triggers what may not be triggered", Severity: boltseal.High,
		Aliases: []string{"hadolint:DL3043"},
		Doc: `ONBUILD runs its instruction in builds that use this image as their base. ONBUILD itself, FROM and MAINTAINER make no sense there, and the
builder refuses them.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("ONBUILD") {
			if t := step.Trigger; t != nil && (t.Name == "ONBUILD" || t.Name == "FROM" || t.Name == "MAINTAINER") {
				p.Report(step.Span, "ONBUILD cannot trigger "+t.Name)
			}
		}
	},
})
