package kube

import (
	"fmt"
	"strconv"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/unused-volume", Title: "a volume that nothing mounts", Severity: boltseal.Low,
		Doc: `No container mounts the volume: a Secret or a folder of the node is brought into the pod for nothing, or the mount was forgotten. An ephemeral container may mount it later.
Take it away, or mount it.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			used := map[string]bool{}
			for _, c := range w.Containers {
				for _, m := range c.VolumeMounts {
					used[m.Name] = true
				}
				for _, d := range c.VolumeDevices {
					used[d.Name] = true
				}
			}
			for i, v := range w.Spec.Volumes {
				if !used[v.Name] {
					node := w.PodNode.Get("volumes", strconv.Itoa(i))
					p.Report(w.Object, node, fmt.Sprintf("no container mounts the volume %q", v.Name), remove(w.Object, "leave the volume out", false, w.PodNode, "volumes", strconv.Itoa(i))...)
				}
			}
		}
	},
})
