package netpol

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// EndpointKind says what an endpoint of a graph is.
type EndpointKind uint8

// The kinds of endpoints, in the order in which they are listed.
const (
	Pods      EndpointKind = iota // a workload of the manifests
	Elsewhere                     // pods that policies speak of and the manifests do not hold
	Outside                       // addresses outside the cluster
)

// Endpoint is something that sends or receives packets.
type Endpoint struct {
	Kind     EndpointKind
	Name     string
	Workload *Workload // nil for addresses outside
	Prefix   netip.Prefix
	Except   []netip.Prefix

	namespace map[string]string // labels, the automatic one included
	part      external
}

// universe is what graphs must share to be compared.
type universe struct {
	elsewhere []elsewhere
	prefixes  []netip.Prefix
}

// elsewhere stands for pods that a selector speaks of and that are not in
// the manifests. Nothing is known of the ports they listen on.
type elsewhere struct {
	name      string
	namespace string            // name, when the selector says it
	labels    map[string]string // of the namespace
	pod       map[string]string
}

// otherPods stands for every pod that no manifest speaks of.
var otherPods = elsewhere{name: "other pods of the cluster"}

// namespaces are the labels of every namespace that is spoken of, by name.
func (c *Cluster) namespaces() map[string]map[string]string {
	out := map[string]map[string]string{}
	note := func(name string, labels map[string]string) {
		if out[name] == nil {
			out[name] = map[string]string{}
		}
		maps.Copy(out[name], labels)
		out[name][NameLabel] = name
	}
	for i := range c.Workloads {
		note(c.Workloads[i].Namespace, nil)
	}
	for i := range c.Policies {
		note(c.Policies[i].Namespace, nil)
	}
	for i := range c.Services {
		note(c.Services[i].Namespace, nil)
	}
	for _, n := range c.Namespaces {
		note(n.Name, n.Labels)
	}
	return out
}

// universe lists the pods and addresses beyond the manifests that the
// cluster's policies tell apart.
func (c *Cluster) universe() universe {
	u := universe{elsewhere: []elsewhere{otherPods}}
	known := c.Census()
	seen := map[string]bool{}
	addPods := func(namespace string, nsSelector, podSelector *Selector) {
		key := namespace + "\x00"
		if nsSelector != nil {
			key = string(nsSelector.key([]byte{1}))
		}
		key += "\x00" + string(podSelector.key(nil))
		if seen[key] {
			return
		}
		seen[key] = true
		if !known.any(namespace, nsSelector, podSelector) {
			if e, ok := newElsewhere(known.spaces, namespace, nsSelector, podSelector); ok {
				u.elsewhere = append(u.elsewhere, e)
			}
		}
	}
	addBlock := func(b *IPBlock) {
		if block, except, ok := b.prefixes(); ok {
			u.prefixes = append(append(u.prefixes, block), except...)
		}
	}
	for i := range c.Policies {
		p := &c.Policies[i]
		for _, r := range slices.Concat(p.Ingress, p.Egress) {
			for _, peer := range r.Peers {
				switch {
				case peer.IPBlock != nil:
					addBlock(peer.IPBlock)
				case peer.PodSelector != nil || peer.NamespaceSelector != nil:
					addPods(p.Namespace, peer.NamespaceSelector, cmp.Or(peer.PodSelector, &Selector{}))
				}
			}
		}
	}
	for i := range c.Admin {
		for _, r := range slices.Concat(c.Admin[i].Ingress, c.Admin[i].Egress) {
			for _, peer := range r.Peers {
				switch {
				case peer.Namespaces != nil:
					addPods("", peer.Namespaces, &Selector{})
				case peer.Pods != nil:
					addPods("", &peer.Pods.NamespaceSelector, &peer.Pods.PodSelector)
				}
				for _, cidr := range peer.Networks {
					addBlock(&IPBlock{CIDR: cidr})
				}
			}
		}
	}
	return u
}

// Census is the workloads that selectors can select, by namespace.
type Census struct {
	spaces map[string]map[string]string // labels
	pods   map[string][]*Workload
}

// Census counts the workloads that selectors can select.
func (c *Cluster) Census() *Census {
	out := &Census{spaces: c.namespaces(), pods: map[string][]*Workload{}}
	for i := range c.Workloads {
		if w := &c.Workloads[i]; !w.HostNetwork {
			out.pods[w.Namespace] = append(out.pods[w.Namespace], w)
		}
	}
	return out
}

