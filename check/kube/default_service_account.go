package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/default-service-account", Title: "the default service account is used", Severity: boltseal.Low,
		Controls: names("CIS-K8S-5.1.5 NSA/service-account-tokens"),
		Aliases:  aliases("checkov:CKV_K8S_41 kubescape:C-0189 kubescape:C-0261 kube-linter:default-service-account"),
		Doc: `All pods of a namespace that name no service account share the one called default. Whatever is granted to it for one of them all get, and the audit
log cannot tell them apart. Give each program an account of its own; a pod that mounts no token may stay with the default one.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			if w.account() == "default" && (w.Spec.AutomountServiceAccountToken == nil || *w.Spec.AutomountServiceAccountToken) {
				p.Pod(w, names("serviceAccountName"), "the pods use the service account that all others of the namespace have too")
			}
		}
	},
})
