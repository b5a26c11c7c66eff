package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/as-casing", Title: "FROM and AS are not in the same case", Severity: boltseal.Negligible,
		Aliases: []string{"buildkit:FromAsCasing"},
		Doc:     `Keywords of one line in two cases make a reader stumble. Write both in capitals, as nearly every Dockerfile does.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Stages {
			if len(s.From.Words) != 3 {
				continue
			}
			as := s.From.Words[1]
			if !strings.EqualFold(as.Text, "as") {
				continue
			}
			if (s.From.Keyword.Text == "FROM") != (as.Text == "AS") {
				p.Report(as.Span, as.Text+" is not in the case of "+s.From.Keyword.Text,
					p.Replace("write both alike", true, as.Span, sameCase(s.From.Keyword.Text, "AS")))
			}
		}
	},
})
