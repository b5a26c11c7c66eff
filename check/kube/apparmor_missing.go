package kube

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/apparmor-missing", Title: "no AppArmor or SELinux setting", Severity: boltseal.Negligible,
		Controls: names("NSA/hardened-applications"),
		Aliases:  aliases("trivy:KSV-0002 kubescape:C-0055 polaris:linuxHardening"),
		Doc: `Nothing in the manifest says which mandatory access control holds. Where nodes have AppArmor, runtimes use their default profile anyway; saying
RuntimeDefault makes a node without it refuse the pod instead of running it unconfined. On nodes with SELinux this does not apply.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			s := w.Spec.SecurityContext
			if w.Windows() || s != nil && (s.AppArmorProfile != nil || s.SELinuxOptions != nil) {
				continue
			}
			for _, c := range w.Containers {
				if s := c.SecurityContext; s != nil && (s.AppArmorProfile != nil || s.SELinuxOptions != nil) {
					continue
				}
				if w.PodMeta.Annotations[corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix+c.Name] != "" || c.Privileged() {
					continue
				}
				p.Pod(w, names("securityContext"), "no AppArmor profile is asked for",
					set(w.Object, "ask for the runtime's profile", false, w.PodNode, "RuntimeDefault", "securityContext", "appArmorProfile", "type")...)
				break
			}
		}
	},
})
