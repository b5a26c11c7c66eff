package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/empty-continuation", Title: "an empty line stands inside an instruction", Severity: boltseal.Low,
		Aliases: []string{"buildkit:NoEmptyContinuation"},
		Doc: `Builders still pass over empty lines between continued ones, and say that they will not for ever. Then the instruction ends there, and its
rest is read as one of its own. Delete the line, or make it a comment.`,
	},
	Run: func(p *Pass) {
		for _, in := range p.File.Instrs {
			if len(in.Empty) == 0 {
				continue
			}
			fix := boltseal.Fix{Title: "delete the empty lines", Safe: true}
			for _, at := range in.Empty {
				fix.Edits = append(fix.Edits, boltseal.Edit{File: p.File.Name, Span: at})
			}
			p.Report(in.Keyword.Span, "an empty line stands inside "+in.Name, fix)
		}
	},
})
