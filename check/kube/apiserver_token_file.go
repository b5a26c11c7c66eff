package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(flagRule(boltseal.Check{
	ID: "kube/apiserver-static-tokens", Title: "static tokens of the API server", Severity: boltseal.High,
	Controls: names("CIS-K8S-1.2.2 NSA/authentication"),
	Aliases:  aliases("checkov:CKV_K8S_70 kubescape:C-0114"),
	Doc:      `The tokens of --token-auth-file stand in a file as they are, never expire, and change only with a restart of the server. Use certificates, OpenID Connect or service accounts.`,
}, "kube-apiserver", "token-auth-file", func(_ string, set bool, _ map[string]string) string {
	if set {
		return "tokens that never expire are let in: --token-auth-file"
	}
	return ""
}))
