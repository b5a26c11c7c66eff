package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/system-upgrade", Title: "the whole system is upgraded in the build", Severity: boltseal.Low,
		Aliases: []string{"hadolint:DL3035", "trivy:DS-0024", "semgrep:avoid-apt-get-upgrade", "semgrep:avoid-apk-upgrade", "semgrep:avoid-dnf-update", "semgrep:avoid-yum-update", "semgrep:avoid-zypper-update", "dockle:DKL-DI-0003"},
		Doc: `An upgrade of everything makes each build another one, doubles the changed files in a new layer, and hides that the base image is old.
Move to a newer base image, which has the fixes already, and upgrade single packages by name where that cannot wait.`,
	},
	Run: func(p *Pass) {
		for _, c := range p.Calls() {
			if c.Verb == "upgrade" && len(c.Names) == 0 && c.Whole {
				p.Report(c.Span, c.Name+" "+c.Sub.Text+" changes every package of the base image; take a newer base instead")
			}
		}
	},
})
