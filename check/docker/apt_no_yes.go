package docker

import "github.com/boltseal/boltseal"

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/apt-no-yes", Title: "apt-get install without -y", Severity: boltseal.Medium,
		Aliases: []string{"hadolint:DL3014", "trivy:DS-0021", "trivy:AVD-DS-0021"},
		Doc: `A build has nobody who could answer a question: apt-get asks before it installs, gets no answer and ends the build.
Give -y.`,
	},
	Run: func(p *Pass) {
		for _, c := range p.Commands("apt-get", "apt") {
			sub, _ := c.Sub()
			if sub.Text != "install" && sub.Text != "upgrade" && sub.Text != "dist-upgrade" || c.Piped {
				continue
			}
			if c.Flagged('y', "--yes", "--assume-yes") || c.Flagged(0, "-qq") {
				continue
			}
			p.Report(c.Span, c.Name+" "+sub.Text+" asks before it goes on, and a build cannot answer",
				p.Insert("add -y", true, sub.Span.End, " -y"))
		}
	},
})
