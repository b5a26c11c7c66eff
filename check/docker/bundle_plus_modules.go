package docker

import (
	"path"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/bundle-plus-modules", Title: "modules are copied beside a bundle that holds them", Severity: boltseal.Low,
		Doc: `A bundler writes the code of all modules into one file. Copying node_modules beside it ships everything a second time, with every known
vulnerability in parts that never run. Copy the bundle alone, and only those modules that it was told to leave external.`,
	},
	Run: func(p *Pass) {
		for step := range p.shipped("COPY") {
			from := p.origin(step)
			if from == nil || !from.End().past.bundles {
				continue
			}
			for _, source := range sources(step) {
				if path.Base(source) == "node_modules" {
					p.Report(step.Span, "the bundle that "+from.label()+" makes has the modules in it already")
				}
			}
		}
	},
})
