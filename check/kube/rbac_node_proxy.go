package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(grant{resources: "nodes/proxy", verbs: "get create", named: true, cluster: true, why: "it runs commands in every pod of the node, without a trace in the audit log"}.rule(boltseal.Check{
	ID: "kube/rbac-node-proxy", Title: "a role that may talk to kubelets", Severity: boltseal.Critical,
	Controls: names("CIS-K8S-5.1.10 NSA/rbac MITRE/T1609"),
	Aliases:  aliases("trivy:KSV-0047 checkov:CKV2_K8S_2 kubescape:C-0279"),
	Doc: `Through nodes/proxy requests reach the kubelet's own API: exec into every pod of the node, with the verb get too over WebSockets, past admission and the audit log of pods.
Monitoring needs nodes/metrics and nodes/stats instead.`,
}))
