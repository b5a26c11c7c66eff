package docker

import (
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/maintainer", Title: "MAINTAINER is deprecated", Severity: boltseal.Low,
		Aliases: []string{"hadolint:DL4000", "buildkit:MaintainerDeprecated", "trivy:DS-0022", "trivy:AVD-DS-0022", "checkov:CKV_DOCKER_6"},
		Doc:     `MAINTAINER was replaced by labels years ago, and tools do not read it. Write LABEL org.opencontainers.image.authors instead.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("MAINTAINER") {
			p.Report(step.Span, "MAINTAINER is read by nobody; a label is",
				p.Replace("write a label", true, step.Span, "LABEL org.opencontainers.image.authors="+strconv.Quote(strings.Trim(step.Args.Value, `"'`))))
		}
	},
})
