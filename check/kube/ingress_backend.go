package kube

import (
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

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
		for _, group := range []string{"networking.k8s.io", "extensions"} {
			for _, o := range p.Kind(group, "Ingress") {
				spec := o.Node.Get("spec")
				p.backend(o, spec.Get("defaultBackend"))
				p.backend(o, spec.Get("backend"))
				for _, rule := range spec.Get("rules").Elems() {
					for _, path := range rule.Get("http", "paths").Elems() {
						p.backend(o, path.Get("backend"))
					}
				}
			}
		}
	},
})

// backend checks where requests go, in the form of the stable version or of
// the ones before.
func (p *Pass) backend(o *Object, at *manifest.Node) {
	name, port := at.Get("service", "name"), at.Get("service", "port", "number")
	if port == nil {
		port = at.Get("service", "port", "name")
	}
	if old := at.Get("serviceName"); old != nil {
		name, port = old, at.Get("servicePort")
	}
	if name.Str() == "" {
		return
	}
	service := p.Lookup("", "Service", o.Namespace, name.Str())
	if service == nil {
		if p.Knows(o, "", "Service") {
			p.Report(o, name, "there is no Service "+name.Str())
		}
		return
	}
	s, ok := service.Value.(*corev1.Service)
	if !ok || port.Str() == "" {
		return
	}
	has := slices.ContainsFunc(s.Spec.Ports, func(p corev1.ServicePort) bool {
		return p.Name == port.Str() || strconv.Itoa(int(p.Port)) == port.Str()
	})
	if !has {
		p.Report(o, port, fmt.Sprintf("the Service %s has no port %s", name.Str(), port.Str()))
	}
}
