package kube

import (
	"strconv"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/rbac-subject", Title: "a binding that binds nobody", Severity: boltseal.Medium,
		Controls: names("NSA/rbac"),
		Doc: `The binding has no effect as it stands: a service account without a namespace in a ClusterRoleBinding is refused; a ClusterRoleBinding cannot refer to a Role; a binding without
subjects, or to a role that is not there, waits for somebody to make what is missing, and he then has the right.`,
	},
	Run: func(p *Pass) {
		for b := range p.Bindings() {
			p.dangling(b)
		}
	},
})

func (p *Pass) dangling(b *Binding) {
	if len(b.Subjects) == 0 {
		p.Report(b.Object, nearest(b.Node, "subjects"), "nobody is bound")
	}
	for i, s := range b.Subjects {
		node := b.Node.Get("subjects", strconv.Itoa(i))
		if s.Kind != rbacv1.ServiceAccountKind {
			continue
		}
		if b.Cluster && s.Namespace == "" {
			p.Report(b.Object, nearest(node, "name"), "the service account "+s.Name+" needs a namespace")
			continue
		}
		known := p.known[name{"", "ServiceAccount", s.Namespace, folder(b.File.Name)}]
		if known && s.Name != "default" && p.Lookup("", "ServiceAccount", s.Namespace, s.Name) == nil {
			p.Report(b.Object, nearest(node, "name"), "there is no service account "+strings.TrimPrefix(s.Namespace+"/", "/")+s.Name)
		}
	}
	switch ref := b.Node.Get("roleRef", "name"); {
	case b.Cluster && b.Ref.Kind == "Role":
		p.Report(b.Object, nearest(b.Node, "roleRef", "kind"), "a ClusterRoleBinding cannot refer to a Role")
	case b.Role == nil && b.Ref.Kind == "Role" && p.Knows(b.Object, "rbac.authorization.k8s.io", "Role"):
		p.Report(b.Object, ref, "there is no Role "+b.Ref.Name)
	}
}
