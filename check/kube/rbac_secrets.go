package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(grant{resources: "secrets", verbs: "get list watch", why: "it reads every password and token there"}.rule(boltseal.Check{
	ID: "kube/rbac-secrets", Title: "a role that may read all secrets", Severity: boltseal.High,
	Controls: names("CIS-K8S-5.1.2 NSA/rbac NSA/secrets MITRE/T1552.007"),
	Aliases:  aliases("trivy:KSV-0041 trivy:KSV-0113 checkov:CKV2_K8S_5 kubescape:C-0015 kubescape:C-0186 kube-linter:access-to-secrets"),
	Doc: `The secrets of a namespace hold the passwords of its programs and, with older service accounts, tokens with more rights than the reader has; list and watch give
their content as get does. Name the secrets in resourceNames with the verb get, or mount them.`,
}))
