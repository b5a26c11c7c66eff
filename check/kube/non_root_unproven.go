package kube

import (
	"fmt"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/non-root-unproven", Title: "runAsNonRoot without a user's number", Severity: boltseal.Low,
		Controls: names("PSS/restricted/run-as-non-root"),
		Doc: `The kubelet can hold runAsNonRoot only against a number. When neither runAsUser is set nor the image's USER is a number, the container does not start
("image has non-numeric user, cannot verify user is non-root"), and an image without USER is refused as root. Set runAsUser to the number of the image's user.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			if _, ok := c.UID(); ok || !c.NonRoot() || c.Workload.Windows() || unfilled(c.Image) {
				continue
			}
			image := imageOf(c.Image)
			what := ""
			switch known := image.user(); {
			case known > 0:
				continue
			case known == 0:
				what = fmt.Sprintf("%s does not start: %s runs as root, and runAsUser is not set", c.label(), image.name)
			case known == userNamed:
				what = fmt.Sprintf("%s does not start: the user of %s is a name, and runAsUser is not set", c.label(), image.name)
			default:
				what = c.label() + " starts only if the image's USER is a number: runAsUser is not set"
			}
			p.At(c, names("securityContext runAsNonRoot"), what,
				set(c.Workload.Object, "run as user 10001", false, c.Node, user, "securityContext", "runAsUser")...)
		}
	},
})
