package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(grant{group: "rbac.authorization.k8s.io", resources: "roles clusterroles", verbs: "bind", why: "it may give itself any role"}.rule(boltseal.Check{
	ID: "kube/rbac-bind", Title: "a role that may bind any role", Severity: boltseal.Critical,
	Controls: names("CIS-K8S-5.1.8 NSA/rbac MITRE/T1078"),
	Aliases:  aliases("trivy:KSV-0052 trivy:KSV-0055 checkov:CKV_K8S_157 checkov:CKV2_K8S_1 kubescape:C-0191"),
	Doc: `With the verb bind on roles and the right to make bindings, somebody binds cluster-admin to himself without having its rights. Name the roles that may be
bound in resourceNames.`,
}))
