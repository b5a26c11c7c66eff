package docker

import (
	"path"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/copy-installed-modules", Title: "installed dependencies are copied from the machine that builds", Severity: boltseal.Medium,
		Doc: `node_modules and virtual environments hold what was compiled for the developer's system and whatever happened to be installed there. In
the image it may not load, nobody can tell where it came from, and the lock file decides nothing. Copy the lock file and install from
it, and keep the folder out with .dockerignore.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("COPY", "ADD") {
			if !fromContext(step) {
				continue
			}
			for _, source := range sources(step) {
				switch path.Base(strings.TrimSuffix(source, "/")) {
				case "node_modules", "venv", ".venv", "site-packages", "bower_components":
					p.Report(step.Span, source+" comes from the build's own machine; install it from the lock file instead")
				}
			}
		}
	},
})
