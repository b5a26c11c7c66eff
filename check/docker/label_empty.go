package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/label-empty", Title: "a label is empty", Severity: boltseal.Negligible,
		Aliases: []string{"hadolint:DL3051"},
		Doc:     `A key without a value tells nobody anything, and tools take it for a fact. Give it a value or leave it out.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("LABEL") {
			for _, pair := range step.Pairs {
				if pair.Set && strings.Trim(pair.Value.Text, `"' `) == "" {
					p.Report(pair.Key.Span, "the label "+pair.Key.Text+" has no value")
				}
			}
		}
	},
})
