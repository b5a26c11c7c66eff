package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(grant{resources: "services/status", verbs: "update patch", why: "it may draw traffic of others to an address (CVE-2020-8554)"}.rule(boltseal.Check{
	ID: "kube/rbac-service-status", Title: "a role that may redirect traffic", Severity: boltseal.Medium,
	Controls: names("NSA/rbac MITRE/T1557"),
	Aliases:  aliases("checkov:CKV2_K8S_4"),
	Doc: `Who may write a Service's status sets status.loadBalancer.ingress.ip, and the nodes send everybody's traffic for that address to his pods (CVE-2020-8554, which is not
mended). Only controllers of load balancers need it.`,
}))
