package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/curl-no-fail", Title: "curl takes an error page for the file", Severity: boltseal.Low,
		Doc: `Without -f curl writes whatever the server says, error pages included, and reports success: the build goes on with a page of HTML in the
place of the program. Give -f.`,
	},
	Run: func(p *Pass) {
		for _, c := range p.Commands("curl") {
			if c.Flagged(0, "--fail", "--fail-with-body", "--fail-early", "--version", "-V", "--help", "-w", "--write-out", "-I", "--head") || shortFlag(c, 'f', "AbcCdDeEFhHKmoPQrTuUwxXyYzt") || len(c.Args) < 2 || !fetchesAddress(c) {
				continue
			}
			p.Report(c.Span, "curl without -f takes an error page for the file",
				p.Insert("give -f", false, c.Args[0].Span.End, " -f"))
		}
	},
})

func fetchesAddress(c *dockerfile.Command) bool {
	for _, w := range c.Args[1:] {
		if strings.HasPrefix(w.Text, "http") || strings.HasPrefix(w.Text, `"http`) {
			return true
		}
	}
	return false
}
