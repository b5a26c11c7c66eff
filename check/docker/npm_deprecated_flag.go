package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/npm-deprecated-flag", Title: "npm is given a flag that it has replaced", Severity: boltseal.Low,
		Doc: `Since version 7 npm warns about --production and --only and says to use --omit=dev; a later version will not know them, and would install
everything. Write --omit=dev.`,
	},
	Run: func(p *Pass) {
		for step, c := range p.Commands("npm") {
			major := nodeMajor(step.In.Root.Image)
			if major != 0 && major < 16 {
				continue // npm 6 does not know --omit
			}
			for i, w := range c.Args {
				at, old := w.Span, w.Text
				switch w.Text {
				case "--production", "--production=true", "--only=prod", "--only=production":
				case "--only":
					if i+1 >= len(c.Args) || !strings.HasPrefix(c.Args[i+1].Text, "prod") {
						continue
					}
					at.End = c.Args[i+1].Span.End
					old += " " + c.Args[i+1].Text
				default:
					continue
				}
				p.Report(at, old+" is deprecated", p.Replace("write --omit=dev", major >= 16, at, "--omit=dev"))
			}
		}
	},
})
