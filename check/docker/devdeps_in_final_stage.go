package docker

import (
	"path"
	"strconv"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/devdeps-in-final-stage", Title: "what is for development only is in the image", Severity: boltseal.Medium,
		Doc: `npm, yarn and pnpm install compilers, test runners and bundlers along with what the application needs, unless they are told not to. In the
image they are dead weight and hundreds of components to patch. Install with --omit=dev, or prune before the copy.`,
	},
	Run: func(p *Pass) {
		final := p.Final()
		if final == nil {
			return
		}
		for step := range p.shipped("COPY", "RUN") {
			if step.Name == "RUN" {
				p.devInstall(step)
				continue
			}
			from := p.origin(step)
			if from == nil {
				continue
			}
			dir := p.devModules(from)
			for _, source := range sources(step) {
				source = path.Join("/", source)
				if dir != "" && within(dir, source) {
					p.Report(step.Span, "components for development come along: "+from.label()+" installs all of package.json into "+dir)
					break
				}
			}
		}
	},
})

// devInstall reports an install in the image itself that nothing takes
// development components from again.
func (p *Pass) devInstall(step *Step) {
	if prunes(step) {
		return
	}
	for later := range step.later() {
		if prunes(later) {
			return
		}
	}
	for n := range nodeInstalls(step) {
		if !n.Prod && len(n.Args) == 0 {
			p.Report(n.Span, n.Tool+" installs what is for development too, and it stays in the image")
			return
		}
	}
}

// devModules is the folder of a stage that holds development components at
// the stage's end.
func (p *Pass) devModules(s *Stage) string {
	dir := ""
	for step := range s.history("RUN") {
		for n := range nodeInstalls(step) {
			if n.Dir != "" && !n.Prod && len(n.Args) == 0 {
				dir = path.Join(n.Dir, "node_modules")
			}
		}
		if prunes(step) {
			dir = ""
		}
	}
	return dir
}

// label is how people speak of a stage.
func (s *Stage) label() string {
	if s.Alias.Text != "" {
		return "stage " + s.Alias.Text
	}
	return "stage " + strconv.Itoa(s.Index)
}
