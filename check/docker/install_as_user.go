package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/install-as-user", Title: "packages are installed or removed by an unprivileged user", Severity: boltseal.High,
		Doc: `apt-get, apk, dnf and their like write to folders of root and lock the database of packages. Behind a USER that is not root they end with
"permission denied", and so does the build. Do it before USER, or go back to root for the step and away from it again.`,
	},
	Run: func(p *Pass) {
		for step, c := range p.Calls() {
			user := step.State.User
			if step.State.UserAt == nil || user == "" || isRoot(user) || c.Sudo || c.Or || step.In.Windows {
				continue
			}
			switch c.Verb {
			case "install", "remove", "upgrade", "refresh":
				if _, known := step.State.Vars.Expand(user, p.File.Escape); known {
					line, _ := p.File.Line(step.State.UserAt.Span.Start)
					p.Report(c.Span, c.Name+" "+c.Sub.Text+" needs root, and the step runs as "+user+at(line))
				}
			}
		}
	},
})
