package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/accept"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/description-comment", Title: "a comment that describes another name than the one below it", Severity: boltseal.Negligible,
		Aliases: []string{"buildkit:InvalidDefinitionDescription"},
		Doc: `The builder shows a comment directly above ARG or FROM as the description of the argument or stage, when its first word is the name:
"# builder compiles the program". Where a file asks for that check with "# check=experimental=…", other comments there are taken for
mistyped descriptions. Begin with the name, or leave an empty line between.`,
	},
	Run: func(p *Pass) {
		if !p.experimental("InvalidDefinitionDescription") {
			return
		}
		for _, in := range p.File.Instrs {
			name := ""
			switch {
			case in.Name == "ARG" && len(in.Pairs) == 1:
				name = in.Pairs[0].Key.Text
			case in.Name == "FROM" && len(in.Words) == 3:
				name = in.Words[2].Text
			}
			if name == "" || len(in.Above) == 0 {
				continue
			}
			last := in.Above[len(in.Above)-1]
			if strings.Count(p.File.Text(boltseal.Span{Start: last.Span.End, End: in.Span.Start}), "\n") > 1 {
				continue
			}
			if first, _, _ := strings.Cut(last.Text, " "); first != name && len(accept.Parse(last.Text)) == 0 {
				p.Report(last.Span, "the comment above "+in.Name+" "+name+" does not begin with "+name)
			}
		}
	},
})

// experimental tells whether the file asks for one of the builder's checks
// that are off by default.
func (p *Pass) experimental(name string) bool {
	for _, d := range p.File.Directives {
		for field := range strings.SplitSeq(d.Value, ";") {
			list, ok := strings.CutPrefix(strings.TrimSpace(field), "experimental=")
			if d.Name != "check" || !ok {
				continue
			}
			for one := range strings.SplitSeq(list, ",") {
				if one = strings.TrimSpace(one); one == "all" || one == name {
					return true
				}
			}
		}
	}
	return false
}
