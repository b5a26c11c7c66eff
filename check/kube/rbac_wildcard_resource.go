package kube

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/rbac-wildcard-resource", Title: "a role on every resource", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.1.3 NSA/rbac NIST-800-190/4.3.1"),
		Aliases:  aliases("trivy:KSV-0046 trivy:KSV-0112 checkov:CKV_K8S_49 kubescape:C-0187 kube-linter:wildcard-in-rules"),
		Doc: `The wildcard takes in secrets, roles and bindings, and every resource that is added later. Even get and list alone hand out all secrets. Write the
resources that are needed.`,
	},
	Run: func(p *Pass) {
		for r := range p.Roles() {
			for i := range r.Rules {
				if rule := &r.Rules[i]; slices.Contains(rule.Resources, "*") && !everything(rule) {
					p.Report(r.Object, r.Node.Get("rules", strconv.Itoa(i), "resources"),
						fmt.Sprintf("may %s every resource%s", strings.Join(rule.Verbs, ", "), p.powers().holders(r)))
				}
			}
		}
	},
})
