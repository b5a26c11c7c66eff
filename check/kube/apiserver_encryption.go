package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(flagRule(boltseal.Check{
	ID: "kube/apiserver-no-encryption", Title: "secrets are stored as they are", Severity: boltseal.Medium,
	Controls: names("CIS-K8S-1.2.27 NSA/secrets NSA/etcd"),
	Aliases:  aliases("checkov:CKV_K8S_104 kubescape:C-0066 kubescape:C-0141"),
	Doc:      `Without --encryption-provider-config the API server writes Secrets to etcd as base64: whoever reads its disk or a backup has them all. Give an EncryptionConfiguration with a key from a KMS.`,
}, "kube-apiserver", "encryption-provider-config", func(value string, set bool, _ map[string]string) string {
	if !set || value == "" {
		return "Secrets are written to etcd as they are: there is no --encryption-provider-config"
	}
	return ""
}))
