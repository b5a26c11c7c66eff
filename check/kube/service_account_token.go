package kube

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/service-account-token", Title: "a token for the API server is mounted", Severity: boltseal.Medium,
		Controls: names("CIS-K8S-5.1.6 NSA/service-account-tokens MITRE/T1528 MITRE/T1552.007"),
		Aliases:  aliases("trivy:KSV-0036 checkov:CKV_K8S_38 kubescape:C-0034 kubescape:C-0190 kubescape:C-0261 polaris:automountServiceAccountToken"),
		Doc: `Unless automountServiceAccountToken is false, every container gets a token for the API server. Whoever can run code in it, or read a file through it, asks
the API server with the rights of the service account, and at least learns what the cluster is. Pods that do not talk to Kubernetes need no token. Accounts that a role is
bound to in the same files are taken to be used.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			if w.Spec.AutomountServiceAccountToken != nil {
				if *w.Spec.AutomountServiceAccountToken && w.account() == "default" {
					p.Pod(w, names("automountServiceAccountToken"), "the token of the default service account is mounted", noToken(w, false)...)
				}
				continue
			}
			account := p.Lookup("", "ServiceAccount", w.Namespace, w.account())
			if account != nil {
				if sa, ok := account.Value.(*corev1.ServiceAccount); ok && sa.AutomountServiceAccountToken != nil && !*sa.AutomountServiceAccountToken {
					continue
				}
			}
			if p.powers().bound(w.Namespace, w.account()) {
				continue
			}
			p.Pod(w, nil, fmt.Sprintf("the token of the service account %q is mounted, and nothing shows that it is used", w.account()), noToken(w, w.account() == "default")...)
		}
	},
})

func noToken(w *Workload, safe bool) []boltseal.Fix {
	return set(w.Object, "mount no token", safe, w.PodNode, false, "automountServiceAccountToken")
}

// account is the name of the workload's service account.
func (w *Workload) account() string {
	switch {
	case w.Spec.ServiceAccountName != "":
		return w.Spec.ServiceAccountName
	case w.Spec.DeprecatedServiceAccount != "":
		return w.Spec.DeprecatedServiceAccount
	}
	return "default"
}
