package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/env-self-reference", Title: "a variable is used in the ENV that sets it", Severity: boltseal.Medium,
		Aliases: []string{"hadolint:DL3044"},
		Doc: `All values of one ENV are expanded before any of them is set: B in ENV A=1 B=$A sees the A of before, which is empty. Set the first in an
ENV of its own.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("ENV") {
			set := map[string]bool{}
			for _, pair := range step.Pairs {
				if pair.Legacy {
					continue
				}
				for _, name := range bareUses(pair.Value.Text, p.File.Escape) {
					_, before := step.State.Vars.Get(name)
					if set[name] && !before && name != "PATH" && !strings.HasPrefix(pair.Value.Text, "'") {
						p.Report(pair.Value.Span, pair.Key.Text+" uses "+name+", which this same ENV is only about to set")
					}
				}
				set[pair.Key.Text] = true
			}
		}
	},
})
