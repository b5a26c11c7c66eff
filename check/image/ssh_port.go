package image

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/ssh-port", Title: "SSH port is exposed", Severity: boltseal.Low,
		Aliases: []string{"trivy:DS-0004", "checkov:CKV_DOCKER_1"},
		Doc: `A container is reached through its engine. An SSH server inside is one more service to patch, with accounts and keys of its own to leak. Remove
the server and use docker exec or kubectl exec.`,
	},
	Run: func(p *Pass) {
		for port := range p.Config.Config.ExposedPorts {
			if number, proto, _ := strings.Cut(port, "/"); number == "22" && proto != "udp" {
				p.Report("port 22 is exposed", "")
			}
		}
	},
})
