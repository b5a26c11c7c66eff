// Package netpol says who can reach whom under a set of NetworkPolicies. A
// [Cluster] holds namespaces, workloads, services and policies as they stand
// in manifests; [Evaluate] makes of it a [Graph], in which [Graph.Allowed] is
// the set of ports that a packet from one endpoint to another may use.
//
// The semantics are those of networking.k8s.io/v1 NetworkPolicy and of
// policy.networking.k8s.io/v1alpha1 AdminNetworkPolicy and
// BaselineAdminNetworkPolicy, no network plugin's own. What they leave open is
// decided as follows: a pod's address is not known, so that an ipBlock selects
// pods only when it takes in every address a pod can have (or all of
// [Options].PodCIDRs); a pod on the host's network is its node, which no
// pod selector selects and no policy isolates; replicas of a workload are one
// endpoint, and that a pod always reaches itself is not shown.
//
// The package knows no file format and reports no findings.
package netpol

import (
	"net/netip"
	"slices"
	"strings"
)

// Cluster is what manifests say of a cluster's network.
type Cluster struct {
	Namespaces []Namespace
	Workloads  []Workload
	Services   []Service
	Ingresses  []Ingress
	ConfigMaps []ConfigMap
	Policies   []Policy
	Admin      []AdminPolicy
	Unread     []Ref // policies of kinds that are not evaluated
}

// Ref names an object.
type Ref struct {
	APIVersion string `json:"apiVersion,omitempty"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
}

// String is namespace/kind/name in lower case, as endpoints are called.
func (r Ref) String() string {
	kind := strings.ToLower(r.Kind)
	if r.Namespace == "" {
		return kind + "/" + r.Name
	}
	return r.Namespace + "/" + kind + "/" + r.Name
}

// Namespace is a namespace with its labels, without the one that Kubernetes
// sets by itself.
type Namespace struct {
	Name   string
	Labels map[string]string
}

// NameLabel is the label that every namespace has, with its name as value.
const NameLabel = "kubernetes.io/metadata.name"

// Workload is a pod, or the template from which pods are made.
type Workload struct {
	Ref
	Labels      map[string]string // of the pods
	Selector    map[string]string // what the workload itself selects its pods by
	Ports       []ContainerPort
	HostNetwork bool
	Values      []Value // what may name other services: environment, arguments, mounted configuration
}

// ContainerPort is a port that a container says it listens on.
type ContainerPort struct {
	Name     string
	Protocol Protocol
	Number   int
}

// Value is a text of a workload's configuration and where it stands.
type Value struct{ Where, Text string }

// Service is a Kubernetes Service.
type Service struct {
	Ref
	Type         string
	Selector     map[string]string
	ClusterIP    string
	ExternalName string
	SourceRanges []string
	Ports        []ServicePort
}

// ServicePort is a port of a Service and where it leads.
type ServicePort struct {
	Name       string
	Protocol   Protocol
	Number     int
	Target     int    // number of the target port, or
	TargetName string // its name
}

// Ingress is a Kubernetes Ingress: the services that it leads to.
type Ingress struct {
	Ref
	Class    string
	Backends []Backend
}

// Backend is a service's port, by number or by name.
type Backend struct {
	Service string
	Number  int
	Name    string
}

// ConfigMap holds configuration that workloads read.
type ConfigMap struct {
	Ref
	Data map[string]string
}

// Policy is a NetworkPolicy as written.
type Policy struct {
	Ref
	PodSelector Selector
	Types       []Direction // as written; see [Policy.Applies]
	Ingress     []Rule
	Egress      []Rule
}

// Direction is the side of a connection that a rule speaks of.
type Direction uint8

// The directions.
const (
	Inbound  Direction = iota // traffic that arrives at the selected pods
	Outbound                  // traffic that leaves them
)

// Rule allows traffic with any of its peers on any of its ports. No peers
// are all of them; no ports are all of them.
type Rule struct {
	Peers []Peer
	Ports []Port
}

// Peer is one other side of a rule.
type Peer struct {
	PodSelector       *Selector
	NamespaceSelector *Selector
	IPBlock           *IPBlock
}

// IPBlock is a range of addresses less some of its parts.
type IPBlock struct {
	CIDR   string
	Except []string
}

// Port is a port, a range of ports, or a name that the destination's pods
// resolve. Number 0 without a name is every port of the protocol.
type Port struct {
	Protocol Protocol
	Number   int
	Name     string
	End      int
}

// Applies reports whether the policy isolates the pods that it selects in
// the direction. When no types are given it always does for ingress, and for
// egress when there is an egress rule.
func (p *Policy) Applies(d Direction) bool {
	if len(p.Types) == 0 {
		return d == Inbound || len(p.Egress) > 0
	}
	return slices.Contains(p.Types, d)
}

// Rules are the policy's rules in a direction, whether they apply or not.
func (p *Policy) Rules(d Direction) []Rule {
	if d == Inbound {
		return p.Ingress
	}
	return p.Egress
}

// Selects reports whether the policy is about a workload's pods.
func (p *Policy) Selects(w *Workload) bool {
	return p.Namespace == w.Namespace && !w.HostNetwork && p.PodSelector.Matches(w.Labels)
}

// prefixes are the block's range and exceptions; ok is false when one of
// them is no CIDR, and the block then selects nothing.
func (b *IPBlock) prefixes() (block netip.Prefix, except []netip.Prefix, ok bool) {
	block, err := netip.ParsePrefix(b.CIDR)
	if err != nil {
		return block, nil, false
	}
	for _, text := range b.Except {
		e, err := netip.ParsePrefix(text)
		if err != nil {
			return block, nil, false
		}
		except = append(except, e.Masked())
	}
	return block.Masked(), except, true
}
