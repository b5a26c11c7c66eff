package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(grant{resources: "pods/exec pods/attach pods/ephemeralcontainers", verbs: "create get update patch", why: "it runs commands in every pod there"}.rule(boltseal.Check{
	ID: "kube/rbac-pod-exec", Title: "a role that may run commands in pods", Severity: boltseal.High,
	Controls: names("CIS-K8S-5.1.4 NSA/rbac MITRE/T1609"),
	Aliases: aliases("trivy:KSV-0053 trivy:KSV-0054 trivy:KSV-0115 checkov:CKV2_K8S_2 kubescape:C-0002 polaris:rolePodExecAttach polaris:clusterrolePodExecAttach polaris:rolebindingRolePodExecAttach " +
		"polaris:rolebindingClusterRolePodExecAttach polaris:clusterrolebindingPodExecAttach"),
	Doc: `A command in a pod has all that the pod has: its secrets, its service account's rights, its place in the network. exec asks for the verb create or, over WebSockets in older
clusters, get. Give it to people for a time and not to programs.`,
}))
