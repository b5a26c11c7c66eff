package kube

import (
	"fmt"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/rbac-cluster-admin", Title: "cluster-admin is given away", Severity: boltseal.Critical,
		Controls: names("CIS-K8S-5.1.1 NSA/rbac NIST-800-190/4.3.1 MITRE/T1078"),
		Aliases: aliases("trivy:KSV-0111 kubescape:C-0035 kubescape:C-0185 kube-linter:cluster-admin-role-binding polaris:clusterrolebindingClusterAdmin " +
			"polaris:rolebindingClusterAdminClusterRole polaris:rolebindingClusterAdminRole"),
		Doc: `cluster-admin may do everything with everything. A service account that has it makes whoever breaks into one of its pods the cluster's administrator. Bind a role with what
the program needs; people take cluster-admin for the time of an emergency.`,
	},
	Run: func(p *Pass) {
		for b := range p.Bindings() {
			if b.Ref.Name != "cluster-admin" || b.Ref.Kind != "ClusterRole" {
				continue
			}
			var who []string
			for _, s := range b.Subjects {
				if s.Kind != rbacv1.GroupKind || s.Name != "system:masters" {
					who = append(who, subject(s))
				}
			}
			if len(who) == 0 {
				continue
			}
			where := "the cluster"
			if !b.Cluster {
				where = "the namespace " + b.Namespace
			}
			p.Report(b.Object, b.Node.Get("roleRef", "name"), fmt.Sprintf("%s may do everything in %s", strings.Join(who, ", "), where))
		}
	},
})
