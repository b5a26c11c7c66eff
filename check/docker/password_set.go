package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/password-set", Title: "a password is set in the build", Severity: boltseal.High,
		Controls: []string{"CIS-DI-4.10"},
		Aliases:  []string{"checkov:CKV2_DOCKER_17"},
		Doc: `A password that is set in a RUN is in the history as text and in /etc/shadow as a hash that can be broken at leisure, and it is the same
in every container. Containers need no passwords: remove it, or use keys that are mounted.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("RUN") {
			for i := range step.Script.Commands {
				c := &step.Script.Commands[i]
				switch {
				case c.Name == "chpasswd", c.Name == "passwd" && c.Piped && !c.Flagged('l', "-l", "-d", "--lock"), (c.Name == "usermod" || c.Name == "useradd") && (c.Has("-p", "--password") || strings.Contains(joined(c), "--password=")):
					p.Report(c.Span, c.Name+" puts a password into the image")
				}
			}
		}
	},
})
