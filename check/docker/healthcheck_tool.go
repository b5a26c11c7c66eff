package docker

import (
	"strings"

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
			if step.Script == nil || !base.Found || base.PM == "" || bringsPrograms(step, p.Model) {
				continue
			}
			for i := range step.Script.Commands {
				c := &step.Script.Commands[i]
				if c.Name != "curl" && c.Name != "wget" || base.Has(c.Name) || mentionedIn(step, c.Name) {
					continue
				}
				if yes, sure := installed(step, c.Name); !yes && sure {
					p.Report(c.Span, step.In.lineage()[0].Image.Raw+" has no "+c.Name+", and nothing installs it: the check always fails")
					break
				}
			}
		}
	},
})

// mentionedIn tells whether a RUN before a step speaks of a program at all:
// scripts and metapackages bring programs under other names.
func mentionedIn(before *Step, name string) bool {
	for step := range before.earlier() {
		if step.Name == "RUN" && strings.Contains(step.Args.Value, name) {
			return true
		}
	}
	return false
}
