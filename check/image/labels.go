package image

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/labels", Title: "image does not say where it comes from", Severity: boltseal.Negligible,
		Doc: `Whoever finds a flaw in a running container has to find the source that it was built from. The labels org.opencontainers.image.source and
org.opencontainers.image.revision lead there; base.name and base.digest tell which images need a rebuild when their base is mended.`,
	},
	Run: func(p *Pass) {
		var missing []string
		for _, label := range []string{"source", "revision", "base.name", "base.digest"} {
			if p.Config.Config.Labels["org.opencontainers.image."+label] == "" {
				missing = append(missing, label)
			}
		}
		if len(missing) > 0 {
			p.Report("labels org.opencontainers.image.* that are missing: "+strings.Join(missing, ", "), "")
		}
	},
})
