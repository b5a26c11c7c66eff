package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/no-shell", Title: "a shell form where there is no shell", Severity: boltseal.High,
		Doc: `Distroless, Chainguard and scratch images have no shell. RUN in such a stage ends the build; CMD, ENTRYPOINT and HEALTHCHECK in shell form
build well and fail when the container starts, with "/bin/sh: no such file or directory". Write the exec form, and do what needs a shell
in an earlier stage.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK") {
			body := step.Instr
			if step.Name == "HEALTHCHECK" {
				body = step.Trigger
			}
			if step.State.Shell != "" || step.In.BaseImage().Shell != "none" || body == nil || body.IsJSON() || body.Args.Value == "" || step.State.past.programs {
				continue
			}
			p.Report(step.Span, step.Name+" goes through a shell, and "+step.In.Root.Image.Raw+" has none")
		}
	},
})
