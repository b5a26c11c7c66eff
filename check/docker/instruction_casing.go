package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/instruction-casing", Title: "an instruction is not in the case of the others", Severity: boltseal.Negligible,
		Aliases: []string{"buildkit:ConsistentInstructionCasing"},
		Doc: `Instructions may be written in any case, but one file should hold on to one: an odd one is easily read as an argument of the line above.
Capitals are what most people write.`,
	},
	Run: func(p *Pass) {
		upper, lower := 0, 0
		for _, in := range p.File.Instrs {
			switch in.Keyword.Text {
			case in.Name:
				upper++
			case strings.ToLower(in.Name):
				lower++
			}
		}
		for _, in := range p.File.Instrs {
			should := in.Name
			if lower > upper {
				should = strings.ToLower(in.Name)
			}
			if in.Keyword.Text != should {
				p.Report(in.Keyword.Span, in.Keyword.Text+" is not in the case of the other instructions",
					p.Replace("write "+should, true, in.Keyword.Span, should))
			}
		}
	},
})
