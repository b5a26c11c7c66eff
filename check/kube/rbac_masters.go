package kube

import (
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/rbac-masters", Title: "the group system:masters is used", Severity: boltseal.Critical,
		Controls: names("CIS-K8S-5.1.7 NSA/rbac MITRE/T1078"),
		Aliases:  aliases("trivy:KSV-0123 kubescape:C-0246"),
		Doc: `Members of system:masters may do everything, and no role or webhook can take it from them again. A binding to the group changes nothing for them and hides who
administers the cluster. Bind named people and groups to cluster-admin instead.`,
	},
	Run: func(p *Pass) {
		p.boundTo(func(s rbacv1.Subject) bool { return s.Kind == rbacv1.GroupKind && s.Name == "system:masters" },
			"members of %s may do everything already; here they have the role %s")
	},
})
