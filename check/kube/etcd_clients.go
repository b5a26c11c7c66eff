package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(flagRule(boltseal.Check{
	ID: "kube/etcd-clients", Title: "etcd answers anybody", Severity: boltseal.Critical,
	Controls: names("CIS-K8S-2.2 NSA/etcd"),
	Aliases:  aliases("checkov:CKV_K8S_117 kubescape:C-0154"),
	Doc:      `etcd holds all of the cluster, secrets and roles included, and asks for nothing unless --client-cert-auth is true: whoever reaches its port is the cluster's administrator.`,
}, "etcd", "client-cert-auth", func(value string, set bool, all map[string]string) string {
	if (!set || value != "true") && all["config-file"] == "" {
		return "whoever reaches etcd owns the cluster: --client-cert-auth is not true"
	}
	return ""
}))
