package image

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/no-healthcheck", Title: "image has no health check", Severity: boltseal.Negligible,
		Controls: []string{"CIS-DI-4.6"},
		Aliases:  []string{"dockle:CIS-DI-0006", "hadolint:DL3057", "trivy:DS-0026"},
		Doc: `Without HEALTHCHECK an engine sees that the process lives and not that it works, so a hung one keeps its place. Kubernetes ignores the instruction
and has probes of its own; there this finding may be waived.`,
	},
	Run: func(p *Pass) {
		h := p.Config.Config.Healthcheck
		if h == nil || len(h.Test) == 0 || h.Test[0] == "NONE" {
			p.Report("no HEALTHCHECK is set", "")
		}
	},
})
