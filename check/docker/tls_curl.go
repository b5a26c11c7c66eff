package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/tls-curl", Title: "curl does not check who answers", Severity: boltseal.High,
		Controls: []string{"CIS-DI-4.11"},
		Aliases:  []string{"checkov:CKV2_DOCKER_2"},
		Doc: `With -k curl takes what anybody on the way serves, and the build runs it as root. Install ca-certificates, or give the one certificate
that is needed with --cacert.`,
	},
	Run: func(p *Pass) {
		for _, c := range p.Commands("curl") {
			if c.Flagged(0, "--insecure", "--proxy-insecure") || shortFlag(c, 'k', "AbcCdDeEFhHKmoPQrTuUwxXyYzt") {
				p.Report(c.Span, "curl takes what anybody on the way serves")
			}
		}
	},
})

// shortFlag tells whether a letter is among the short flags; a letter of
// valued takes the rest of its word, or the next word, for its value.
func shortFlag(c *dockerfile.Command, letter byte, valued string) bool {
	for i := 1; i < len(c.Args); i++ {
		w := c.Args[i].Text
		if len(w) < 2 || w[0] != '-' || w[1] == '-' {
			continue
		}
		for j := 1; j < len(w); j++ {
			if w[j] == letter {
				return true
			}
			if strings.IndexByte(valued, w[j]) >= 0 {
				if j == len(w)-1 {
					i++
				}
				break
			}
		}
	}
	return false
}
