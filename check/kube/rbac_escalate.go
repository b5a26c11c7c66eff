package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(grant{group: "rbac.authorization.k8s.io", resources: "roles clusterroles", verbs: "escalate", named: true, why: "it may write itself every right"}.rule(boltseal.Check{
	ID: "kube/rbac-escalate", Title: "a role that may widen roles", Severity: boltseal.Critical,
	Controls: names("CIS-K8S-5.1.8 NSA/rbac MITRE/T1078"),
	Aliases:  aliases("trivy:KSV-0050 trivy:KSV-0051 checkov:CKV_K8S_158 kubescape:C-0191"),
	Doc: `The API server lets nobody write a role with rights that he does not have himself, unless he has the verb escalate. Who has it writes cluster-admin into a role
that is bound to him. Only the controllers of the cluster need it.`,
}))
