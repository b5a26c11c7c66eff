package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/apt-key", Title: "apt-key trusts a key for every repository", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-4.11"},
		Doc: `A key that apt-key adds may sign packages of any repository, Debian's own included, and the program is gone from current releases. Put the
key into a file of its own and name it with signed-by in the line of its repository.`,
	},
	Run: func(p *Pass) {
		for _, c := range p.Commands("apt-key") {
			if sub, _ := c.Sub(); sub.Text == "add" || sub.Text == "adv" {
				p.Report(c.Span, "apt-key "+sub.Text+" trusts the key for every repository")
			}
		}
	},
})
