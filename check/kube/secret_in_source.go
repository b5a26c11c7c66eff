package kube

import (
	"encoding/base64"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/secret-in-source", Title: "a Secret with its content", Severity: boltseal.Medium,
		Controls: names("CIS-K8S-5.4.2 NSA/secrets NIST-800-190/4.1.4 MITRE/T1552.001"),
		Aliases:  aliases("kubescape:C-0012"),
		Doc: `The data of a Secret is base64 and no cipher: whoever reads the file has the secret, in every copy of the repository and for all its history. Keep a sealed form
(SealedSecret, SOPS) or a reference to a vault (ExternalSecret, CSI driver) in the repository, and change the value: it is known now.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind("", "Secret") {
			if o.Node.Get("sops") != nil {
				continue
			}
			for _, field := range []string{"data", "stringData"} {
				for key, value := range o.Node.Get(field).Entries() {
					text := value.Str()
					if field == "data" {
						plain, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
						if err != nil {
							continue
						}
						text = string(plain)
					}
					if literal("password", text) && !public(key.Value) && !strings.HasPrefix(text, "ENC[") {
						p.Report(o, value, key.Value+" is there for everybody who reads the file")
					}
				}
			}
		}
	},
})

// public tells whether an entry of a Secret is no secret by itself.
func public(key string) bool {
	switch key {
	case "tls.crt", "ca.crt", "ca.pem", "username", "user", "host", "port", "database", "dbname", "namespace", "url", "region", "email":
		return true
	}
	return false
}
