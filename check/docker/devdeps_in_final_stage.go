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
			if dir := comesAlong(from.End().past.dev, sources(step)); dir != "" {
				p.Report(step.Span, "components for development come along: "+from.label()+" installs all of package.json into "+dir)
			}
		}
	},
})

// devInstall reports an install in the image itself that nothing takes
// development components from again.
func (p *Pass) devInstall(step *Step) {
	if step.Prunes || step.behind("prune") {
		return
	}
	for n := range nodeInstalls(step) {
		if !n.Prod && len(n.Args) == 0 {
			p.Report(n.Span, n.Tool+" installs what is for development too, and it stays in the image")
			return
		}
	}
}

// comesAlong is the first of the folders that one of the sources holds.
func comesAlong(dirs shelf[*Step], sources []string) string {
	for _, source := range sources {
		if dir, ok := dirs.below(path.Join("/", source)); ok {
			return dir
		}
	}
	return ""
}

// label is how people speak of a stage.
func (s *Stage) label() string {
	if s.Alias.Text != "" {
		return "stage " + s.Alias.Text
	}
	return "stage " + strconv.Itoa(s.Index)
}
