package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(grant{resources: "pods/portforward pods/proxy services/proxy", verbs: "create get", why: "it reaches every port there past network policies"}.rule(boltseal.Check{
	ID: "kube/rbac-port-forward", Title: "a role that may reach into pods", Severity: boltseal.Medium,
	Controls: names("NSA/rbac MITRE/T1090"),
	Aliases:  aliases("trivy:KSV-0054 kubescape:C-0063"),
	Doc: `Port forwarding and the API server's proxy connect to a pod from the node or the control plane, where no NetworkPolicy stops them: databases and admin pages
that only the cluster should see are open. Give it to people for a time.`,
}))
