package image

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/update-alone", Title: "history updates package lists in a step of their own", Severity: boltseal.Negligible,
		Controls: []string{"CIS-DI-4.7"},
		Aliases:  []string{"dockle:CIS-DI-0007", "trivy:DS-0017"},
		Doc: `A builder's cache keeps the step, so that a later build installs from lists of long ago, and misses fixes. Write apt-get update && apt-get
install in one RUN.`,
	},
	Run: func(p *Pass) {
		for _, h := range p.Config.History {
			c := command(h.CreatedBy)
			update := strings.Contains(c, "apt-get update") || strings.Contains(c, "apt update") || strings.Contains(c, "apk update")
			if strings.HasPrefix(c, "RUN ") && update && !strings.Contains(c, "install") && !strings.Contains(c, "upgrade") && !strings.Contains(c, "apk add") && !strings.Contains(c, "&&") {
				p.Report("the history says "+clip(c), clip(c))
			}
		}
	},
})
