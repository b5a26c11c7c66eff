package docker

import "github.com/boltseal/boltseal"

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/repeated-entrypoint", Title: "a stage has several ENTRYPOINT instructions", Severity: boltseal.High,
		Aliases: []string{"hadolint:DL4004", "buildkit:MultipleInstructionsDisallowed", "trivy:DS-0007", "trivy:AVD-DS-0007", "semgrep:multiple-entrypoint-instructions"},
		Doc:     `Only the last ENTRYPOINT of a stage counts; the others do nothing and mislead whoever reads the file. Remove them.`,
	},
	Run: func(p *Pass) {
		p.shadowed("ENTRYPOINT")
	},
})
