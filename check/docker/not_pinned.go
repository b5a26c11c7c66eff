package docker

import "github.com/boltseal/boltseal"

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/not-pinned", Title: "the base image is not pinned by digest", Severity: boltseal.Low,
		Controls: []string{"NIST-800-190/4.1.5"},
		Aliases:  []string{"scorecard:Pinned-Dependencies", "semgrep:dockerfile-source-not-pinned"},
		Doc: `A tag may be moved to other content, by its owner or by whoever takes over the account; a digest cannot. Write both, so that people can read
the version and machines get the content: node:22.12.0-alpine3.21@sha256:… A bot can then raise both in a change that somebody reviews.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Stages {
			if s.Base == nil && s.Image.Known && s.Image.Tag != "" && s.Image.Tag != "latest" && s.Image.Digest == "" {
				p.Report(s.Stage.Image.Span, s.Image.Raw+" may be moved to other content; a digest may not")
			}
		}
	},
})
