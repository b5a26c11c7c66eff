package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/base-gone", Title: "the base image is no longer published", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-4.2"},
		Doc: `The owners of this image, or of its tag, have stopped building it or have taken it away. What is left in registries and caches gets no
fixes, and the build may fail any day. The message names what to use now.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Stages {
			if s.Base != nil {
				continue
			}
			if gone := s.known.Gone; gone != "" {
				p.Report(s.Stage.Image.Span, s.Image.Raw+" is no longer published; use "+gone)
			}
		}
	},
})
