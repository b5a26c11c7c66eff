package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/yarn-cache", Title: "yarn keeps what it downloaded in the layer", Severity: boltseal.Low,
		Aliases: []string{"hadolint:DL3060"},
		Doc: `Yarn 1 stores every archive that it downloads in its cache folder. In an image nobody will install them again. Clean the cache in the same
RUN, or mount one.`,
	},
	Run: func(p *Pass) {
		for step := range p.shipped("RUN") {
			var last *nodeCall
			for n := range nodeInstalls(step) {
				if n.Tool == "yarn" {
					last = &n
				}
			}
			if last == nil || cached(step) || last.Has("--immutable") || cleansYarn(step) {
				continue
			}
			var fixes []boltseal.Fix
			if end, ok := chainEnd(step); ok {
				fixes = append(fixes, p.Insert("clean the cache in the same layer", true, end.Span.End, " && yarn cache clean"))
			}
			p.Report(last.Span, "what yarn downloads stays in this layer", fixes...)
		}
	},
})

func cleansYarn(step *Step) bool {
	for i := range step.Script.Commands {
		c := &step.Script.Commands[i]
		if c.Name == "yarn" && c.Has("cache") && c.Has("clean") || c.Name == "rm" && strings.Contains(joined(c), "yarn") {
			return true
		}
	}
	return false
}
