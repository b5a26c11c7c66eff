package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/useradd-log-init", Title: "useradd with a large id makes a huge file", Severity: boltseal.Low,
		Aliases: []string{"hadolint:DL3046"},
		Doc: `useradd writes records of all ids up to the new one to /var/log/lastlog and faillog. For ids of six digits and more those sparse files are
gigabytes, which builders write out in full. Give --no-log-init.`,
	},
	Run: func(p *Pass) {
		for _, c := range p.Commands("useradd") {
			id, _ := account(c)
			if len(id.Text) < 6 || c.Flagged('l', "--no-log-init") {
				continue
			}
			if _, ok := number(id.Text); ok {
				p.Report(c.Span, "useradd with the id "+id.Text+" writes a huge lastlog into the layer",
					p.Insert("give --no-log-init", true, c.Args[0].Span.End, " --no-log-init"))
			}
		}
	},
})
