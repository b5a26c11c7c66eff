package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(grant{resources: "serviceaccounts/token", verbs: "create", why: "it may act as every service account there"}.rule(boltseal.Check{
	ID: "kube/rbac-token-create", Title: "a role that may make tokens", Severity: boltseal.High,
	Controls: names("CIS-K8S-5.1.13 NSA/rbac MITRE/T1528"),
	Aliases:  aliases("kubescape:C-0282"),
	Doc: `With create on serviceaccounts/token somebody asks for a token of any account in reach and has its rights, in kube-system those of the cluster's controllers. Name the
accounts in resourceNames.`,
}))
