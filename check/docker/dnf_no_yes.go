package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/dnf-no-yes", Title: "a package manager asks before it installs", Severity: boltseal.Medium,
		Aliases: []string{"hadolint:DL3030", "hadolint:DL3034", "hadolint:DL3038", "semgrep:missing-dnf-assume-yes-switch", "semgrep:missing-yum-assume-yes-switch"},
		Doc:     `A build has nobody who could answer a question: dnf, yum and zypper ask before they install, get no answer and end the build. Give -y.`,
	},
	Run: func(p *Pass) {
		for _, c := range p.Calls("dnf", "yum", "microdnf", "zypper") {
			if c.Verb != "install" && c.Verb != "remove" && c.Verb != "upgrade" || c.Piped {
				continue
			}
			if c.Flagged('y', "--assumeyes", "--yes", "--no-confirm") || c.Tool == "zypper" && c.Flagged('n', "--non-interactive") {
				continue
			}
			p.Report(c.Span, c.Name+" "+c.Sub.Text+" asks before it goes on, and a build cannot answer",
				p.Insert("add -y", true, c.Sub.Span.End, " -y"))
		}
	},
})
