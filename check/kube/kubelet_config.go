package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/kubelet-open", Title: "a kubelet that answers anybody", Severity: boltseal.Critical,
		Controls: names("CIS-K8S-4.2.1 CIS-K8S-4.2.2 CIS-K8S-4.2.4 NSA/authentication"),
		Aliases:  aliases("kubescape:C-0069 kubescape:C-0172 kubescape:C-0173 kubescape:C-0175 checkov:CKV_K8S_138 checkov:CKV_K8S_139 checkov:CKV_K8S_141"),
		Doc: `The kubelet's API runs commands in every container of its node. With anonymous authentication or AlwaysAllow, whoever reaches port 10250 may use it, pods included; the
read-only port tells everything about the pods to everybody. Use webhook authentication and authorization, and close the port.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind("kubelet.config.k8s.io", "KubeletConfiguration") {
			if node := o.Node.Get("authentication", "anonymous", "enabled"); isTrue(node) {
				p.Report(o, node, "whoever reaches the kubelet may ask it", set(o, "let nobody in without credentials", false, o.Node, false, "authentication", "anonymous", "enabled")...)
			}
			if node := o.Node.Get("authorization", "mode"); node.Str() == "AlwaysAllow" {
				p.Report(o, node, "whoever reaches the kubelet may run commands in its containers", set(o, "ask the API server", false, o.Node, "Webhook", "authorization", "mode")...)
			}
			if node := o.Node.Get("readOnlyPort"); node.Str() != "" && node.Str() != "0" {
				p.Report(o, node, "the kubelet tells everybody about its pods", set(o, "close the port", false, o.Node, 0, "readOnlyPort")...)
			}
		}
	},
})
