package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/add-url-unchecked", Title: "ADD fetches an address without a checksum", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-4.11"},
		Aliases:  []string{"dockle:CIS-DI-0009"},
		Doc: `What an address serves can change between two builds, by mistake or by an attacker, and the build takes it as it comes. Give ADD
--checksum=sha256:… (BuildKit), so that other content ends the build; for a git address name a commit.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("ADD") {
			if _, ok := step.Flag("checksum"); ok {
				continue
			}
			for _, source := range sources(step) {
				if strings.HasPrefix(source, "http://") || strings.HasPrefix(source, "https://") && !strings.Contains(source, ".git") {
					p.Report(step.Span, "nothing says what "+source+" must be")
				}
			}
		}
	},
})
