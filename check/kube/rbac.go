package kube

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/boltseal/boltseal"
)

// access is who may do what, as the roles and bindings of all files have it.
type access struct {
	all      []*Role
	roles    map[name]*Role
	bindings []*Binding
	held     map[*Role][]*Binding
	subjects map[rbacv1.Subject][]*Binding
}

// Role is a Role or a ClusterRole.
type Role struct {
	*Object
	Rules   []rbacv1.PolicyRule
	Cluster bool
}

// Binding gives a role to subjects.
type Binding struct {
	*Object
	Ref      rbacv1.RoleRef
	Subjects []rbacv1.Subject
	Cluster  bool
	Role     *Role // nil when the files do not hold it
}

// powers is the model of access control; it is built when it is first asked
// for.
func (m *Model) powers() *access {
	if m.access != nil {
		return m.access
	}
	a := &access{roles: map[name]*Role{}, held: map[*Role][]*Binding{}, subjects: map[rbacv1.Subject][]*Binding{}}
	m.access = a
	for _, o := range m.Objects {
		switch v := o.Value.(type) {
		case *rbacv1.Role:
			a.role(&Role{Object: o, Rules: v.Rules})
		case *rbacv1.ClusterRole:
			a.role(&Role{Object: o, Rules: v.Rules, Cluster: true})
		}
	}
	for _, o := range m.Objects {
		switch v := o.Value.(type) {
		case *rbacv1.RoleBinding:
			a.binding(&Binding{Object: o, Ref: v.RoleRef, Subjects: v.Subjects})
		case *rbacv1.ClusterRoleBinding:
			a.binding(&Binding{Object: o, Ref: v.RoleRef, Subjects: v.Subjects, Cluster: true})
		}
	}
	return a
}

func (a *access) role(r *Role) {
	key := name{"", r.Kind, r.Namespace, r.Object.Name}
	if r.Cluster {
		key.namespace = ""
	}
	a.all = append(a.all, r)
	if a.roles[key] == nil {
		a.roles[key] = r
	}
}

func (a *access) binding(b *Binding) {
	key := name{"", b.Ref.Kind, b.Namespace, b.Ref.Name}
	if b.Ref.Kind == "ClusterRole" {
		key.namespace = ""
	}
	b.Role = a.roles[key]
	a.bindings = append(a.bindings, b)
	if b.Role != nil {
		a.held[b.Role] = append(a.held[b.Role], b)
	}
	for i, s := range b.Subjects {
		s.APIGroup = ""
		if s.Kind == rbacv1.ServiceAccountKind && s.Namespace == "" {
			s.Namespace = b.Namespace
		}
		b.Subjects[i] = s
		a.subjects[s] = append(a.subjects[s], b)
	}
}

// of are the bindings of a service account, those of its groups too.
func (a *access) of(namespace, account string) []*Binding {
	out := slices.Clone(a.subjects[rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: account}])
	for _, group := range []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"} {
		out = append(out, a.subjects[rbacv1.Subject{Kind: rbacv1.GroupKind, Name: group}]...)
	}
	out = append(out, a.subjects[rbacv1.Subject{Kind: rbacv1.UserKind, Name: "system:serviceaccount:" + namespace + ":" + account}]...)
	return out
}

// bound tells whether a role is bound to a service account by name.
func (a *access) bound(namespace, account string) bool {
	return len(a.subjects[rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: account}]) > 0
}

// holders says who has a role, for messages.
func (a *access) holders(r *Role) string {
	var all []string
	for _, b := range a.held[r] {
		for _, s := range b.Subjects {
			all = append(all, subject(s))
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	switch {
	case len(all) == 0:
		return ""
	case len(all) > 3:
		return fmt.Sprintf("; held by %s and %d others", strings.Join(all[:3], ", "), len(all)-3)
	}
	return "; held by " + strings.Join(all, ", ")
}

func subject(s rbacv1.Subject) string {
	if s.Kind == rbacv1.ServiceAccountKind {
		return "the service account " + strings.TrimPrefix(s.Namespace+"/"+s.Name, "/")
	}
	return "the " + strings.ToLower(s.Kind) + " " + s.Name
}

// Roles are the roles of the files, apart from those that clusters make
// themselves.
func (m *Model) Roles() iter.Seq[*Role] {
	return func(yield func(*Role) bool) {
		for _, r := range m.powers().all {
			if _, own := r.Meta.Labels["kubernetes.io/bootstrapping"]; !own && !yield(r) {
				return
			}
		}
	}
}

// Bindings are the bindings of the files, apart from those that clusters
// make themselves.
func (m *Model) Bindings() iter.Seq[*Binding] {
	return func(yield func(*Binding) bool) {
		for _, b := range m.powers().bindings {
			if _, own := b.Meta.Labels["kubernetes.io/bootstrapping"]; !own && !yield(b) {
				return
			}
		}
	}
}

// everything tells whether a rule gives every verb on every resource.
func everything(r *rbacv1.PolicyRule) bool {
	return slices.Contains(r.Verbs, "*") && slices.Contains(r.Resources, "*")
}

// allowed are the verbs among some that a rule gives on a resource of a group.
func allowed(r *rbacv1.PolicyRule, group, resource string, verbs []string) []string {
	if !slices.Contains(r.APIGroups, group) && !slices.Contains(r.APIGroups, "*") || !covers(r.Resources, resource) {
		return nil
	}
	if slices.Contains(r.Verbs, "*") {
		return verbs
	}
	var out []string
	for _, v := range verbs {
		if slices.Contains(r.Verbs, v) {
			out = append(out, v)
		}
	}
	return out
}

// covers tells whether a rule's resources take one in. A wildcard stands for
// all, or for a sub-resource of all; one resource is no wildcard for its
// sub-resources (the RBAC authorizer's ResourceMatches).
func covers(resources []string, resource string) bool {
	if slices.Contains(resources, "*") || slices.Contains(resources, resource) {
		return true
	}
	_, sub, ok := strings.Cut(resource, "/")
	return ok && slices.Contains(resources, "*/"+sub)
}

// grant is the rule of one dangerous right.
type grant struct {
	group     string
	resources string
	verbs     string
	named     bool // also when the rule names the objects
	cluster   bool // only in ClusterRoles
	why       string
}

func (g grant) rule(check boltseal.Check) Rule {
	resources, verbs := names(g.resources), names(g.verbs)
	return Rule{Check: check, Run: func(p *Pass) {
		for r := range p.Roles() {
			if g.cluster && !r.Cluster {
				continue
			}
			for i := range r.Rules {
				rule := &r.Rules[i]
				if everything(rule) || len(rule.ResourceNames) > 0 && !g.named {
					continue // the rule about wildcards speaks of it
				}
				p.granted(r, i, g, resources, verbs)
			}
		}
	}}
}

func (p *Pass) granted(r *Role, i int, g grant, resources, verbs []string) {
	for _, resource := range resources {
		may := allowed(&r.Rules[i], g.group, resource, verbs)
		if len(may) == 0 {
			continue
		}
		node := r.Node.Get("rules", strconv.Itoa(i), "resources")
		for _, it := range node.Elems() {
			if it.Str() == resource {
				node = it
				break
			}
		}
		p.Report(r.Object, node, fmt.Sprintf("may %s %s: %s%s", strings.Join(may, ", "), resource, g.why, p.powers().holders(r)))
		return
	}
}
