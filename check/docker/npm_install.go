package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/npm-install", Title: "npm install where a lock file should decide", Severity: boltseal.Low,
		Doc: `npm install may choose newer versions than the lock file names and rewrites it on the way, so two builds of one commit differ. npm ci
installs exactly what the lock file says, and ends when that does not fit package.json.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("RUN") {
			for n := range nodeInstalls(step) {
				if n.Tool == "npm" && n.Sub == "install" && len(n.Args) == 0 && n.At.Text != "add" {
					p.Report(n.Span, "npm "+n.At.Text+" does not hold on to the lock file; npm ci does",
						p.Replace("use npm ci", false, n.At.Span, "ci"))
				}
			}
		}
	},
})
