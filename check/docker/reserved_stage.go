package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/reserved-stage", Title: "a stage has a name with a meaning of its own", Severity: boltseal.Medium,
		Aliases: []string{"hadolint:DL3063", "buildkit:ReservedStageName"},
		Doc: `FROM scratch is the empty image and context is the build context, whatever a stage is called: a stage of that name cannot be reached, and
readers take one for the other. Choose another name.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Stages {
			if s.Name == "scratch" || s.Name == "context" {
				p.Report(s.Alias.Span, "the name "+s.Name+" means something else to the builder")
			}
		}
	},
})
