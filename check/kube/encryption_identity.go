package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/encryption-identity", Title: "an encryption configuration that encrypts nothing", Severity: boltseal.High,
		Controls: names("CIS-K8S-1.2.28 NSA/secrets NSA/etcd"),
		Aliases:  aliases("kubescape:C-0142"),
		Doc: `The first provider of a resource is the one that new objects are written with, and identity writes them as they are. It belongs at the end, to read what was written before. Keys of the
other providers that stand in the file itself are secrets of the file.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind("apiserver.config.k8s.io", "EncryptionConfiguration") {
			for _, resource := range o.Node.Get("resources").Elems() {
				if first := resource.Get("providers", "0"); first != nil && len(first.Pairs) > 0 && first.Pairs[0].Key.Value == "identity" {
					p.Report(o, first.Pairs[0].Key, "new objects are written as they are: identity is the first provider")
				}
			}
		}
	},
})
