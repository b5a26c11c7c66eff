package docker

import "github.com/boltseal/boltseal"

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/latest-tag", Title: "the base image is tagged latest", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-4.2"},
		Aliases:  []string{"hadolint:DL3007", "trivy:DS-0001", "trivy:AVD-DS-0001", "checkov:CKV_DOCKER_7"},
		Doc: `The tag "latest" is whatever was pushed last: two builds of one commit differ, an update arrives unannounced, and a scan of the base says
nothing about the next build. Name a version, and pin it by digest.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Stages {
			if s.Base == nil && s.Image.Known && s.Image.Tag == "latest" && s.Image.Digest == "" {
				p.Report(s.Stage.Image.Span, s.Image.Raw+" is whatever was pushed last")
			}
		}
	},
})
