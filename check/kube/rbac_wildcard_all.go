package kube

import (
	"strconv"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/rbac-everything", Title: "a role that may do everything", Severity: boltseal.Critical,
		Controls: names("CIS-K8S-5.1.1 CIS-K8S-5.1.3 NSA/rbac NIST-800-190/4.3.1 MITRE/T1078"),
		Aliases:  aliases("trivy:KSV-0044 checkov:CKV_K8S_49 kubescape:C-0187 kubescape:C-0035 kube-linter:wildcard-in-rules"),
		Doc: `Every verb on every resource is cluster-admin under another name: who holds the role, or takes over a pod that does, owns the cluster or the
namespace. Write down what the program really asks the API server for; its audit log tells.`,
	},
	Run: func(p *Pass) {
		for r := range p.Roles() {
			for i := range r.Rules {
				if everything(&r.Rules[i]) {
					p.Report(r.Object, r.Node.Get("rules", strconv.Itoa(i), "resources"), "may do everything with every resource"+p.powers().holders(r))
				}
			}
		}
	},
})
