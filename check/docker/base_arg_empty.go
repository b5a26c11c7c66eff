package docker

import (
	"slices"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/base-arg-empty", Title: "FROM needs an argument that has no default", Severity: boltseal.Low,
		Aliases: []string{"buildkit:InvalidDefaultArgInFrom"},
		Doc: `Without --build-arg the argument is empty and the image's name is broken, so a plain docker build fails. Give the ARG a default that
works.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Stages {
			for _, name := range bareUses(s.Stage.Image.Text, p.File.Escape) {
				if v, ok := p.Global.Get(name); ok && !v.Known && v.Value == "" && !slices.Contains(predefined, name) {
					p.Report(s.Stage.Image.Span, "ARG "+name+" has no default, so a plain build has no base image")
				}
			}
		}
	},
})
