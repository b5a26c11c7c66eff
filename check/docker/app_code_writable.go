package docker

import (
	"path"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/app-code-writable", Title: "the application can change its own code", Severity: boltseal.Low,
		Doc: `A process that owns its code can be made to rewrite it: one upload or template bug then survives until the image is replaced. Leave the
code to root and readable for all, and give the process only the folders that it must write.`,
	},
	Run: func(p *Pass) {
		final := p.Final()
		if final == nil {
			return
		}
		user, _, _ := strings.Cut(p.runtimeUser(final), ":")
		if user == "" {
			return
		}
		for step := range p.shipped("COPY", "ADD", "RUN") {
			if step.Name == "RUN" {
				if c := p.givesCodeAway(step, user); c != nil {
					p.Report(c.Span, "the process runs as "+user+" and is given its own code: it can be made to change it")
					return
				}
				continue
			}
			chown, ok := step.Flag("chown")
			if !ok || !codeIn(step) {
				continue
			}
			owner, known := step.State.Vars.Expand(chown.Value.Text, p.File.Escape)
			owner, _, _ = strings.Cut(owner, ":")
			if known && owner == user {
				p.Report(chown.Span, "the process runs as "+user+" and owns its own code: it can be made to change it")
				return
			}
		}
	},
})

// givesCodeAway is the chown of a RUN that makes a user the owner of what was
// copied before.
func (p *Pass) givesCodeAway(step *Step, user string) *dockerfile.Command {
	for i := range step.Script.Commands {
		c := &step.Script.Commands[i]
		if c.Name != "chown" || !c.Flagged('R', "--recursive") {
			continue
		}
		owner, paths := c.Sub()
		if name, _, _ := strings.Cut(owner.Text, ":"); name != user {
			continue
		}
		for _, w := range paths {
			at := step.State.target(w.Text, p.File.Escape)
			if _, ok := step.State.past.code.below(at); at != "" && ok {
				return c
			}
		}
	}
	return nil
}

// codeIn tells whether COPY or ADD most likely brings a program: all of the
// context, or something of another stage.
func codeIn(step *Step) bool {
	if _, from := step.Flag("from"); from || wholeContext(step) {
		return true
	}
	for _, source := range sources(step) {
		switch path.Base(source) {
		case "src", "app", "dist", "build", "lib", "bin", "server.js", "index.js", "app.py", "main.py":
			return true
		}
	}
	return false
}
