package kube

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/apparmor-off", Title: "AppArmor is switched off", Severity: boltseal.High,
		Controls: names("PSS/baseline/apparmor NSA/hardened-applications"),
		Aliases:  aliases("trivy:KSV-0002 kubescape:C-0055 polaris:linuxHardening"),
		Doc: `The runtime's AppArmor profile keeps even a container's root from mounting, from writing to /proc and /sys and from tracing processes outside. Unconfined
takes the profile away. Leave it, or load a profile of the program's own on the nodes and name it as Localhost.`,
	},
	Run: func(p *Pass) {
		for w := range p.Violating("appArmorProfile") {
			before := len(*p.found)
			if s := w.Spec.SecurityContext; s != nil && s.AppArmorProfile != nil && s.AppArmorProfile.Type == corev1.AppArmorProfileTypeUnconfined {
				p.Pod(w, names("securityContext appArmorProfile type"), "AppArmor is off for the pods", p.apparmor(w, w.PodNode)...)
			}
			for _, c := range w.Containers {
				if s := c.SecurityContext; s != nil && s.AppArmorProfile != nil && s.AppArmorProfile.Type == corev1.AppArmorProfileTypeUnconfined {
					p.At(c, names("securityContext appArmorProfile type"), "AppArmor is off for "+c.label(), p.apparmor(w, c.Node)...)
				}
			}
			for key, value := range w.Template.Get("metadata", "annotations").Entries() {
				if strings.HasPrefix(key.Value, corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix) && value.Str() == "unconfined" {
					p.Report(w.Object, value, "AppArmor is off for the container "+strings.TrimPrefix(key.Value, corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix),
						set(w.Object, "use the runtime's profile", false, w.Template, "runtime/default", "metadata", "annotations", key.Value)...)
				}
			}
			if len(*p.found) == before {
				p.Pod(w, nil, "an AppArmor profile that the standard refuses")
			}
		}
	},
})

func (p *Pass) apparmor(w *Workload, n *manifest.Node) []boltseal.Fix {
	return set(w.Object, "use the runtime's profile", false, n, "RuntimeDefault", "securityContext", "appArmorProfile", "type")
}
