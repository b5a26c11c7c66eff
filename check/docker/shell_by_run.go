package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/shell-by-run", Title: "the shell is changed with a link", Severity: boltseal.Low,
		Aliases: []string{"hadolint:DL4005", "semgrep:use-shell-instruction"},
		Doc: `A link in the place of /bin/sh changes the shell for every script in the image that was written for the old one. The SHELL instruction
changes it for this Dockerfile alone.`,
	},
	Run: func(p *Pass) {
		for _, c := range p.Commands("ln", "chsh") {
			last := c.Args[len(c.Args)-1].Text
			if c.Name == "ln" && (last == "/bin/sh" || last == "/usr/bin/sh") {
				p.Report(c.Span, "SHELL changes the shell of the build without changing the image")
			}
		}
	},
})
