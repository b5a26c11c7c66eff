package kube

import (
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/service-port", Title: "a Service's port that no container has", Severity: boltseal.Medium,
		Aliases: aliases("kubescape:C-0293 kube-linter:invalid-target-ports"),
		Doc: `The targetPort is a name that no container of the selected pods gives to a port, or a number that none of them lists: requests are refused. A named port that is missing is left out of the
Service's endpoints without a word.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind("", "Service") {
			s, ok := o.Value.(*corev1.Service)
			if !ok || len(s.Spec.Selector) == 0 {
				continue
			}
			pods := p.Selected(o.Namespace, &metav1.LabelSelector{MatchLabels: s.Spec.Selector})
			pods = pods[:min(len(pods), 100)]
			for i, port := range s.Spec.Ports {
				target := port.TargetPort
				if target == (intstr.IntOrString{}) {
					target = intstr.FromInt32(port.Port)
				}
				if len(pods) > 0 && !slices.ContainsFunc(pods, func(w *Workload) bool { return w.listens(target, port.Protocol) }) {
					p.Report(o, nearest(o.Node, "spec", "ports", strconv.Itoa(i), "targetPort"), fmt.Sprintf("no container of %s has the port %s", pods[0].Object, target.String()))
				}
			}
		}
	},
})

// listens tells whether a container of the workload has a port. A container
// that lists no ports at all may listen on any number.
func (w *Workload) listens(port intstr.IntOrString, protocol corev1.Protocol) bool {
	for _, c := range w.Containers {
		if !c.Runs() {
			continue
		}
		if len(c.Ports) == 0 && port.Type == intstr.Int {
			return true
		}
		for _, has := range c.Ports {
			same := protocol == has.Protocol || protocol == "" && has.Protocol == "TCP" || protocol == "TCP" && has.Protocol == ""
			if same && (port.Type == intstr.Int && has.ContainerPort == port.IntVal || port.Type == intstr.String && has.Name == port.StrVal) {
				return true
			}
		}
	}
	return false
}
