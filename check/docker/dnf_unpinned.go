package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/dnf-unpinned", Title: "dnf, yum or zypper takes whatever version there is", Severity: boltseal.Negligible,
		Aliases: []string{"hadolint:DL3033", "hadolint:DL3037", "hadolint:DL3041"},
		Doc: `Two builds of one commit install different versions, and nobody can say which. Name the version: dnf install curl-8.12.1, zypper install
curl=8.12.1.`,
	},
	Run: func(p *Pass) {
		p.unpinned("dnf", "yum", "microdnf", "zypper")
	},
})
