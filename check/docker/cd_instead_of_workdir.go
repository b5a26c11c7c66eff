package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/cd-instead-of-workdir", Title: "cd where WORKDIR is meant", Severity: boltseal.Low,
		Aliases: []string{"hadolint:DL3003", "trivy:DS-0013", "semgrep:use-workdir"},
		Doc: `cd holds for the rest of its own RUN and no longer: the next instruction starts in the old folder. WORKDIR makes the folder and holds for
all that follows.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("RUN") {
			if step.Script.Exec || len(step.Script.Commands) == 0 || len(step.Heredocs) > 0 {
				continue
			}
			c := &step.Script.Commands[0]
			if c.Name != "cd" || c.Nested || len(c.Args) != 2 || strings.HasPrefix(step.Args.Value, "(") {
				continue
			}
			switch {
			case len(step.Script.Commands) == 1:
				p.Report(c.Span, "cd alone does nothing: the next instruction starts in the old folder")
			case strings.HasPrefix(c.Args[1].Text, "/"):
				p.Report(c.Span, "WORKDIR "+c.Args[1].Text+" would say this for all that follows")
			}
		}
	},
})
