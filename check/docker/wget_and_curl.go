package docker

import (
	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/wget-and-curl", Title: "both wget and curl are installed", Severity: boltseal.Negligible,
		Controls: []string{"CIS-DI-4.3"},
		Aliases:  []string{"hadolint:DL4001", "trivy:DS-0014", "semgrep:use-either-wget-or-curl"},
		Doc: `Two programs that do the same are two to keep up to date, and two that an attacker finds ready. Use one of them, or ADD, which needs
neither.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Stages {
			var wget *dockerfile.Command
			curl := false
			for step := range s.All("RUN") {
				for i := range step.Script.Commands {
					switch c := &step.Script.Commands[i]; c.Name {
					case "wget":
						wget = c
					case "curl":
						curl = true
					}
				}
			}
			if wget != nil && curl {
				p.Report(wget.Span, s.label()+" uses wget here and curl elsewhere")
			}
		}
	},
})
