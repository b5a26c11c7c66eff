package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(grant{group: "batch", resources: "jobs cronjobs", verbs: "create update patch", why: "its pods mount any secret and take any service account of their namespace"}.rule(boltseal.Check{
	ID: "kube/rbac-job-create", Title: "a role that may start jobs", Severity: boltseal.Medium,
	Controls: names("CIS-K8S-5.1.4 NSA/rbac MITRE/T1053.007"),
	Aliases:  aliases("trivy:KSV-0048 kubescape:C-0188 kube-linter:access-to-create-pods"),
	Doc: `A job starts pods of its author's choice, with any service account and every secret of the namespace; a CronJob does so again and again, long after its
author is gone. Keep such roles in namespaces without stronger accounts.`,
}))
