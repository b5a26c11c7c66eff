package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/chown-without-user", Title: "files are given to a user that the container does not run as", Severity: boltseal.Low,
		Doc: `COPY --chown says whose the files are, not who runs the process. Without a USER the container runs as root all the same, and the ownership
only suggests a care that nobody took. End the stage with USER and that id.`,
	},
	Run: func(p *Pass) {
		final := p.Final()
		if final == nil || final.Windows || p.runtimeUser(final) != "" || final.End().UserAt != nil {
			return
		}
		for step := range p.shipped("COPY", "ADD") {
			chown, ok := step.Flag("chown")
			if !ok || step.State.UserAt != nil {
				continue
			}
			owner, known := step.State.Vars.Expand(chown.Value.Text, p.File.Escape)
			if known && !isRoot(owner) {
				p.Report(chown.Span, "the files are given to "+owner+", and the container still runs as root")
				return
			}
		}
	},
})
