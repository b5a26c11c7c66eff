package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/copy-context-before-deps", Title: "every change of the source installs all dependencies again", Severity: boltseal.Low,
		Doc: `A layer is built again when what it was copied from has changed. COPY . before the install makes each edit of any file download and
install everything once more. Copy the list and the lock file, install, and then copy the rest.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Stages {
			var whole *Step
			done := false
			for step := range s.All("COPY", "ADD", "RUN") {
				if step.Name != "RUN" {
					if wholeContext(step) && whole == nil {
						whole = step
					}
					continue
				}
				for i := range step.Script.Commands {
					c := &step.Script.Commands[i]
					list := manifestOf(c)
					if list == "" || c.Name == "cargo" {
						continue
					}
					if whole != nil && !done && !cached(step) {
						p.Report(whole.Span, whole.Name+" of everything comes before "+strings.TrimSpace(c.Name+" "+subText(c))+", which then runs again after every change of a file")
					}
					done = true
				}
			}
		}
	},
})

func subText(c *dockerfile.Command) string {
	sub, _ := c.Sub()
	return sub.Text
}

// cached tells whether a RUN keeps its downloads in a mount of the builder.
func cached(step *Step) bool {
	for _, f := range step.Flags {
		if f.Name == "mount" && mountOption(f.Value.Text, "type") == "cache" {
			return true
		}
	}
	return false
}
