package docker

import (
	"slices"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/base-registry", Title: "the base image comes from a registry that is not allowed", Severity: boltseal.High,
		Controls: []string{"CIS-DI-4.2"},
		Aliases:  []string{"hadolint:DL3026"},
		Doc: `The policy of this project names the registries that base images may come from. An image of any other one has been checked by nobody here.
Use a copy in an allowed registry, or have this one added to the list.`,
	},
	Run: func(p *Pass) {
		if len(p.Options.Registries) == 0 {
			return
		}
		for _, s := range p.Stages {
			if s.Base == nil && s.Image.Known && s.Image.Name != "" && s.Image.Name != "scratch" && !slices.ContainsFunc(p.Options.Registries, func(r string) bool { return wildcard(r, s.Image.Registry) }) {
				p.Report(s.Stage.Image.Span, s.Image.Raw+" comes from "+s.Image.Registry+", which is not among the allowed registries")
			}
		}
	},
})
