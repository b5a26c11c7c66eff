package kube

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/service-exposed", Title: "a Service that is open from outside", Severity: boltseal.Medium,
		Controls: names("NSA/network-policies MITRE/T1133"),
		Aliases:  aliases("kubescape:C-0256 kubescape:C-0266 kube-linter:exposed-services kube-score:service-type"),
		Doc: `A NodePort opens a port on every node, and a LoadBalancer without loadBalancerSourceRanges an address for everybody who can reach it, mostly the Internet. Put an Ingress or a Gateway
with TLS and authentication before it, or say from where it may be reached.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind("", "Service") {
			s, ok := o.Value.(*corev1.Service)
			switch {
			case !ok:
			case s.Spec.Type == corev1.ServiceTypeNodePort:
				p.Report(o, o.Node.Get("spec", "type"), "every node opens a port for the Service")
			case s.Spec.Type == corev1.ServiceTypeLoadBalancer && !restrictedBalancer(s):
				p.Report(o, o.Node.Get("spec", "type"), "the load balancer lets everybody in: no loadBalancerSourceRanges say from where it may be reached")
			}
		}
	},
})

// restrictedBalancer tells whether a load balancer is internal, or open for
// some addresses only.
func restrictedBalancer(s *corev1.Service) bool {
	for _, r := range s.Spec.LoadBalancerSourceRanges {
		if strings.HasSuffix(r, "/0") {
			return false
		}
	}
	if len(s.Spec.LoadBalancerSourceRanges) > 0 {
		return true
	}
	for key, value := range s.Annotations {
		lower := strings.ToLower(key)
		switch {
		case strings.HasSuffix(lower, "load-balancer-source-ranges"):
			return !strings.Contains(value, "/0")
		case strings.Contains(lower, "internal") && value != "false", strings.HasSuffix(lower, "load-balancer-scheme") && value == "internal",
			strings.HasSuffix(lower, "load-balancer-type") && strings.EqualFold(value, "internal"):
			return true
		}
	}
	return false
}
