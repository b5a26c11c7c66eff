package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/capabilities-beyond-default", Title: "a capability beyond the default ones is added", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.2.8 CIS-K8S-5.2.9 PSS/baseline/capabilities PSS/restricted/capabilities NSA/no-escalation"),
		Aliases:  aliases("trivy:KSV-0022 trivy:KSV-0119 checkov:CKV_K8S_25 checkov:CKV_K8S_28 kubescape:C-0046 kubescape:C-0200 polaris:dangerousCapabilities"),
		Doc: `The baseline standard refuses capabilities that runtimes do not give by themselves, and NET_RAW. NET_ADMIN rewrites routes and firewall rules, NET_RAW
forges packages of other pods, SYS_TIME and SYSLOG reach into the node. Leave it out; where a sidecar needs it once at the start, as service meshes do, a CNI
plug-in does the same without.`,
	},
	Run: func(p *Pass) {
		for w := range p.Violating("capabilities_baseline") {
			p.addedCapabilities(w, func(name string) bool { return !escapes[name] && !defaultCapabilities[name] && capabilities[name] }, "which the baseline standard refuses")
		}
	},
})
