package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(grant{resources: "pods", verbs: "create update patch", why: "a pod mounts any secret and takes any service account of its namespace"}.rule(boltseal.Check{
	ID: "kube/rbac-pod-create", Title: "a role that may start pods", Severity: boltseal.High,
	Controls: names("CIS-K8S-5.1.4 NSA/rbac MITRE/T1610"),
	Aliases:  aliases("trivy:KSV-0048 kubescape:C-0188 kube-linter:access-to-create-pods"),
	Doc: `Who may start a pod may choose its service account, mount every secret of the namespace and, where no Pod Security Standard is enforced, the node's disk: it is as much
as all of these together. Keep such roles in namespaces without stronger accounts, and enforce a standard there.`,
}))
