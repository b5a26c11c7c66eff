package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/copy-from-unknown", Title: "COPY --from names a stage that does not come before", Severity: boltseal.Medium,
		Aliases: []string{"hadolint:DL3022"},
		Doc: `What --from names is a stage further up; when there is none of that name, the builder asks a registry for an image that is called so,
which fails or brings something of somebody else. Check the name, and the order of the stages.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("COPY") {
			flag, ok := step.Flag("from")
			name := flag.Value.Text
			if !ok || name == "" || strings.ContainsAny(name, "/:@.$") || p.origin(step) != nil || strings.EqualFold(name, step.In.Name) {
				continue
			}
			n, isNumber := number(name)
			like := similar(name, p.namesBefore(step.In.Index))
			switch {
			case p.File.StageNamed(name, len(p.Stages)) != nil:
				p.Report(flag.Span, "stage "+name+" comes only further down")
			case isNumber && n > step.In.Index:
				p.Report(flag.Span, "there is no stage "+name+" before this one")
			case like != "" && !baseOf(parseRef(name, true)).Found:
				p.Report(flag.Span, "no stage is named "+name+"; did you mean "+like+"?",
					p.Replace("name the stage "+like, false, flag.Value.Span, like))
			}
		}
	},
})

// namesBefore lists the names of the stages before one; nil when there are
// more than people mistype one of.
func (m *Model) namesBefore(index int) []string {
	if index > maxNames {
		return nil
	}
	var out []string
	for _, s := range m.Stages[:index] {
		if s.Name != "" {
			out = append(out, s.Name)
		}
	}
	return out
}
