package docker

import (
	"encoding/json"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/shell-form", Title: "CMD or ENTRYPOINT goes through a shell", Severity: boltseal.Low,
		Aliases: []string{"hadolint:DL3025", "buildkit:JSONArgsRecommended", "semgrep:prefer-json-notation"},
		Doc: `In shell form the program runs below /bin/sh -c: the shell gets the signals and does not pass them on, so a stop waits for its time limit
and kills; arguments of docker run are ignored by an ENTRYPOINT; and the image needs a shell at all. Write the exec form, a JSON array.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("CMD", "ENTRYPOINT") {
			if step.IsJSON() || step.Args.Value == "" || step.In.Windows {
				continue
			}
			var fixes []boltseal.Fix
			if words, ok := plainWords(step); ok {
				fixes = append(fixes, p.Replace("write the exec form", true, step.Args.Span(0, len(step.Args.Value)), jsonArray(words)))
			}
			p.Report(step.Span, step.Name+" runs below a shell that keeps the signals to itself", fixes...)
		}
	},
})

// plainWords are the words of a shell form that is one simple command
// without anything that a shell would act on.
func plainWords(step *Step) ([]string, bool) {
	s := step.Script
	if s == nil || s.Error != nil || len(s.Commands) != 1 || strings.ContainsAny(step.Args.Value, "|&;<>()$`*?[]{}~#!\n") {
		return nil, false
	}
	c := s.Commands[0]
	if len(c.Assign) > 0 || c.Sudo || c.Negate || len(c.Args) == 0 || len(c.Args) != len(step.Words) {
		return nil, false
	}
	var words []string
	for i, w := range c.Args {
		if !c.Const[i] {
			return nil, false
		}
		words = append(words, w.Text)
	}
	return words, true
}

func jsonArray(words []string) string {
	parts := make([]string, len(words))
	for i, w := range words {
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(w); err != nil {
			panic(err) // a string can always be written
		}
		parts[i] = strings.TrimSuffix(b.String(), "\n")
	}
	return "[" + strings.Join(parts, ", ") + "]"
}
