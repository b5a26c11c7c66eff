package kube

import (
	"slices"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/rbac-impersonate", Title: "a role that may act as others", Severity: boltseal.Critical,
		Controls: names("CIS-K8S-5.1.8 NSA/rbac MITRE/T1078"),
		Aliases:  aliases("trivy:KSV-0043 checkov:CKV2_K8S_3 kubescape:C-0191 kubescape:C-0065"),
		Doc: `With impersonate a request is made as another user, group or service account: as the group system:masters, past all of RBAC. Name in resourceNames whom the role
may act as, and never give it on groups.`,
	},
	Run: func(p *Pass) {
		for r := range p.Roles() {
			for i := range r.Rules {
				rule := &r.Rules[i]
				if everything(rule) || len(rule.ResourceNames) > 0 || !slices.Contains(rule.Verbs, "impersonate") {
					continue
				}
				for j, resource := range rule.Resources {
					if resource == "users" || resource == "groups" || resource == "serviceaccounts" || resource == "*" || strings.HasPrefix(resource, "userextras") {
						p.Report(r.Object, r.Node.Get("rules", strconv.Itoa(i), "resources", strconv.Itoa(j)), "may act as any of "+resource+p.powers().holders(r))
					}
				}
			}
		}
	},
})
