package kube

import (
	"fmt"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/mount-without-volume", Title: "a mount without its volume", Severity: boltseal.High,
		Doc: `The container mounts a volume that the pod does not have. The API server refuses the object. Volumes of a StatefulSet's claim templates count, those that a tool adds
later do not.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			for i, m := range c.VolumeMounts {
				if !c.Workload.hasVolume(m.Name) {
					p.Report(c.Workload.Object, nearest(c.Node, "volumeMounts", strconv.Itoa(i), "name"), fmt.Sprintf("the pods have no volume %q", m.Name))
				}
			}
		}
	},
})

func (w *Workload) hasVolume(name string) bool {
	if slices.ContainsFunc(w.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == name }) {
		return true
	}
	set, ok := w.Value.(*appsv1.StatefulSet)
	return ok && slices.ContainsFunc(set.Spec.VolumeClaimTemplates, func(c corev1.PersistentVolumeClaim) bool { return c.Name == name }) || w.Value == nil && w.Kind == "StatefulSet"
}
