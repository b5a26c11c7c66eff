package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(grant{group: "rbac.authorization.k8s.io", resources: "rolebindings clusterrolebindings roles clusterroles", verbs: "create update patch delete deletecollection",
	why: "it may hand on every right that it has"}.rule(boltseal.Check{
	ID: "kube/rbac-manage-roles", Title: "a role that may change roles or bindings", Severity: boltseal.High,
	Controls: names("CIS-K8S-5.1.8 NSA/rbac MITRE/T1098"),
	Aliases:  aliases("trivy:KSV-0050 trivy:KSV-0051 trivy:KSV-0052 checkov:CKV2_K8S_1 kubescape:C-0065"),
	Doc: `Who may write roles and bindings keeps a way back in: he gives his rights to an account that nobody watches. With escalate, bind or a wildcard beside it he
gives himself all rights. Leave it to those who administer the cluster.`,
}))
