package kube

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/naked-pod", Title: "a pod that nobody replaces", Severity: boltseal.Negligible,
		Aliases: aliases("kubescape:C-0073"),
		Doc: `A Pod by itself is gone with its node, is not updated in steps, and needs somebody to notice. Let a Deployment, a StatefulSet or a Job make it. Pods of the control plane and pods for a
moment's debugging are what single Pods are for.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			if w.Kind == "Pod" && w.Group() == "" && w.Namespace != "kube-system" && w.Spec.RestartPolicy != corev1.RestartPolicyNever && len(w.Meta.OwnerReferences) == 0 {
				p.Report(w.Object, nearest(w.Node, "kind"), "when the pod's node goes, nothing makes it again")
			}
		}
	},
})
