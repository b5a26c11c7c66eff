package kube

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/no-fs-group", Title: "a volume that its user may not write", Severity: boltseal.Low,
		Controls: names("CIS-K8S-5.6.3"),
		Aliases:  aliases("trivy:KSV-0116 kubescape:C-0211"),
		Doc: `The pod runs as a user other than root and mounts a claim to write to it, but says no fsGroup. Many kinds of volume belong to root until the kubelet
hands them to the pod's fsGroup: the program fails at its first write. Set fsGroup to the group that the container runs with.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			s := w.Spec.SecurityContext
			if w.Windows() || s != nil && s.FSGroup != nil {
				continue
			}
			for _, c := range w.Containers {
				uid, ok := c.UID()
				if !ok || uid == 0 {
					continue
				}
				if mount := w.writtenClaim(c); mount != "" {
					group := int64(user)
					if gid, ok := c.GID(); ok && gid != 0 {
						group = gid
					}
					p.Pod(w, names("securityContext"), fmt.Sprintf("%s writes to the claim at %s as user %d, and there is no fsGroup", c.label(), mount, uid),
						set(w.Object, "hand volumes to the container's group", false, w.PodNode, group, "securityContext", "fsGroup")...)
					break
				}
			}
		}
	},
})

// writtenClaim is the path at which a container may write to a claim.
func (w *Workload) writtenClaim(c *Container) string {
	for _, m := range c.VolumeMounts {
		if m.ReadOnly {
			continue
		}
		for _, v := range w.Spec.Volumes {
			if v.Name == m.Name && (v.PersistentVolumeClaim != nil && !v.PersistentVolumeClaim.ReadOnly || v.Ephemeral != nil) {
				return m.MountPath
			}
		}
		if set, ok := w.Value.(*appsv1.StatefulSet); ok {
			for _, claim := range set.Spec.VolumeClaimTemplates {
				if claim.Name == m.Name {
					return m.MountPath
				}
			}
		}
	}
	return ""
}
