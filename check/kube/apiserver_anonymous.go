package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(flagRule(boltseal.Check{
	ID: "kube/apiserver-anonymous", Title: "the API server answers anybody", Severity: boltseal.Medium,
	Controls: names("CIS-K8S-1.2.1 NSA/authentication"),
	Aliases:  aliases("checkov:CKV_K8S_68 kubescape:C-0113 kubescape:C-0262"),
	Doc: `Unless --anonymous-auth is false, requests without credentials are those of the user system:anonymous, who may do whatever some binding gives him, and every weakness of the server is
in reach of everybody. Probes of the server itself need /livez, which an AuthenticationConfiguration can open alone.`,
}, "kube-apiserver", "anonymous-auth", func(value string, set bool, all map[string]string) string {
	if (!set || value != "false") && all["authentication-config"] == "" {
		return "requests without credentials are let in: --anonymous-auth is not false"
	}
	return ""
}))
