package docker

import (
	"path"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/add-for-archive", Title: "an archive is copied and unpacked in two layers", Severity: boltseal.Low,
		Aliases: []string{"hadolint:DL3010"},
		Doc:     `ADD unpacks a local archive by itself. COPY and tar keep the archive in a layer of its own, where deleting it frees nothing.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("COPY") {
			if !fromContext(step) {
				continue
			}
			for _, source := range sources(step) {
				if isArchive(source) && strings.Contains(source, ".t") && step.behind("tar "+path.Base(source)) {
					p.Report(step.Span, source+" is unpacked later on, and stays in this layer")
				}
			}
		}
	},
})
