package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/label-missing", Title: "a label that this project asks for is not set", Severity: boltseal.Low,
		Aliases: []string{"hadolint:DL3049"},
		Doc: `The policy of this project names labels that every image must have, so that people find its source and its owners. Set them in the last
stage.`,
	},
	Run: func(p *Pass) {
		final := p.Final()
		if final == nil {
			return
		}
		for _, key := range p.Options.Labels {
			found := false
			for step := range p.shipped("LABEL") {
				for _, pair := range step.Pairs {
					found = found || strings.Trim(pair.Key.Text, `"'`) == key
				}
			}
			if !found {
				p.Report(final.From.Span, "the label "+key+" is not set")
			}
		}
	},
})
