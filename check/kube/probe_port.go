package kube

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/probe-port", Title: "a probe of a port that the container does not have", Severity: boltseal.Medium,
		Aliases: aliases("kube-linter:liveness-port kube-linter:readiness-port kube-linter:startup-port"),
		Doc: `The probe asks a port by a name that the container gives to none, which the API server accepts and the kubelet cannot resolve, or by a number that the container does not
list. The pod never becomes ready, or is restarted again and again.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			for _, probe := range []struct {
				field string
				probe *corev1.Probe
			}{{"livenessProbe", c.LivenessProbe}, {"readinessProbe", c.ReadinessProbe}, {"startupProbe", c.StartupProbe}} {
				if probe.probe == nil {
					continue
				}
				switch h := probe.probe.ProbeHandler; {
				case h.HTTPGet != nil:
					p.probed(c, h.HTTPGet.Port, probe.field, "httpGet")
				case h.TCPSocket != nil:
					p.probed(c, h.TCPSocket.Port, probe.field, "tcpSocket")
				case h.GRPC != nil:
					p.probed(c, intstr.FromInt32(h.GRPC.Port), probe.field, "grpc")
				}
			}
		}
	},
})

func (p *Pass) probed(c *Container, port intstr.IntOrString, field, kind string) {
	if port.Type == intstr.Int && (len(c.Ports) == 0 || port.IntVal == 0) {
		return
	}
	for _, has := range c.Ports {
		if port.Type == intstr.Int && has.ContainerPort == port.IntVal || port.Type == intstr.String && has.Name == port.StrVal {
			return
		}
	}
	p.At(c, []string{field, kind, "port"}, fmt.Sprintf("%s has no port %s for its %s", c.label(), port.String(), field))
}
