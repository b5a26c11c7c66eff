package kube

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/boltseal/boltseal"
)

// amount is the rule of one request or limit.
func amount(id, title string, severity boltseal.Severity, list, name, value, other, doc string) Rule {
	return Rule{
		Check: boltseal.Check{ID: id, Title: title, Severity: severity, Doc: doc, Controls: names("NSA/resource-policies MITRE/T1496 MITRE/T1499"), Aliases: aliases(other)},
		Run: func(p *Pass) {
			for c := range p.All() {
				if c.Ephemeral || p.defaulted(c.Workload, list, name) {
					continue
				}
				have := c.Resources.Limits
				if list == "requests" {
					have = c.Resources.Requests
					if _, limited := c.Resources.Limits[corev1.ResourceName(name)]; limited {
						continue // a limit alone is a request too
					}
				}
				if _, ok := have[corev1.ResourceName(name)]; ok {
					continue
				}
				p.At(c, []string{"resources", list}, fmt.Sprintf("%s has no %s %s", c.label(), name, strings.TrimSuffix(list, "s")),
					set(c.Workload.Object, fmt.Sprintf("set the %s %s to %s", name, strings.TrimSuffix(list, "s"), c.amount(list, name, value)), false,
						c.Node, c.amount(list, name, value), "resources", list, name)...)
			}
		},
	}
}

// amount is the value for a limit or request: not below, or above, what the
// container says of the other one.
func (c *Container) amount(list, name, value string) string {
	q := resource.MustParse(value)
	request, limit := c.Resources.Requests[corev1.ResourceName(name)], c.Resources.Limits[corev1.ResourceName(name)]
	switch {
	case list == "limits" && q.Cmp(request) < 0:
		return request.String()
	case list == "requests" && !limit.IsZero() && q.Cmp(limit) > 0:
		return limit.String()
	}
	return value
}

// defaulted tells whether a container gets a request or limit by other means:
// the pod's own, or a LimitRange of its namespace in the same files.
func (p *Pass) defaulted(w *Workload, list, name string) bool {
	if r := w.Spec.Resources; r != nil {
		have := r.Limits
		if list == "requests" {
			have = r.Requests
		}
		if _, ok := have[corev1.ResourceName(name)]; ok {
			return true
		}
	}
	return p.limited[w.Namespace][list+"/"+name]
}

// limitRange notes what a LimitRange gives to containers that say nothing.
func (m *Model) limitRange(o *Object, l *corev1.LimitRange) {
	if m.limited[o.Namespace] == nil {
		m.limited[o.Namespace] = map[string]bool{}
	}
	for _, item := range l.Spec.Limits {
		if item.Type != corev1.LimitTypeContainer {
			continue
		}
		for name := range item.Default {
			m.limited[o.Namespace]["limits/"+string(name)] = true
			m.limited[o.Namespace]["requests/"+string(name)] = true
		}
		for name := range item.DefaultRequest {
			m.limited[o.Namespace]["requests/"+string(name)] = true
		}
	}
}
