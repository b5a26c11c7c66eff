package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/healthcheck-start-period", Title: "HEALTHCHECK gives no time to start", Severity: boltseal.Negligible,
		Doc: `The start period is 0 unless it is given: failures while the application still starts count, and after three of them the engine takes the
container for sick and may replace it before it ever served. Give --start-period what a slow start takes.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("HEALTHCHECK") {
			if step.Trigger == nil {
				continue
			}
			if _, ok := step.Flag("start-period"); !ok {
				p.Report(step.Span, "failures count from the first second on",
					p.Insert("give it ten seconds", false, step.Keyword.Span.End, " --start-period=10s"))
			}
		}
	},
})
