package kube

import (
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/rbac-default-account", Title: "rights for a default service account", Severity: boltseal.Medium,
		Controls: names("CIS-K8S-5.1.5 NSA/rbac"),
		Aliases:  aliases("checkov:CKV_K8S_42 kubescape:C-0189"),
		Doc: `Every pod of the namespace that names no service account has the default one: all of them get the role, those that come later too. Make an account for the program that
needs it, and bind the role to that.`,
	},
	Run: func(p *Pass) {
		p.boundTo(func(s rbacv1.Subject) bool {
			return s.Kind == rbacv1.ServiceAccountKind && s.Name == "default" || s.Kind == rbacv1.GroupKind && strings.HasPrefix(s.Name, "system:serviceaccounts:")
		}, "every pod that says nothing is %s, which has the role %s")
	},
})
