package docker

import (
	"path"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/workdir-missing", Title: "a relative destination without a WORKDIR", Severity: boltseal.Medium,
		Aliases: []string{"hadolint:DL3045"},
		Doc: `Without a WORKDIR, COPY . . goes to whatever folder the base image works in, most often the root of the file system: the application's
files mix with /etc and /usr and may overwrite them. Set WORKDIR to an absolute path first.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Stages {
			if s.Windows || s.BaseImage().Workdir != "" && s.BaseImage().Workdir != "/" || s.Root.Image.Name == "scratch" {
				continue
			}
			for step := range s.All("COPY", "ADD") {
				to, known := step.State.Vars.Expand(destination(step), p.File.Escape)
				if step.State.WorkdirAt != nil || !known || to == "" || path.IsAbs(to) {
					continue
				}
				p.Report(step.Span, step.Name+" to "+to+" without a WORKDIR goes to the root of the file system, or wherever the base image works",
					p.Insert("set WORKDIR first", false, step.Span.Start, "WORKDIR /app"+p.newline()))
				break
			}
		}
	},
})
