package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/healthcheck-shell-form", Title: "HEALTHCHECK goes through a shell", Severity: boltseal.Negligible,
		Doc: `In shell form every check starts a shell first, and an image without one fails each of them. Write HEALTHCHECK CMD as a JSON array, with
the program and its arguments.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("HEALTHCHECK") {
			t := step.Trigger
			if t == nil || t.IsJSON() || t.Args.Value == "" || step.In.Windows {
				continue
			}
			words, ok := plainWords(&Step{Instr: t, In: step.In, Script: step.Script})
			if ok {
				p.Report(step.Span, "this check needs no shell, and goes through one",
					p.Replace("write the exec form", true, t.Args.Span(0, len(t.Args.Value)), jsonArray(words)))
			}
		}
	},
})
