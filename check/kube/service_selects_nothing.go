package kube

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/service-selects-nothing", Title: "a Service without pods", Severity: boltseal.Medium,
		Aliases: aliases("kubescape:C-0293 kube-linter:dangling-service kube-score:service-targets-pod"),
		Doc: `No pod of the given files in the Service's namespace has the labels that it selects: requests to it fail, or go to whoever labels a pod like that later. Compare the selector with the
labels of the pods' template.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind("", "Service") {
			s, ok := o.Value.(*corev1.Service)
			if !ok || len(s.Spec.Selector) == 0 || s.Spec.Type == corev1.ServiceTypeExternalName || !p.KnowsWorkloads(o) {
				continue
			}
			selector := &metav1.LabelSelector{MatchLabels: s.Spec.Selector}
			if len(p.Selected(o.Namespace, selector)) == 0 {
				p.Report(o, o.Node.Get("spec", "selector"), "no pod of the namespace has the labels "+metav1.FormatLabelSelector(selector))
			}
		}
	},
})

// KnowsWorkloads tells whether workloads of an object's namespace lie in the
// same folder.
func (m *Model) KnowsWorkloads(o *Object) bool {
	return m.known[name{"", "workload", o.Namespace, folder(o.File.Name)}]
}
