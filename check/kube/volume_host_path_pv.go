package kube

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/host-path-volume", Title: "a PersistentVolume of a node's folder", Severity: boltseal.Medium,
		Controls: names("CIS-K8S-5.1.9 CIS-K8S-5.2.11 NSA/no-host-access"),
		Aliases:  aliases("kubescape:C-0048"),
		Doc: `A PersistentVolume of kind hostPath gives a claim a folder of whatever node the pod runs on, and Pod Security Standards do not look behind a claim. It is meant for clusters of one node;
use local volumes or a storage class.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind("", "PersistentVolume") {
			if v, ok := o.Value.(*corev1.PersistentVolume); ok && v.Spec.HostPath != nil {
				p.Report(o, nearest(o.Node, "spec", "hostPath", "path"), fmt.Sprintf("a claim gets %s of the node, past the Pod Security Standard", v.Spec.HostPath.Path))
			}
		}
	},
})
