package docker

import (
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/port-22", Title: "the SSH port is exposed", Severity: boltseal.Medium,
		Aliases: []string{"trivy:DS-0004", "trivy:AVD-DS-0004", "checkov:CKV_DOCKER_1"},
		Doc: `A container is reached through its engine: an SSH server inside is one more service to patch, with keys of its own to leak. Remove the server
and use docker exec or kubectl exec.`,
	},
	Run: func(p *Pass) {
		p.ports(func(w dockerfile.Word, port int, proto string) {
			if port == 22 && proto != "udp" {
				p.Report(w.Span, "port 22 invites an SSH server into the container")
			}
		})
	},
})

// ports calls f for every port that EXPOSE names with a number; -1 stands
// for one that is no number.
func (p *Pass) ports(f func(w dockerfile.Word, port int, proto string)) {
	for step := range p.All("EXPOSE") {
		for _, w := range step.Words {
			text, known := step.State.Vars.Expand(dockerfile.Unquote(w.Text, p.File.Escape), p.File.Escape)
			if !known {
				continue
			}
			ports, proto, _ := strings.Cut(text, "/")
			for port := range strings.SplitSeq(ports, "-") {
				n, err := strconv.Atoi(port)
				if err != nil {
					n = -1
				}
				f(w, n, proto)
			}
		}
	}
}
