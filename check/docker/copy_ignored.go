package docker

import (
	"path"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/copy-ignored", Title: "COPY names what .dockerignore keeps out", Severity: boltseal.Medium,
		Aliases: []string{"buildkit:CopyIgnoredFile"},
		Doc: `The builder never sees files that .dockerignore names, so this COPY fails with "not found" although the file is there. Change one of the
two.`,
	},
	Run: func(p *Pass) {
		if p.Options.Ignored == nil {
			return
		}
		for step := range p.All("COPY", "ADD") {
			if !fromContext(step) {
				continue
			}
			for _, source := range sources(step) {
				name := strings.TrimPrefix(path.Clean("/"+source), "/")
				if name != "" && !strings.ContainsAny(name, "*?[$") && !isRemote(source) && p.Options.Ignored(name) {
					p.Report(step.Span, source+" is kept out of the build by .dockerignore")
				}
			}
		}
	},
})
