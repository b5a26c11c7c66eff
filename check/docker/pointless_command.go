package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/pointless-command", Title: "a command does nothing in a build", Severity: boltseal.Low,
		Aliases: []string{"hadolint:DL3001"},
		Doc: `A build has no terminal, no init and no machine of its own: editors wait for nobody, services that are started are gone with the RUN, and
ps shows the builder. Remove the command.`,
	},
	Run: func(p *Pass) {
		for _, c := range p.Commands("vim", "vi", "nano", "top", "htop", "free", "shutdown", "reboot", "systemctl", "service", "less") {
			sub, rest := c.Sub()
			switch c.Name {
			case "systemctl":
				if sub.Text != "start" && sub.Text != "restart" && sub.Text != "status" && sub.Text != "daemon-reload" {
					continue
				}
			case "service":
				if len(rest) == 0 || !strings.Contains(rest[0].Text, "start") {
					continue
				}
			case "vim", "vi":
				if c.Flagged('c', "-es", "-E") || c.Has("+qall", "+qa") {
					continue
				}
			}
			p.Report(c.Span, c.Name+" has no meaning in a build")
		}
	},
})
