package kube

import (
	"slices"
	"strconv"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/rbac-wildcard-url", Title: "a role on every address of the API server", Severity: boltseal.Medium,
		Controls: names("CIS-K8S-5.1.3 NSA/rbac"),
		Aliases:  aliases("checkov:CKV_K8S_49 kube-linter:wildcard-in-rules"),
		Doc: `nonResourceURLs with a wildcard open the API server's profiles, logs and metrics, which tell of the memory and the users of the cluster. Name the paths,
such as /healthz or /metrics.`,
	},
	Run: func(p *Pass) {
		for r := range p.Roles() {
			for i, rule := range r.Rules {
				if slices.Contains(rule.NonResourceURLs, "*") || slices.Contains(rule.NonResourceURLs, "/*") {
					p.Report(r.Object, r.Node.Get("rules", strconv.Itoa(i), "nonResourceURLs"), "may ask the API server for every address"+p.powers().holders(r))
				}
			}
		}
	},
})
