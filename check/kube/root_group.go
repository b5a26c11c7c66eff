package kube

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/root-group", Title: "the container is in the group root", Severity: boltseal.Low,
		Controls: names("CIS-K8S-5.6.3 NSA/non-root"),
		Aliases:  aliases("trivy:KSV-0021 trivy:KSV-0116 kubescape:C-0013 kubescape:C-0211 kube-score:container-security-context-user-group-id"),
		Doc: `With a runAsUser and no runAsGroup, a process is in group 0 if the image does not know the user. Many files, on the node too, are readable or writable
for the group root. Set runAsGroup, and leave 0 out of fsGroup and supplementalGroups.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			if !w.Windows() {
				p.rootGroups(w)
			}
		}
	},
})

func (p *Pass) rootGroups(w *Workload) {
	s := w.Spec.SecurityContext
	if s == nil {
		s = &corev1.PodSecurityContext{}
	}
	context := w.PodNode.Get("securityContext")
	fix := func(n *manifest.Node, field string) []boltseal.Fix {
		return set(w.Object, "use group 10001", false, n, user, "securityContext", field)
	}
	if s.RunAsGroup != nil && *s.RunAsGroup == 0 {
		p.Report(w.Object, context.Get("runAsGroup"), "the pods run with group 0", fix(w.PodNode, "runAsGroup")...)
	}
	if s.FSGroup != nil && *s.FSGroup == 0 {
		p.Report(w.Object, context.Get("fsGroup"), "the pods' volumes belong to group 0", fix(w.PodNode, "fsGroup")...)
	}
	for i, group := range s.SupplementalGroups {
		if group == 0 {
			p.Report(w.Object, context.Get("supplementalGroups", strconv.Itoa(i)), "the pods are in group 0")
		}
	}
	if s.RunAsUser != nil && *s.RunAsUser != 0 && s.RunAsGroup == nil {
		p.Pod(w, names("securityContext runAsUser"), "a user without a group: the pods may be in group 0", fix(w.PodNode, "runAsGroup")...)
	}
	for _, c := range w.Containers {
		switch sc := c.SecurityContext; {
		case sc == nil:
		case sc.RunAsGroup != nil && *sc.RunAsGroup == 0:
			p.At(c, names("securityContext runAsGroup"), c.label()+" runs with group 0", fix(c.Node, "runAsGroup")...)
		case sc.RunAsUser != nil && *sc.RunAsUser != 0 && sc.RunAsGroup == nil && s.RunAsGroup == nil:
			p.At(c, names("securityContext runAsUser"), c.label()+" has a user without a group: it may be in group 0", fix(c.Node, "runAsGroup")...)
		}
	}
}
