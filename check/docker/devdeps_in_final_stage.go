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
			if dir := comesAlong(p.devModules(from), sources(step)); dir != "" {
				p.Report(step.Span, "components for development come along: "+from.label()+" installs all of package.json into "+dir)
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

// comesAlong is the first of the folders that one of the sources holds.
func comesAlong(dirs, sources []string) string {
	for _, source := range sources {
		for _, dir := range dirs {
			if within(dir, path.Join("/", source)) {
				return dir
			}
		}
	}
	return ""
}

// devModules are the folders of a stage that hold development components at
// the stage's end. A prune is taken to clean them all.
func (p *Pass) devModules(s *Stage) []string {
	var dirs []string
	for step := range s.history("RUN") {
		for n := range nodeInstalls(step) {
			if n.Dir != "" && !n.Prod && len(n.Args) == 0 {
				dirs = append(dirs, path.Join(n.Dir, "node_modules"))
			}
		}
		if prunes(step) {
			dirs = nil
		}
	}
	return dirs
}

// label is how people speak of a stage.
func (s *Stage) label() string {
	if s.Alias.Text != "" {
		return "stage " + s.Alias.Text
	}
	return "stage " + strconv.Itoa(s.Index)
}
