package kube

import (
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/ingress-backend", Title: "an Ingress to a Service that is not there", Severity: boltseal.Medium,
		Aliases: aliases("kubescape:C-0300 kube-linter:dangling-ingress kube-score:ingress-targets-service"),
		Doc: `The Service that the Ingress sends requests to is not among those of its namespace, or does not have the port: visitors get an error, and whoever makes a Service of that name
gets their requests.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind("networking.k8s.io", "Ingress") {
			ingress, ok := o.Value.(*networkingv1.Ingress)
			if !ok {
				continue
			}
			p.backend(o, ingress.Spec.DefaultBackend, o.Node.Get("spec", "defaultBackend"))
			for i, rule := range ingress.Spec.Rules {
				if rule.HTTP == nil {
					continue
				}
				for j := range rule.HTTP.Paths {
					p.backend(o, &rule.HTTP.Paths[j].Backend, o.Node.Get("spec", "rules", strconv.Itoa(i), "http", "paths", strconv.Itoa(j), "backend"))
				}
			}
		}
	},
})

func (p *Pass) backend(o *Object, b *networkingv1.IngressBackend, at *manifest.Node) {
	if b == nil || b.Service == nil {
		return
	}
	service := p.Lookup("", "Service", o.Namespace, b.Service.Name)
	if service == nil {
		if p.Knows(o, "", "Service") {
			p.Report(o, nearest(at, "service", "name"), "there is no Service "+b.Service.Name)
		}
		return
	}
	s, ok := service.Value.(*corev1.Service)
	if !ok {
		return
	}
	want := b.Service.Port
	has := slices.ContainsFunc(s.Spec.Ports, func(port corev1.ServicePort) bool {
		return want.Name != "" && port.Name == want.Name || want.Name == "" && port.Port == want.Number
	})
	if !has && (want.Name != "" || want.Number != 0) {
		port := want.Name
		if port == "" {
			port = strconv.Itoa(int(want.Number))
		}
		p.Report(o, nearest(at, "service", "port"), fmt.Sprintf("the Service %s has no port %s", b.Service.Name, port))
	}
}
