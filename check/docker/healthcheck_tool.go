package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/healthcheck-tool", Title: "HEALTHCHECK calls a program that the image does not have", Severity: boltseal.Medium,
		Doc: `A check that cannot be run fails, and the engine takes a healthy container for a sick one and restarts it. Slim, Alpine and distroless
images have no curl, and many have no wget. Use a program that is there, or install the one that is called.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("HEALTHCHECK") {
			base := step.In.BaseImage()
			if step.Script == nil || !base.Found || base.PM == "" || step.State.past.programs {
				continue
			}
			for i := range step.Script.Commands {
				c := &step.Script.Commands[i]
				if c.Name != "curl" && c.Name != "wget" || base.Has(c.Name) || spokenOf(step, c.Name) {
					continue
				}
				if yes, sure := installed(step, c.Name); !yes && sure {
					p.Report(c.Span, step.In.Root.Image.Raw+" has no "+c.Name+", and nothing installs it: the check always fails")
					break
				}
			}
		}
	},
})

// spokenOf tells whether a RUN before a step speaks of a program at all:
// scripts and metapackages bring programs under other names.
func spokenOf(step *Step, name string) bool {
	_, ok := step.State.past.said.Get(name)
	return ok
}
