package kube

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/unconfined-system-calls", Title: "seccomp is switched off", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.6.2 PSS/baseline/seccomp PSS/restricted/seccomp NSA/hardened-applications"),
		Aliases:  aliases("trivy:KSV-0104 trivy:KSV-0030 checkov:CKV_K8S_31 kubescape:C-0055 kubescape:C-0210 polaris:linuxHardening kube-score:container-seccomp-profile"),
		Doc: `Unconfined opens all of the kernel's system calls to the container, among them the rarely tested ones through which most escapes of the last
years went (io_uring, keyctl, unshare of user namespaces, bpf). RuntimeDefault leaves out the dangerous ones and breaks hardly any program.`,
	},
	Run: func(p *Pass) {
		for w := range p.Violating("seccompProfile_baseline") {
			before := len(*p.found)
			if s := w.Spec.SecurityContext; s != nil && s.SeccompProfile != nil && !seccompProfiled(s.SeccompProfile.Type) {
				p.Pod(w, names("securityContext seccompProfile type"), "no filter of system calls holds for the pods", runtimeSeccomp(w, w.PodNode)...)
			}
			for _, c := range w.Containers {
				if s := c.SecurityContext; s != nil && s.SeccompProfile != nil && !seccompProfiled(s.SeccompProfile.Type) {
					p.At(c, names("securityContext seccompProfile type"), "no filter of system calls holds for "+c.label(), runtimeSeccomp(w, c.Node)...)
				}
			}
			if len(*p.found) == before {
				p.Pod(w, nil, "an annotation switches the filter of system calls off")
			}
		}
	},
})

func seccompProfiled(t corev1.SeccompProfileType) bool {
	return t == corev1.SeccompProfileTypeRuntimeDefault || t == corev1.SeccompProfileTypeLocalhost
}

func runtimeSeccomp(w *Workload, n *manifest.Node) []boltseal.Fix {
	return set(w.Object, "use the runtime's seccomp profile", true, n, "RuntimeDefault", "securityContext", "seccompProfile", "type")
}
