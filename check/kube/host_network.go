package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/host-network", Title: "the node's network is shared", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.2.5 PSS/baseline/host-namespaces NSA/no-host-access MITRE/T1611"),
		Aliases:  aliases("trivy:KSV-0009 checkov:CKV_K8S_19 kubescape:C-0041 kube-linter:host-network polaris:hostNetworkSet"),
		Doc: `With hostNetwork the container listens on the node's addresses, reaches services that trust the loop-back address (the kubelet's read-only port, cloud
agents), listens to other pods' traffic if it has NET_RAW, and no NetworkPolicy holds for it. Publish ports through a Service instead.`,
	},
	Run: func(p *Pass) {
		for w := range p.Violating("hostNamespaces") {
			if w.Spec.HostNetwork {
				p.Pod(w, names("hostNetwork"), "the pods use the node's network, and no network policy holds for them",
					remove(w.Object, "give the pods a network of their own", false, w.PodNode, "hostNetwork")...)
			}
		}
	},
})
