package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/unused-stage", Title: "a stage that nothing uses", Severity: boltseal.Low,
		Doc: `The builder leaves out a stage that neither the last one nor its ancestors need, so nothing in it happens: tests do not run, files are not
built. Copy from it, build on it, or remove it. A stage with a name of its own may be meant for docker build --target.`,
	},
	Run: func(p *Pass) {
		if p.chosen() {
			return
		}
		for _, s := range p.Stages {
			if !s.Used && (s.Name == "" || buildName(s.Name)) && s.From != nil {
				p.Report(s.From.Span, s.label()+" is not used by the last stage, so it is not built")
			}
		}
	},
})

// chosen tells whether arguments of the build choose among the stages.
func (p *Pass) chosen() bool {
	for _, s := range p.Stages {
		if text := s.Stage.Image.Text; strings.ContainsRune(text, '$') && !strings.ContainsAny(text, "/:") {
			return true
		}
		for step := range s.All("COPY", "RUN") {
			for _, f := range step.Flags {
				if (f.Name == "from" || f.Name == "mount") && strings.ContainsRune(f.Value.Text, '$') {
					return true
				}
			}
		}
	}
	return false
}

// buildName tells whether a stage is named for what another one needs of it.
func buildName(name string) bool {
	switch name {
	case "build", "builder", "deps", "dependencies", "compile", "compiler":
		return true
	}
	return strings.HasPrefix(name, "build-") || strings.HasSuffix(name, "-builder")
}
