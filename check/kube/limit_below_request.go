package kube

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/limit-below-request", Title: "a limit below its request", Severity: boltseal.High,
		Doc: `A container cannot ask for more than it may use: the API server refuses an object whose request is greater than its limit. Raise the limit, or lower the request.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			for _, name := range []corev1.ResourceName{"cpu", "memory", "ephemeral-storage"} {
				limit, ok := c.Resources.Limits[name]
				request, asked := c.Resources.Requests[name]
				if ok && asked && request.Cmp(limit) > 0 {
					p.At(c, []string{"resources", "limits", string(name)}, fmt.Sprintf("%s asks for %s of %s and may use %s", c.label(), request.String(), name, limit.String()))
				}
			}
		}
	},
})
