package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/stage-casing", Title: "a stage's name has capital letters", Severity: boltseal.Negligible,
		Aliases: []string{"buildkit:StageNameCasing"},
		Doc: `The builder compares stage names without regard to case and stores them in lower case, so capitals only make two spellings of one name.
Write it in lower case.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Stages {
			if s.Alias.Text != strings.ToLower(s.Alias.Text) {
				p.Report(s.Alias.Span, "stage "+s.Alias.Text+" has capital letters",
					p.Replace("write it in lower case", true, s.Alias.Span, strings.ToLower(s.Alias.Text)))
			}
		}
	},
})
