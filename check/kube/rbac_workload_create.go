package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(grant{group: "apps", resources: "deployments daemonsets statefulsets replicasets", verbs: "create update patch", why: "its pods mount any secret and take any service account of their namespace"}.rule(boltseal.Check{
	ID: "kube/rbac-workload-create", Title: "a role that may start workloads", Severity: boltseal.Medium,
	Controls: names("CIS-K8S-5.1.4 NSA/rbac MITRE/T1610"),
	Aliases:  aliases("trivy:KSV-0048 kubescape:C-0188 kube-linter:access-to-create-pods"),
	Doc: `A Deployment, DaemonSet or StatefulSet starts pods of its author's choice: with any service account and every secret of the namespace. It is the same
right as to start pods, only that a controller does it. Narrow it to names where a pipeline changes known workloads.`,
}))
