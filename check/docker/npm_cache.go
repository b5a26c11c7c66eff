package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/npm-cache", Title: "npm keeps what it downloaded in the layer", Severity: boltseal.Low,
		Doc: `npm stores every archive that it downloads below ~/.npm. In an image nobody will install them again. Clean the cache in the same RUN, or
mount one with --mount=type=cache,target=/root/.npm.`,
	},
	Run: func(p *Pass) {
		for step := range p.shipped("RUN") {
			var last *nodeCall
			for n := range nodeInstalls(step) {
				if n.Tool == "npm" {
					last = &n
				}
			}
			if last == nil || hasMount(step, "/root/.npm") || cached(step) || removes(step, "/root/.npm") || removes(step, "~/.npm") || cleansNpm(step) {
				continue
			}
			var fixes []boltseal.Fix
			if end, ok := chainEnd(step); ok {
				fixes = append(fixes, p.Insert("clean the cache in the same layer", true, end.Span.End, " && npm cache clean --force"))
			}
			p.Report(last.Span, "what npm downloads stays in this layer", fixes...)
		}
	},
})

func cleansNpm(step *Step) bool {
	for i := range step.Script.Commands {
		c := &step.Script.Commands[i]
		if c.Name == "npm" && c.Has("cache") && c.Has("clean", "rm", "clear") || c.Name == "rm" && strings.Contains(joined(c), ".npm") {
			return true
		}
		for _, w := range c.Args {
			if c.Name == "npm" && strings.HasPrefix(w.Text, "--cache=/tmp") {
				return true
			}
		}
	}
	return false
}
