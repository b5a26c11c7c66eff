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
		var fixed *Stage
		for step := range p.All("RUN") {
			if step.State.Pipe || step.Script.Exec || step.Script.Error != nil || setsPipefail(step) {
				continue
			}
			for i := range step.Script.Commands {
				c := &step.Script.Commands[i]
				if !c.Pipes || c.Nested || c.Or || c.Name == "echo" || c.Name == "printf" || c.Name == "yes" || c.Name == "true" || c.Name == "cat" {
					continue
				}
				var fixes []boltseal.Fix
				if step.In != fixed {
					fixes, fixed = p.pipefailShell(step), step.In
				}
				p.Report(c.Span, "when "+c.Name+" fails, the pipe hides it", fixes...)
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

// pipefailShell is the fix that changes the shell before a step, where the
// base image is known to have one that can.
func (p *Pass) pipefailShell(step *Step) []boltseal.Fix {
	base := step.In.BaseImage()
	var shell string
	switch {
	case step.In.last["SHELL"] > 0, step.State.Shell != baseShell(step.In.Root):
		return nil
	case base.PM == "apt" || base.PM == "dnf" || base.PM == "yum":
		shell = `SHELL ["/bin/bash", "-o", "pipefail", "-c"]`
	case base.PM == "apk":
		shell = `SHELL ["/bin/ash", "-o", "pipefail", "-c"]`
	default:
		return nil
	}
	at := step.Span.Start
	if len(step.Above) > 0 {
		at = step.Above[0].Span.Start
	}
	return []boltseal.Fix{p.Insert("choose a shell with pipefail", false, at, shell+p.newline())}
}
