package netpol

import (
	"cmp"
	"slices"
)

// AdminPolicy is an AdminNetworkPolicy, or the BaselineAdminNetworkPolicy.
type AdminPolicy struct {
	Ref
	Baseline bool
	Priority int // lower goes first
	Subject  AdminPeer
	Ingress  []AdminRule
	Egress   []AdminRule
}

// AdminRule is one rule of an admin policy. Unlike a NetworkPolicy's it needs
// at least one peer; without ports it speaks of all.
type AdminRule struct {
	Action Action
	Peers  []AdminPeer
	Ports  []AdminPort
	Every  bool // no ports were given
}

// AdminPeer selects namespaces, pods or addresses.
type AdminPeer struct {
	Namespaces *Selector
	Pods       *PodsPeer
	Networks   []string // addresses, egress only
	Unread     []string // what is not evaluated: "nodes", "domainNames"
}

// PodsPeer selects pods by their namespaces and labels.
type PodsPeer struct{ NamespaceSelector, PodSelector Selector }

// AdminPort is a port, a range, or a name in any protocol.
type AdminPort struct {
	Port
	AnyProtocol bool
}

// Action is what an admin policy's rule does.
type Action uint8

// The actions.
const (
	Allow Action = iota
	Deny
	Pass // leave the decision to NetworkPolicies
)

// Rules are the policy's rules in a direction, first to last.
func (p *AdminPolicy) Rules(d Direction) []AdminRule {
	if d == Inbound {
		return p.Ingress
	}
	return p.Egress
}

// set is the set of ports that the admin port stands for.
func (p *AdminPort) set(listening []ContainerPort) Ports {
	if !p.AnyProtocol || p.Name == "" {
		return p.Port.Set(listening)
	}
	out := none
	for _, proto := range []Protocol{TCP, UDP, SCTP} {
		named := Port{Name: p.Name, Protocol: proto}
		out = out.Union(named.Set(listening))
	}
	return out
}

// byPriority is the order in which admin policies speak. Policies of equal
// priority have no order in the API; here it is that of their names.
func byPriority(policies []AdminPolicy, baseline bool) []*AdminPolicy {
	var out []*AdminPolicy
	for i := range policies {
		if policies[i].Baseline == baseline {
			out = append(out, &policies[i])
		}
	}
	slices.SortStableFunc(out, func(a, b *AdminPolicy) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Name, b.Name))
	})
	return out
}
