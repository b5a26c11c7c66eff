package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/apt-recommends", Title: "apt-get install brings recommended packages", Severity: boltseal.Low,
		Controls: []string{"CIS-DI-4.3"},
		Aliases:  []string{"hadolint:DL3015", "trivy:DS-0029", "trivy:AVD-DS-0029", "semgrep:missing-no-install-recommends"},
		Doc: `By default apt-get installs what packages recommend besides what they need: often dozens of programs that nobody asked for, each with its
own vulnerabilities. Give --no-install-recommends and name what is needed.`,
	},
	Run: func(p *Pass) {
		for step, c := range p.Commands("apt-get", "apt") {
			sub, _ := c.Sub()
			if sub.Text != "install" || c.Flagged(0, "--no-install-recommends") || hasOption(c, "APT::Install-Recommends=false", "APT::Install-Recommends=0", "APT::Install-Recommends=no") || step.State.past.lean {
				continue
			}
			p.Report(c.Span, "recommended packages come along",
				p.Insert("give --no-install-recommends", false, sub.Span.End, " --no-install-recommends"))
		}
	},
})

// hasOption tells whether one of the words holds an option, alone or behind -o.
func hasOption(c *dockerfile.Command, options ...string) bool {
	for _, w := range c.Args[min(1, len(c.Args)):] {
		for _, option := range options {
			if strings.EqualFold(strings.TrimPrefix(w.Text, "-o"), option) {
				return true
			}
		}
	}
	return false
}
