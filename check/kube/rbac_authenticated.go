package kube

import (
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/rbac-authenticated", Title: "rights for everybody with an account", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.1.1 NSA/rbac MITRE/T1078"),
		Aliases:  aliases("trivy:KSV-0123 trivy:KSV-01011 kubescape:C-0265"),
		Doc: `system:authenticated is everybody with any credentials, which on managed clusters may be every account of the cloud; system:serviceaccounts is every pod of the cluster.
Bind the role to the accounts that need it.`,
	},
	Run: func(p *Pass) {
		p.boundTo(func(s rbacv1.Subject) bool {
			return s.Kind == rbacv1.GroupKind && (s.Name == "system:authenticated" || s.Name == "system:serviceaccounts")
		}, "every account in %s has the role %s")
	},
})
