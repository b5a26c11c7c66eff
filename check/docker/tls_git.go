package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/tls-git", Title: "git does not check who answers", Severity: boltseal.High,
		Controls: []string{"CIS-DI-4.11"},
		Aliases:  []string{"checkov:CKV2_DOCKER_14"},
		Doc: `With the check of certificates off git clones what anybody on the way serves, and the build compiles it. Name the missing certificate with
http.sslCAInfo.`,
	},
	Run: func(p *Pass) {
		for _, c := range p.Commands("git") {
			text := strings.ToLower(" " + joined(c) + " ")
			if strings.Contains(text, "http.sslverify=false") || strings.Contains(text, "http.sslverify false") || strings.Contains(text, "sslverify=0") {
				p.Report(c.Span, "git takes what anybody on the way serves")
			}
		}
		p.envIs("GIT_SSL_NO_VERIFY", func(value string) bool { return value != "" && value != "0" && value != "false" }, "GIT_SSL_NO_VERIFY takes what anybody on the way serves")
	},
})
