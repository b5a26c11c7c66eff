package docker

import (
	"strconv"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/reinstall-after-copy", Title: "modules are copied and then installed again", Severity: boltseal.Medium,
		Doc: `npm ci deletes node_modules before it installs. What an earlier COPY put there is gone from the container, but its layer stays in the
image: everybody downloads it, development components and all. Drop the COPY, or drop the install and prune in the stage that builds.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("RUN") {
			for n := range nodeInstalls(step) {
				if n.Sub != "ci" {
					continue
				}
				if at := copiedModules(step, n.Dir); at != nil {
					line, _ := p.File.Line(at.Span.Start)
					p.Report(n.Span, "npm ci deletes the node_modules that "+at.Name+" in line "+strconv.Itoa(line)+" brought, and that layer stays")
				}
			}
		}
	},
})

// copiedModules is the last instruction before a step that puts node_modules
// into a folder; a folder that is not known is taken for the same.
func copiedModules(before *Step, dir string) *Step {
	p := before.State.past
	if dir == "" {
		return p.copied
	}
	here, _ := p.modules.Get(dir)
	if anywhere, ok := p.modules.Get(""); ok && (here == nil || anywhere.at > here.at) {
		return anywhere
	}
	return here
}
