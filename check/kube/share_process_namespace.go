package kube

import (
	"fmt"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/shared-processes", Title: "containers see each other's processes", Severity: boltseal.Low,
		Controls: names("NSA/hardened-applications"),
		Doc: `With shareProcessNamespace each container of the pod sees the others' processes, reads their environment and, as the same user, their files through /proc/PID/root: a
sidecar that is broken into has the secrets of all. Use it only while something is debugged.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			if w.Spec.ShareProcessNamespace != nil && *w.Spec.ShareProcessNamespace && len(w.Containers) > 1 {
				p.Pod(w, names("shareProcessNamespace"), fmt.Sprintf("the %d containers of the pods see each other's processes", len(w.Containers)),
					remove(w.Object, "keep them apart", false, w.PodNode, "shareProcessNamespace")...)
			}
		}
	},
})
