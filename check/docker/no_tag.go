package docker

import "github.com/boltseal/boltseal"

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/no-tag", Title: "the base image has no tag", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-4.2", "NIST-800-190/4.1.5"},
		Aliases:  []string{"hadolint:DL3006", "trivy:DS-0001", "trivy:AVD-DS-0001", "checkov:CKV_DOCKER_7"},
		Doc: `Without a tag the builder takes "latest", which is whatever was pushed last. Two builds of one commit then differ, and nobody can
say which base was scanned. Name a version, and pin it by digest.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Stages {
			if s.Base == nil && s.Image.Known && s.Image.Name != "" && s.Image.Name != "scratch" && s.Image.Tag == "" && s.Image.Digest == "" {
				p.Report(s.Stage.Image.Span, s.Image.Raw+" has no tag, so this is whatever was pushed last")
			}
		}
	},
})
