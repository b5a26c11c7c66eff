package kube

import (
	"fmt"
	"strconv"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/privileged-port", Title: "a port that needs a privilege", Severity: boltseal.Low,
		Controls: names("NSA/non-root"),
		Aliases:  aliases("trivy:KSV-0117 kube-linter:privileged-ports"),
		Doc: `A port below 1024 needs root or NET_BIND_SERVICE on nodes that do not lower net.ipv4.ip_unprivileged_port_start: it is mostly why an image still starts as root. Listen above 1024; the
Service can still be on port 80.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			for i, port := range c.Ports {
				if port.ContainerPort > 0 && port.ContainerPort < 1024 && !c.Workload.lowPorts(port.ContainerPort) {
					p.Report(c.Workload.Object, nearest(c.Node, "ports", strconv.Itoa(i), "containerPort"), fmt.Sprintf("%s listens on port %d, for which it needs a privilege", c.label(), port.ContainerPort))
				}
			}
		}
	},
})

// lowPorts tells whether the pods let everybody bind a port.
func (w *Workload) lowPorts(port int32) bool {
	if w.Windows() || w.Spec.SecurityContext == nil {
		return w.Windows()
	}
	for _, s := range w.Spec.SecurityContext.Sysctls {
		if s.Name == "net.ipv4.ip_unprivileged_port_start" {
			start, err := strconv.ParseInt(s.Value, 10, 32)
			return err == nil && start <= int64(port)
		}
	}
	return false
}
