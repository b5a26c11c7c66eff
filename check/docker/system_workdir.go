package docker

import (
	"path"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/system-workdir", Title: "the image works in a folder of the system", Severity: boltseal.Medium,
		Aliases: []string{"trivy:DS-0030"},
		Doc: `An application that works in /etc, /proc or /usr/bin writes where the system keeps its own, and needs the rights to do so. Give it a
folder of its own, such as /app.`,
	},
	Run: func(p *Pass) {
		for step := range p.shipped("WORKDIR") {
			dir, known := step.State.Vars.Expand(dockerfile.Unquote(step.Args.Value, p.File.Escape), p.File.Escape)
			switch dir = path.Clean(dir); dir {
			case "/bin", "/sbin", "/usr/bin", "/usr/sbin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/usr/lib", "/proc", "/sys", "/var/run", "/run":
				if known {
					p.Report(step.Span, dir+" belongs to the system")
				}
			}
		}
	},
})
