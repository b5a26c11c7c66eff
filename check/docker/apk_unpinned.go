package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/apk-unpinned", Title: "apk takes whatever version there is", Severity: boltseal.Negligible,
		Aliases: []string{"hadolint:DL3018"},
		Doc: `Two builds of one commit install different versions, and nobody can say which. Alpine's repositories keep only the newest, so pin with ~=
to a minor version, or pin the base image by digest.`,
	},
	Run: func(p *Pass) {
		p.unpinned("apk")
	},
})
