package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/before-from", Title: "an instruction stands before the first FROM", Severity: boltseal.High,
		Aliases: []string{"hadolint:DL3061"},
		Doc: `Only ARG may come before FROM: there is no image yet that anything else could change, and the build ends there. Put the instruction behind
the FROM that it is meant for.`,
	},
	Run: func(p *Pass) {
		for _, in := range p.File.Global {
			if in.Name != "ARG" {
				p.Report(in.Span, in.Name+" has no image to work on before the first FROM")
			}
		}
	},
})
