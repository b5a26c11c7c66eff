package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(grant{resources: "pods/log events", verbs: "delete deletecollection", why: "it may wipe its tracks"}.rule(boltseal.Check{
	ID: "kube/rbac-delete-traces", Title: "a role that may delete logs or events", Severity: boltseal.Medium,
	Controls: names("NSA/rbac NSA/audit-log MITRE/T1070"),
	Aliases:  aliases("trivy:KSV-0042 kubescape:C-0031"),
	Doc:      `Events and logs show what somebody did. No program needs to delete them: they go by themselves. Leave the verbs out, and send logs elsewhere as they come.`,
}))
