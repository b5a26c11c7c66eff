package kube

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/volume-type", Title: "a kind of volume that restricted pods may not have", Severity: boltseal.Medium,
		Controls: names("PSS/restricted/volumes"),
		Aliases:  aliases("trivy:KSV-0028"),
		Doc: `Restricted pods take storage through claims, and otherwise mount only what the cluster makes: configMap, csi, downwardAPI, emptyDir, ephemeral, image,
projected and secret. A pod that names an NFS server or a disk by itself goes past the quotas and access rules of the storage.`,
	},
	Run: func(p *Pass) {
		for w := range p.Violating("restrictedVolumes") {
			for i := range w.Spec.Volumes {
				v := &w.Spec.Volumes[i]
				one := &corev1.PodSpec{Volumes: w.Spec.Volumes[i : i+1]}
				if v.HostPath != nil || p.pss.checks["restrictedVolumes"](w.PodMeta, one).Allowed {
					continue
				}
				node := w.PodNode.Get("volumes", strconv.Itoa(i))
				kind := "of a kind that is not known"
				for key := range node.Entries() {
					if key.Value != "name" {
						kind = "of kind " + key.Value
					}
				}
				p.Report(w.Object, node, fmt.Sprintf("volume %q is %s", v.Name, kind))
			}
		}
	},
})
