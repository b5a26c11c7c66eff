package kube

import (
	"fmt"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/rbac-aggregate", Title: "a role that widens the built-in roles", Severity: boltseal.Medium,
		Controls: names("CIS-K8S-5.1.3 NSA/rbac"),
		Doc: `The labels rbac.authorization.k8s.io/aggregate-to-admin, -edit and -view add this role's rules to the built-in roles, which most people of the cluster
hold. Rights that reach secrets, roles or commands in pods are then everybody's. Keep the rules to the program's own resources.`,
	},
	Run: func(p *Pass) {
		for r := range p.Roles() {
			for _, to := range []string{"view", "edit", "admin"} {
				label := "rbac.authorization.k8s.io/aggregate-to-" + to
				if r.Meta.Labels[label] != "true" {
					continue
				}
				if what := r.danger(to); what != "" {
					p.Report(r.Object, r.Node.Get("metadata", "labels", label), fmt.Sprintf("everybody with the role %s may %s", to, what))
				}
				break // the wider roles take the narrower ones in
			}
		}
	},
})

// danger says what a role adds to a built-in one that does not belong there.
func (r *Role) danger(to string) string {
	for i := range r.Rules {
		rule := &r.Rules[i]
		switch {
		case everything(rule):
			return "do everything"
		case slices.Contains(rule.Resources, "*") && slices.Contains(rule.APIGroups, "*"):
			return strings.Join(rule.Verbs, ", ") + " every resource"
		case to == "view" && len(allowed(rule, "", "secrets", names("get list watch"))) > 0:
			return "read secrets"
		case len(allowed(rule, "rbac.authorization.k8s.io", "clusterroles", names("escalate bind create update patch"))) > 0:
			return "change cluster roles"
		case len(allowed(rule, "", "nodes/proxy", names("get create"))) > 0:
			return "talk to kubelets"
		case to == "view" && len(allowed(rule, "", "pods/exec", names("create get"))) > 0:
			return "run commands in pods"
		}
	}
	return ""
}
