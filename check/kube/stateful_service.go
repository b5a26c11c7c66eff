package kube

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/stateful-service", Title: "a StatefulSet without its Service", Severity: boltseal.Low,
		Aliases: aliases("kube-score:statefulset-has-servicename"),
		Doc: `The pods of a StatefulSet have names in DNS through the headless Service that serviceName gives. Without it, or with one that has an address of its own, they do not find each
other by name.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			set, ok := w.Value.(*appsv1.StatefulSet)
			if !ok {
				continue
			}
			at := nearest(w.Node, "spec", "serviceName")
			if set.Spec.ServiceName == "" {
				p.Report(w.Object, at, "there is no serviceName: the pods have no names in DNS")
				continue
			}
			o := p.Lookup("", "Service", w.Namespace, set.Spec.ServiceName)
			switch s, _ := valueOf(o).(*corev1.Service); {
			case o == nil && p.Knows(w.Object, "", "Service"):
				p.Report(w.Object, at, fmt.Sprintf("there is no Service %q in the namespace", set.Spec.ServiceName))
			case s != nil && s.Spec.ClusterIP != corev1.ClusterIPNone:
				p.Report(w.Object, at, fmt.Sprintf("the Service %q has an address of its own: the pods have no names in DNS", set.Spec.ServiceName))
			}
		}
	},
})

func valueOf(o *Object) any {
	if o == nil {
		return nil
	}
	return o.Value
}
