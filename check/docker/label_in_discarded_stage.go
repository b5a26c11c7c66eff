package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/label-in-discarded-stage", Title: "a label is set on a stage that is thrown away", Severity: boltseal.Low,
		Doc: `Labels belong to the stage that they stand in. The final image takes only files from the others, so nobody will ever see this one. Move it
to the last stage.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("LABEL") {
			if step.In.Used && !step.In.Shipped {
				p.Report(step.Span, "the image does not get the labels of "+step.In.label())
			}
		}
	},
})
