package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/platform-redundant", Title: "--platform=$TARGETPLATFORM says what holds anyway", Severity: boltseal.Negligible,
		Aliases: []string{"hadolint:DL3065", "buildkit:RedundantTargetPlatform"},
		Doc: `The builder takes base images for the platform that is built for; saying so once more only makes readers look for a reason. Leave the flag
out.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Stages {
			if flag, ok := s.From.Flag("platform"); ok && (flag.Value.Text == "$TARGETPLATFORM" || flag.Value.Text == "${TARGETPLATFORM}") {
				at := flag.Span
				for at.End < len(p.File.Source) && (p.File.Source[at.End] == ' ' || p.File.Source[at.End] == '\t') {
					at.End++
				}
				p.Report(flag.Span, "the platform is "+flag.Value.Text+" anyway", p.Replace("leave the flag out", true, at, ""))
			}
		}
	},
})
