package kube

import (
	"fmt"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// inherited are the fields of a security context that a container takes from
// its pod unless it has its own.
var inherited = []string{"runAsNonRoot", "runAsUser", "runAsGroup", "seccompProfile", "appArmorProfile", "seLinuxOptions", "windowsOptions"}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/setting-overridden", Title: "a setting of the pod that none of its containers has", Severity: boltseal.Low,
		Doc: `A field of a container's securityContext takes the place of the pod's. Every container of the pod has a value of its own here, so the one that stands at the
top, where people look, holds for nothing. Keep one of the two: the pod's for all, or the containers' where they have to differ.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			for _, field := range inherited {
				of := w.PodNode.Get("securityContext", field)
				if of.IsNull() || len(w.Containers) == 0 {
					continue
				}
				own, same := 0, 0
				for _, c := range w.Containers {
					if n := c.Node.Get("securityContext", field); !n.IsNull() {
						own++
						if alike(n, of) {
							same++
						}
					}
				}
				if own == len(w.Containers) && same == 0 {
					p.Report(w.Object, of, fmt.Sprintf("every container has its own %s, so the pod's holds for none", field))
				}
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/setting-repeated", Title: "a container repeats what its pod says", Severity: boltseal.Negligible,
		Doc: `The container has the pod's value anyway. What stands twice is changed once: the pod's user is raised, and the container goes on with the old one. Leave it to
the pod.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			for _, c := range w.Containers {
				for _, field := range inherited {
					of, n := w.PodNode.Get("securityContext", field), c.Node.Get("securityContext", field)
					if of.IsNull() || n.IsNull() || !alike(n, of) {
						continue
					}
					var fixes []boltseal.Fix
					if w.uncommented(n) {
						fixes = remove(w.Object, "leave "+field+" to the pod", true, c.Node, "securityContext", field)
					}
					p.Report(w.Object, n, fmt.Sprintf("%s repeats the pod's %s", c.label(), field), fixes...)
				}
			}
		}
	},
})

// alike tells whether two nodes say the same.
func alike(a, b *manifest.Node) bool {
	x, err := a.JSON()
	if err != nil {
		return false
	}
	y, err := b.JSON()
	return err == nil && string(x) == string(y)
}
