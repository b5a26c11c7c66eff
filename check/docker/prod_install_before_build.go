package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/prod-install-before-build", Title: "the build needs what the install left out", Severity: boltseal.Medium,
		Doc: `Compilers and bundlers are development dependencies as a rule. After an install for production they are missing, so npm run build fails or
takes another version from the network. Install everything in the stage that builds, and prune behind it.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Stages {
			prod, full := "", false
			for step := range s.All("RUN") {
				for n := range nodeInstalls(step) {
					if len(n.Args) == 0 {
						full = full || !n.Prod
						if n.Prod {
							prod = n.Tool + " " + n.Sub
						}
					}
				}
				for i := range step.Script.Commands {
					c := &step.Script.Commands[i]
					if prod != "" && !full && (c.Name == "npm" || c.Name == "yarn" || c.Name == "pnpm") && c.Has("build") && !c.Or {
						p.Report(c.Span, prod+" left out what is for development, and "+c.Name+" runs the build behind it")
						full = true
					}
				}
			}
		}
	},
})
