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
		ID: "kube/rbac-wildcard-verb", Title: "a role with every verb", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.1.3 NSA/rbac NIST-800-190/4.3.1"),
		Aliases:  aliases("trivy:KSV-0045 checkov:CKV_K8S_49 kubescape:C-0187 kube-linter:wildcard-in-rules"),
		Doc: `The wildcard gives verbs that nobody thought of: deletecollection, impersonate, escalate, bind, and those that come with a new release or resource.
Write the verbs that are needed: mostly get, list and watch.`,
	},
	Run: func(p *Pass) {
		for r := range p.Roles() {
			for i := range r.Rules {
				if rule := &r.Rules[i]; slices.Contains(rule.Verbs, "*") && !everything(rule) && len(rule.Resources) > 0 {
					p.Report(r.Object, r.Node.Get("rules", strconv.Itoa(i), "verbs"),
						fmt.Sprintf("may do everything with %s%s", strings.Join(rule.Resources, ", "), p.powers().holders(r)))
				}
			}
		}
	},
})
