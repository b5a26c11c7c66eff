package kube

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/capability-no-effect", Title: "an added capability that the process never has", Severity: boltseal.Low,
		Controls: names("CIS-K8S-5.2.9 NSA/no-escalation"),
		Doc: `Kubernetes has no ambient capabilities: what is added is in the bounding set, and a process that does not start as root has it only when its program's file
carries it. With allowPrivilegeEscalation: false not even that counts. The line grants nothing today, and much on the day on which somebody runs the pod as root.
Leave it out. A port below 1024 needs no capability: listen above, and let the Service translate, or set the sysctl net.ipv4.ip_unprivileged_port_start.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			for _, c := range w.Containers {
				s := c.SecurityContext
				if len(c.added()) == 0 || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || s.Privileged != nil && *s.Privileged || !notRoot(w.Spec, s) {
					continue
				}
				list := c.Node.Get("securityContext", "capabilities", "add")
				for i, name := range c.added() {
					fixes := remove(w.Object, "do not add "+string(name), true, list, strconv.Itoa(i))
					switch {
					case !w.uncommented(at(list, i)):
						fixes = nil // somebody explains the line
					case len(c.added()) == 1:
						fixes = remove(w.Object, "do not add "+string(name), true, c.Node, "securityContext", "capabilities", "add")
					}
					p.Report(w.Object, at(list, i), c.label()+" does not run as root, so it never has "+string(name), fixes...)
				}
			}
		}
	},
})

// uncommented tells whether no comment goes with a node when that is removed.
func (o *Object) uncommented(n *manifest.Node) bool {
	return n != nil && len(o.File.About(n.Span)) == 0
}

// notRoot tells whether a container certainly starts as another user than
// root.
func notRoot(pod *corev1.PodSpec, s *corev1.SecurityContext) bool {
	user, nonRoot := s.RunAsUser, s.RunAsNonRoot
	if of := pod.SecurityContext; of != nil {
		if user == nil {
			user = of.RunAsUser
		}
		if nonRoot == nil {
			nonRoot = of.RunAsNonRoot
		}
	}
	if user != nil {
		return *user != 0
	}
	return nonRoot != nil && *nonRoot
}
