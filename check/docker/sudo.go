package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/sudo", Title: "sudo in a build", Severity: boltseal.Medium,
		Aliases: []string{"hadolint:DL3004", "trivy:DS-0010", "trivy:AVD-DS-0010", "checkov:CKV2_DOCKER_1", "dockle:DKL-DI-0001", "semgrep:no-sudo-in-dockerfile"},
		Doc: `A build runs as the stage's user. As root, sudo does nothing; as another user it needs a password or a rule that makes the user root, and
then stays in the image as a way up. Use USER to change who runs a step.`,
	},
	Run: func(p *Pass) {
		for step, c := range p.Commands() {
			if !c.Sudo {
				continue
			}
			text := p.File.Text(c.Span)
			var fixes []boltseal.Fix
			if rest, ok := strings.CutPrefix(text, "sudo "); ok && (step.State.UserAt == nil || isRoot(step.State.User)) && !strings.HasPrefix(rest, "-") {
				at := c.Span
				at.End = at.Start + len("sudo ")
				fixes = append(fixes, p.Replace("leave sudo out", true, at, ""))
			}
			p.Report(c.Span, "sudo has no place in a build", fixes...)
		}
	},
})
