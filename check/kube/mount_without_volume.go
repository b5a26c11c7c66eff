package kube

import (
	"fmt"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/mount-without-volume", Title: "a mount without its volume", Severity: boltseal.High,
		Doc: `The container mounts a volume that the pod does not have. The API server refuses the object. Volumes of a StatefulSet's claim templates count, those that a tool adds
later do not.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			have, all := w.volumes()
			for _, c := range w.Containers {
				for i, m := range c.VolumeMounts {
					if !all && !have[m.Name] {
						p.Report(w.Object, nearest(c.Node, "volumeMounts", strconv.Itoa(i), "name"), fmt.Sprintf("the pods have no volume %q", m.Name))
					}
				}
			}
		}
	},
})

// volumes are the names of the pods' volumes. All is true where others may
// come from a template that is not known.
func (w *Workload) volumes() (have map[string]bool, all bool) {
	have = map[string]bool{}
	for i := range w.Spec.Volumes {
		have[w.Spec.Volumes[i].Name] = true
	}
	if set, ok := w.Value.(*appsv1.StatefulSet); ok {
		for i := range set.Spec.VolumeClaimTemplates {
			have[set.Spec.VolumeClaimTemplates[i].Name] = true
		}
	}
	return have, w.Value == nil && w.Kind == "StatefulSet"
}
