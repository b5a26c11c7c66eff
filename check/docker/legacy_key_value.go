package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/legacy-key-value", Title: "a variable is set without an equals sign", Severity: boltseal.Negligible,
		Aliases: []string{"buildkit:LegacyKeyValueFormat"},
		Doc: `The old form "ENV name value" takes the rest of the line for the value, so a second variable in it becomes a part of the first. Write
name=value.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("ENV", "LABEL") {
			for _, pair := range step.Pairs {
				if !pair.Legacy || !pair.Set {
					continue
				}
				var fixes []boltseal.Fix
				value := pair.Value.Text
				at := boltseal.Span{Start: pair.Key.Span.End, End: pair.Value.Span.End}
				if !strings.ContainsAny(value, "\"'\\`\n#") && p.File.Text(pair.Value.Span) == value {
					if strings.ContainsAny(value, " \t") {
						value = `"` + value + `"`
					}
					fixes = append(fixes, p.Replace("write an equals sign", true, at, "="+value))
				}
				p.Report(step.Span, step.Name+" "+pair.Key.Text+" takes the rest of the line for its value", fixes...)
			}
		}
	},
})
