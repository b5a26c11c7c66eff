package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(grant{resources: "secrets", verbs: "create update patch delete deletecollection", named: false, why: "it may replace keys, and make a secret that is filled with an account's token"}.rule(boltseal.Check{
	ID: "kube/rbac-secrets-write", Title: "a role that may change secrets", Severity: boltseal.Medium,
	Controls: names("CIS-K8S-5.1.2 NSA/rbac MITRE/T1098"),
	Aliases:  aliases("trivy:KSV-0041 trivy:KSV-0113"),
	Doc: `Who may create secrets makes one of type kubernetes.io/service-account-token and is handed the token of any account of the namespace; who may update them replaces certificates and
passwords by his own. Narrow the role to names.`,
}))
