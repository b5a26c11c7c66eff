package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(flagRule(boltseal.Check{
	ID: "kube/apiserver-no-audit", Title: "the API server keeps no audit log", Severity: boltseal.High,
	Controls: names("CIS-K8S-3.2.1 CIS-K8S-1.2.16 NSA/audit-log"),
	Aliases:  aliases("checkov:CKV_K8S_91 kubescape:C-0067 kubescape:C-0160 kubescape:C-0130"),
	Doc: `Without --audit-policy-file nothing is logged of who asked the API server for what: after a break-in nobody can tell which secrets were read. Give a policy that logs metadata of every
request, and bodies of those that change access, and send the log elsewhere.`,
}, "kube-apiserver", "audit-policy-file", func(value string, set bool, _ map[string]string) string {
	if !set || value == "" {
		return "nobody can tell later who did what: there is no --audit-policy-file"
	}
	return ""
}))
