package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/tls-python", Title: "Python does not check who answers", Severity: boltseal.High,
		Controls: []string{"CIS-DI-4.11"},
		Aliases:  []string{"checkov:CKV2_DOCKER_5"},
		Doc: `PYTHONHTTPSVERIFY=0 turns the check of certificates off for everything that the interpreter fetches, in the build and in the container.
Add the certificate that is missing to the system's store instead.`,
	},
	Run: func(p *Pass) {
		p.envIs("PYTHONHTTPSVERIFY", func(value string) bool { return value == "0" }, "PYTHONHTTPSVERIFY=0 takes what anybody on the way serves")
	},
})
