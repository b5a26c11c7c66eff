package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/pipefail", Title: "a failure before a pipe goes unseen", Severity: boltseal.Low,
		Aliases: []string{"hadolint:DL4006", "semgrep:set-pipefail"},
		Doc: `A pipe succeeds when its last command does: when the download before it fails, the build goes on with what is missing or cut short. Say
SHELL ["/bin/bash", "-o", "pipefail", "-c"], or set -o pipefail in a shell that has it.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("RUN") {
			if step.State.Pipe || step.Script.Exec || step.Script.Error != nil || setsPipefail(step) {
				continue
			}
			for i := range step.Script.Commands {
				c := &step.Script.Commands[i]
				if !c.Pipes || c.Nested || c.Or || c.Name == "echo" || c.Name == "printf" || c.Name == "yes" || c.Name == "true" || c.Name == "cat" {
					continue
				}
				p.Report(c.Span, "when "+c.Name+" fails, the pipe hides it")
				break
			}
		}
	},
})

func setsPipefail(step *Step) bool {
	for i := range step.Script.Commands {
		if c := &step.Script.Commands[i]; c.Has("pipefail") || strings.Contains(joined(c), "pipefail") {
			return true
		}
	}
	return false
}
