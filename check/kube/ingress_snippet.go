package kube

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/ingress-snippet", Title: "an Ingress that configures its controller", Severity: boltseal.High,
		Controls: names("MITRE/T1190"),
		Aliases:  aliases("checkov:CKV_K8S_152 checkov:CKV_K8S_153 checkov:CKV_K8S_154 kubescape:C-0059 kubescape:C-0292"),
		Doc: `Snippet annotations put text into the configuration of ingress-nginx, which may read every Secret of the cluster: whoever may make an Ingress reads them too (CVE-2021-25742, and
CVE-2025-24514 through another annotation). Turn allow-snippet-annotations off and use the annotations or resources made for the purpose; ingress-nginx itself is retired.`,
	},
	Run: func(p *Pass) {
		for _, group := range []string{"networking.k8s.io", "extensions"} {
			for _, o := range p.Kind(group, "Ingress") {
				for key, value := range o.Node.Get("metadata", "annotations").Entries() {
					if strings.HasSuffix(key.Value, "-snippet") && strings.Contains(key.Value, "ingress") {
						p.Report(o, key, key.Value+" is text of the controller's own configuration")
					} else if alias := strings.HasSuffix(key.Value, "ingress.kubernetes.io/server-alias"); alias && strings.ContainsAny(value.Str(), "{};\n") {
						p.Report(o, key, key.Value+" breaks out of its line in the controller's configuration")
					}
				}
			}
		}
	},
})
