package kube

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/default-account-token", Title: "the default service account hands out tokens", Severity: boltseal.Low,
		Controls: names("CIS-K8S-5.1.5 CIS-K8S-5.1.6 NSA/service-account-tokens"),
		Aliases:  aliases("checkov:CKV_K8S_41 kubescape:C-0189"),
		Doc: `The manifest describes the namespace's default service account without automountServiceAccountToken: false, so that every pod that says nothing gets a
token. Switch it off here, and on again for the pods that talk to the API server.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind("", "ServiceAccount") {
			sa, ok := o.Value.(*corev1.ServiceAccount)
			if ok && o.Object.Name == "default" && (sa.AutomountServiceAccountToken == nil || *sa.AutomountServiceAccountToken) {
				p.Report(o, nearest(o.Node, "automountServiceAccountToken"), "pods that say nothing get a token of the default service account",
					set(o, "hand out no token", false, o.Node, false, "automountServiceAccountToken")...)
			}
		}
	},
})
