package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/apk-cache", Title: "apk keeps its index in the layer", Severity: boltseal.Low,
		Aliases: []string{"hadolint:DL3019", "trivy:DS-0025", "trivy:AVD-DS-0025", "dockle:DKL-DI-0004", "semgrep:missing-apk-no-cache"},
		Doc: `apk add without --no-cache leaves the package index in /var/cache/apk. It is of no use to a running container. Give --no-cache, which also
makes apk update needless.`,
	},
	Run: func(p *Pass) {
		for step, c := range p.Commands("apk") {
			sub, _ := c.Sub()
			if sub.Text != "add" || c.Flagged(0, "--no-cache") || hasMount(step, "/var/cache/apk") || hasMount(step, "/etc/apk/cache") || removes(step, "/var/cache/apk") || removes(step, "/lib/apk/db") {
				continue
			}
			p.Report(c.Span, "the package index stays in this layer",
				p.Insert("give --no-cache", true, sub.Span.End, " --no-cache"))
		}
	},
})

// removes tells whether a RUN deletes the path or what is below it.
func removes(step *Step, path string) bool {
	word, ok := step.deleted.from(path)
	return ok && strings.HasPrefix(word, path)
}