// any reports whether a workload is selected; without a selector of
// namespaces it has to be in the one given.
func (n *Census) any(namespace string, nsSelector, podSelector *Selector) bool {
	in := func(namespace string) bool {
		return slices.ContainsFunc(n.pods[namespace], func(w *Workload) bool { return podSelector.Matches(w.Labels) })
	}
	if nsSelector == nil {
		return in(namespace)
	}
	for name, labels := range n.spaces {
		if nsSelector.Matches(labels) && in(name) {
			return true
		}
	}
	return false
}

// newElsewhere makes an endpoint that the selectors select, in a namespace of
// the manifests if there is one that fits.
func newElsewhere(spaces map[string]map[string]string, namespace string, nsSelector, podSelector *Selector) (elsewhere, bool) {
	pod, ok := podSelector.example()
	if !ok {
		return elsewhere{}, false
	}
	e := elsewhere{pod: pod, namespace: namespace}
	what := "pods with " + podSelector.String()
	if podSelector.Empty() {
		what = "pods"
	}
	if nsSelector == nil {
		e.name = what + " in namespace " + namespace
		return e, true
	}
	e.name = what + " in namespaces with " + nsSelector.String()
	if nsSelector.Empty() {
		e.name = what + " in any namespace"
	}
	for _, name := range slices.Sorted(maps.Keys(spaces)) {
		if nsSelector.Matches(spaces[name]) {
			e.namespace = name
			return e, true
		}
	}
	if e.labels, ok = nsSelector.example(); !ok {
		return elsewhere{}, false
	}
	if name, ok := e.labels[NameLabel]; ok {
		e.namespace = name
		if len(nsSelector.MatchLabels) == 1 && len(nsSelector.MatchExpressions) == 0 {
			e.name = what + " in namespace " + name
		}
	}
	return e, true
}

// merge is a universe in which both clusters' graphs can be drawn.
func (u universe) merge(v universe) universe {
	return universe{elsewhere: slices.Concat(u.elsewhere, v.elsewhere), prefixes: slices.Concat(u.prefixes, v.prefixes)}
}

// endpoints lists everything that can send or receive, in order.
func (c *Cluster) endpoints(u universe) []Endpoint {
	spaces := c.namespaces()
	var out []Endpoint
	for i := range c.Workloads {
		w := &c.Workloads[i]
		out = append(out, Endpoint{Kind: Pods, Name: w.String(), Workload: w, namespace: spaces[w.Namespace]})
	}
	slices.SortStableFunc(out, func(a, b Endpoint) int { return strings.Compare(a.Name, b.Name) })
	elsewheres := slices.Clone(u.elsewhere[1:])
	slices.SortFunc(elsewheres, func(a, b elsewhere) int { return strings.Compare(a.name, b.name) })
	elsewheres = slices.CompactFunc(elsewheres, func(a, b elsewhere) bool { return a.name == b.name })
	for _, e := range append(elsewheres, u.elsewhere[0]) {
		labels := map[string]string{}
		maps.Copy(labels, e.labels)
		maps.Copy(labels, spaces[e.namespace])
		if labels[NameLabel] == "" {
			labels[NameLabel] = cmp.Or(e.namespace, "another-namespace")
		}
		w := &Workload{Ref: Ref{Namespace: labels[NameLabel], Kind: "Pod", Name: e.name}, Labels: e.pod}
		out = append(out, Endpoint{Kind: Elsewhere, Name: e.name, Workload: w, namespace: labels})
	}
	parts := externals(slices.Clone(u.prefixes))
	for _, part := range parts {
		out = append(out, Endpoint{Kind: Outside, Name: part.name(len(parts) == 1), Prefix: part.prefix, Except: part.less, part: part})
	}
	return out
}

// Any reports whether a workload of the manifests is selected by a peer of a
// policy in a namespace. Pods on the host's network never are.
func (n *Census) Any(namespace string, peer *Peer) bool {
	if peer.IPBlock != nil || peer.PodSelector == nil && peer.NamespaceSelector == nil {
		return false
	}
	return n.any(namespace, peer.NamespaceSelector, cmp.Or(peer.PodSelector, &Selector{}))
}
