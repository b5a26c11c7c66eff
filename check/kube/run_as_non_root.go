package kube

import (
	"fmt"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/run-as-non-root", Title: "nothing keeps the container from running as root", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.2.7 CIS-K8S-5.6.3 PSS/restricted/run-as-non-root NSA/non-root NIST-800-190/4.4.3 MITRE/T1611"),
		Aliases: aliases("trivy:KSV-0012 trivy:KSV-0118 checkov:CKV_K8S_23 checkov:CKV_K8S_29 checkov:CKV_K8S_30 kubescape:C-0013 kubescape:C-0198 kubescape:C-0211 kube-linter:run-as-non-root " +
			"polaris:runAsRootAllowed kube-score:container-security-context-user-group-id"),
		Doc: `Without runAsNonRoot the image decides, and most images run as root. Root in the container owns every file of it and of its volumes, may install
tools, and is root on the node if it finds a way out. With runAsNonRoot: true the kubelet refuses to start a container as user 0. An image without a USER needs
a runAsUser as well, and files that this user may read.`,
	},
	Run: func(p *Pass) {
		for w := range p.Violating("runAsNonRoot") {
			var without []*Container
			for _, c := range w.Containers {
				switch s := c.SecurityContext; {
				case s == nil || s.RunAsNonRoot == nil:
					without = append(without, c)
				case !*s.RunAsNonRoot:
					p.At(c, names("securityContext runAsNonRoot"), c.label()+" may run as root: runAsNonRoot is false", nonRoot(w, c.Node, []*Container{c})...)
				}
			}
			s := w.Spec.SecurityContext
			switch explicit := s != nil && s.RunAsNonRoot != nil; {
			case explicit && *s.RunAsNonRoot:
			case explicit:
				p.Pod(w, names("securityContext runAsNonRoot"), "the pods may run as root: runAsNonRoot is false", nonRoot(w, w.PodNode, without)...)
			case len(without) > 0 && len(without) == len(w.Containers):
				p.Pod(w, names("securityContext"), "the pods may run as root: runAsNonRoot is not set", nonRoot(w, w.PodNode, without)...)
			default:
				for _, c := range without {
					p.At(c, names("securityContext"), c.label()+" may run as root: runAsNonRoot is not set", nonRoot(w, c.Node, []*Container{c})...)
				}
			}
		}
	},
})

// user is the id that fixes give to containers: above those that nodes give
// to people and services.
const user = 10001

// nonRoot is the fix at a pod or a container: alone where every container is
// known to run as somebody else, otherwise with a user.
func nonRoot(w *Workload, n *manifest.Node, containers []*Container) []boltseal.Fix {
	proven, named := true, false
	for _, c := range containers {
		uid, ok := c.UID()
		known := imageOf(c.Image).user()
		proven = proven && (ok && uid != 0 || !ok && known > 0)
		named = named || ok
	}
	fields := manifest.Fields{{Name: "runAsNonRoot", Value: true}}
	if !proven && !named {
		fields = append(fields, manifest.Field{Name: "runAsUser", Value: user})
	}
	title := "refuse to run as root"
	if len(fields) > 1 {
		title = fmt.Sprintf("run as user %d, and refuse to run as root", user)
	}
	return edit(w.Object).merge(n, "securityContext", fields).fix(title, proven)
}
