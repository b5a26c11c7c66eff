package docker

import "github.com/boltseal/boltseal"

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/repeated-healthcheck", Title: "a stage has several HEALTHCHECK instructions", Severity: boltseal.Medium,
		Aliases: []string{"hadolint:DL3012", "buildkit:MultipleInstructionsDisallowed", "trivy:DS-0023", "trivy:AVD-DS-0023"},
		Doc:     `Only the last HEALTHCHECK of a stage counts; the others do nothing and mislead whoever reads the file. Remove them.`,
	},
	Run: func(p *Pass) {
		p.shadowed("HEALTHCHECK")
	},
})
