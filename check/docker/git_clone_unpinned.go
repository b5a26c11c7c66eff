package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/git-clone-unpinned", Title: "git clone takes whatever is there today", Severity: boltseal.Low,
		Doc: `git clone without a revision builds whatever the default branch holds at that moment: two builds differ, and whoever can push to the
branch is in your image. Name a tag with --branch, or check a commit out behind it.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("RUN") {
			for i := range step.Script.Commands {
				c := &step.Script.Commands[i]
				if sub, _ := c.Sub(); c.Name != "git" || sub.Text != "clone" || c.Flagged(0, "-b", "--branch", "--revision") || c.Has("-b") || step.chooses > i+1 {
					continue
				}
				p.Report(c.Span, "git clone takes whatever the default branch holds today")
			}
		}
	},
})
