package kube

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/unsafe-sysctl", Title: "a kernel parameter outside the safe ones", Severity: boltseal.Medium,
		Controls: names("PSS/baseline/sysctls NSA/no-host-access"),
		Aliases:  aliases("trivy:KSV-0026 kube-linter:unsafe-sysctls"),
		Doc: `Only some kernel parameters belong to one pod. Others change the node for everyone on it, or are refused by the kubelet unless it was told to allow
them, so that the pod never starts. Leave the parameter out, or set it on the node.`,
	},
	Run: func(p *Pass) {
		for w := range p.Violating("sysctls") {
			list := w.PodNode.Get("securityContext", "sysctls")
			for i := range w.Spec.SecurityContext.Sysctls {
				one := w.podWithout(i)
				if p.pss.checks["sysctls"](w.PodMeta, one).Allowed {
					continue
				}
				p.Report(w.Object, at(list, i), fmt.Sprintf("the kernel parameter %s is not one of a pod's own", w.Spec.SecurityContext.Sysctls[i].Name),
					remove(w.Object, "leave the parameter alone", false, list, strconv.Itoa(i))...)
			}
		}
	},
})

// podWithout is a pod with nothing but one kernel parameter.
func (w *Workload) podWithout(i int) *corev1.PodSpec {
	return &corev1.PodSpec{SecurityContext: &corev1.PodSecurityContext{Sysctls: w.Spec.SecurityContext.Sysctls[i : i+1]}}
}
