package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/go-unpinned", Title: "go install takes whatever version there is", Severity: boltseal.Low,
		Aliases: []string{"hadolint:DL3062"},
		Doc:     `@latest and branch names are other code tomorrow. Write @v1.2.3: the checksum database then vouches that everybody gets the same.`,
	},
	Run: func(p *Pass) {
		for _, c := range p.Commands("go") {
			sub, rest := c.Sub()
			if sub.Text != "install" && sub.Text != "get" && sub.Text != "run" {
				continue
			}
			for _, w := range rest {
				name, version, ok := strings.Cut(w.Text, "@")
				if ok && strings.Contains(name, ".") && (version == "latest" || version == "master" || version == "main" || version == "upgrade") {
					p.Report(w.Span, w.Text+" is other code tomorrow")
				}
			}
		}
	},
})
