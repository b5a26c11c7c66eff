package kube

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(flagRule(boltseal.Check{
	ID: "kube/apiserver-authorization", Title: "the API server allows everything", Severity: boltseal.Critical,
	Controls: names("CIS-K8S-1.2.6 CIS-K8S-1.2.7 CIS-K8S-1.2.8 NSA/authentication NSA/rbac"),
	Aliases:  aliases("checkov:CKV_K8S_74 checkov:CKV_K8S_75 checkov:CKV_K8S_77 kubescape:C-0118 kubescape:C-0119 kubescape:C-0120 kubescape:C-0005"),
	Doc: `With AlwaysAllow, the default where --authorization-mode is not given, everybody who is authenticated, or anonymous, may do everything. Use Node,RBAC, or an
authorization configuration.`,
}, "kube-apiserver", "authorization-mode", func(value string, set bool, all map[string]string) string {
	switch modes := strings.Split(value, ","); {
	case slices.Contains(modes, "AlwaysAllow"):
		return "everybody may do everything: AlwaysAllow"
	case !set && all["authorization-config"] == "":
		return "everybody may do everything: there is no --authorization-mode"
	case set && !slices.Contains(modes, "RBAC"):
		return "roles have no effect: --authorization-mode is without RBAC"
	}
	return ""
}))
