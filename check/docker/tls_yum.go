package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/tls-yum", Title: "a package manager does not check who answers", Severity: boltseal.High,
		Controls: []string{"CIS-DI-4.11"},
		Aliases:  []string{"checkov:CKV2_DOCKER_15"},
		Doc: `With sslverify off, packages and their lists come from whoever is on the way. Signatures still stand in front of the packages, but nothing
in front of lists that hide updates. Add the certificate of the mirror to the system's store.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("RUN") {
			for i := range step.Script.Commands {
				c := &step.Script.Commands[i]
				text := strings.ToLower(strings.ReplaceAll(joined(c), " ", ""))
				if strings.Contains(text, "sslverify=false") && c.Name != "git" || strings.Contains(text, "sslverify=0") && c.Name != "git" || strings.Contains(text, "verify-peer=false") || strings.Contains(text, "verify-peer\"false") {
					p.Report(c.Span, c.Name+" takes what anybody on the way serves")
				}
			}
		}
	},
})
