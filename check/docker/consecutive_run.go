package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/consecutive-run", Title: "RUN instructions follow each other", Severity: boltseal.Negligible,
		Aliases: []string{"hadolint:DL3059"},
		Doc: `Each RUN makes a layer. Joined with && they make one, and what the first leaves behind can be cleaned up by the last. Keep them apart
where the first changes seldom and the second often.`,
	},
	Run: func(p *Pass) {
		for s := p.Final(); s != nil; s = s.Base {
			var last *Step
			for step := range s.All() {
				if step.Name == "RUN" && last != nil && len(step.Above) == 0 && plainRun(step) && plainRun(last) {
					p.Report(step.Span, "this RUN and the one before it could be one layer")
				}
				if last = step; step.Name != "RUN" {
					last = nil
				}
			}
		}
	},
})

func plainRun(step *Step) bool {
	return len(step.Flags) == 0 && len(step.Heredocs) == 0 && !step.IsJSON()
}
