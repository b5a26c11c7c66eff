package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(grant{resources: "nodes nodes/status", verbs: "create update patch delete", cluster: true, why: "it decides which pods run where"}.rule(boltseal.Check{
	ID: "kube/rbac-nodes", Title: "a role that may change nodes", Severity: boltseal.Medium,
	Controls: names("NSA/rbac MITRE/T1578"),
	Doc: `Who may change nodes takes taints away or sets labels, so that pods with secrets come to a node that he has taken over, or drives them off all the others. Only the
cluster's autoscaler and its administrators need it.`,
}))
