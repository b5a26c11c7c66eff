package kube

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/profile-not-delivered", Title: "a seccomp profile that nothing puts on the nodes", Severity: boltseal.Medium,
		Controls: names("CIS-K8S-5.6.2 NSA/hardened-applications"),
		Doc: `A profile of type Localhost is a file below /var/lib/kubelet/seccomp on each node. A ConfigMap with the JSON puts none there: without a DaemonSet that copies it, or the Security
Profiles Operator, the containers do not start. The rule looks for either in the given files.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			if s := w.Spec.SecurityContext; s != nil {
				p.localhost(w, s.SeccompProfile, w.PodNode)
			}
			for _, c := range w.Containers {
				if s := c.SecurityContext; s != nil {
					p.localhost(w, s.SeccompProfile, c.Node)
				}
			}
		}
	},
})

// profiles is where the kubelet looks for seccomp profiles.
const profiles = "/var/lib/kubelet/seccomp"

func (p *Pass) localhost(w *Workload, s *corev1.SeccompProfile, n *manifest.Node) {
	if s == nil || s.Type != corev1.SeccompProfileTypeLocalhost {
		return
	}
	node := nearest(n, "securityContext", "seccompProfile", "localhostProfile")
	if s.LocalhostProfile == nil || *s.LocalhostProfile == "" {
		p.Report(w.Object, node, "the profile has no name: the API server refuses the pods")
		return
	}
	path := *s.LocalhostProfile
	if strings.HasPrefix(path, "/") || slices.Contains(strings.Split(path, "/"), "..") {
		p.Report(w.Object, node, fmt.Sprintf("%q is no path below the node's folder for profiles", path))
		return
	}
	message, known := p.profiles[path]
	if !known {
		message = p.undelivered(path)
		p.profiles[path] = message
	}
	if message != "" {
		p.Report(w.Object, node, message)
	}
}

// undelivered says that nothing delivers a profile; empty when something does.
func (p *Pass) undelivered(path string) string {
	if p.installs(path) {
		return ""
	}
	file := path[strings.LastIndexByte(path, '/')+1:]
	for _, o := range p.Kind("", "ConfigMap") {
		if o.holds(file) {
			return fmt.Sprintf("nothing puts %s on the nodes: the ConfigMap %q holds it, and no DaemonSet copies it to %s", path, o.Object.Name, profiles)
		}
	}
	return fmt.Sprintf("nothing puts %s on the nodes", path)
}

// installs tells whether something in the files puts a profile on nodes: the
// operator's own object, or a DaemonSet that may write to the kubelet's
// folder.
func (p *Pass) installs(path string) bool {
	if strings.HasPrefix(path, "operator/") {
		name := strings.TrimSuffix(path[strings.LastIndexByte(path, '/')+1:], ".json")
		for _, o := range p.Kind("security-profiles-operator.x-k8s.io", "SeccompProfile") {
			if o.Object.Name == name {
				return true
			}
		}
		return false
	}
	for _, o := range p.Kind("apps", "DaemonSet") {
		if o.Workload == nil {
			continue
		}
		for _, v := range o.Workload.Spec.Volumes {
			if v.HostPath == nil {
				continue
			}
			if dir := strings.TrimRight(v.HostPath.Path, "/"); dir == profiles || strings.HasPrefix(dir, profiles+"/") || strings.HasPrefix(profiles, dir+"/") { // either may be inside the other
				return true
			}
		}
	}
	return false
}
