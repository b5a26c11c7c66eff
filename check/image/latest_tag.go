package image

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/latest-tag", Title: "image goes by a name that moves", Severity: boltseal.Low,
		Aliases: []string{"dockle:DKL-DI-0006", "hadolint:DL3007", "trivy:DS-0001"},
		Doc: `The tag latest is whatever was pushed last: what runs today is not what was scanned yesterday, and a roll-back has no name to go back to. Give
each build a version and deploy by digest.`,
	},
	Moving: true,
	Run: func(p *Pass) {
		name := p.Artifact.Name
		if tag := name[strings.LastIndexByte(name, '/')+1:]; strings.HasSuffix(tag, ":latest") {
			p.Report(name+" is whatever was pushed last", "")
		}
	},
})
