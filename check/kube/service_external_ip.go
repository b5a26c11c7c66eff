package kube

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/service-external-ip", Title: "a Service takes an address by itself", Severity: boltseal.High,
		Controls: names("CIS-K8S-1.2.3 MITRE/T1557"),
		Aliases:  aliases("trivy:KSV-0108 kubescape:C-0283"),
		Doc: `externalIPs makes every node send traffic for those addresses to the Service's pods, whoever they belong to: somebody who may make Services in any namespace reads what others
send to a bank's address (CVE-2020-8554, which is not mended). Use a load balancer, and refuse the field with the admission plug-in DenyServiceExternalIPs.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind("", "Service") {
			if s, ok := o.Value.(*corev1.Service); ok && len(s.Spec.ExternalIPs) > 0 {
				p.Report(o, o.Node.Get("spec", "externalIPs"), "the Service takes "+strings.Join(s.Spec.ExternalIPs, ", ")+" for itself on every node",
					remove(o, "take no address", false, o.Node, "spec", "externalIPs")...)
			}
		}
	},
})
