package kube

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/netpol"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// network is who can reach whom among the objects of a run, worked out once.
type network struct {
	cluster  *netpol.Cluster
	graph    *netpol.Graph
	census   *netpol.Census
	policies []*netPolicy
	homes    map[string][]*netPolicy      // by namespace
	exposed  map[string][]netpol.Selector // of Services that are open from outside, by namespace
	denied   map[place]bool               // where everything is denied by default
	spaces   []string                     // with workloads that policies can select, sorted
	sets     [][]*netPolicy               // see egressSets
	foreign  map[string]bool              // namespaces with policies that are not evaluated; "" is the cluster
}

// place is a direction in a namespace.
type place struct {
	space string
	dir   netpol.Direction
}

// netPolicy is a NetworkPolicy with its object.
type netPolicy struct {
	*netpol.Policy
	index    int
	object   *Object
	subjects []int // endpoints that it selects
}

// policyRule is one rule of a policy as it is written.
type policyRule struct {
	*netPolicy
	*netpol.Rule
	dir  netpol.Direction
	node *manifest.Node
	nth  int

	texts []string // of the peers, to tell them apart
}

// Network works out who can reach whom when it is first asked.
func (m *Model) network() *network {
	if m.net == nil {
		m.net = newNetwork(m)
	}
	return m.net
}

func newNetwork(m *Model) *network {
	n := &network{
		cluster: &netpol.Cluster{}, foreign: map[string]bool{}, homes: map[string][]*netPolicy{}, exposed: map[string][]netpol.Selector{}, denied: map[place]bool{},
	}
	var objects []*Object
	for _, o := range m.Objects {
		before := len(n.cluster.Policies)
		ref := netpol.Ref{APIVersion: o.APIVersion, Kind: o.Kind, Namespace: o.Namespace, Name: o.Object.Name}
		if err := n.cluster.Add(ref, o.Node.Decode); err != nil {
			if o.Kind == "NetworkPolicy" {
				m.gaps = append(m.gaps, boltseal.Gap{What: "network policy " + o.String() + " in " + o.File.Name, Why: err.Error(), Kind: "unreadable-object"})
			}
			continue
		}
		if len(n.cluster.Policies) > before {
			objects = append(objects, o)
		}
	}
	kinds := map[string]int{}
	for _, r := range n.cluster.Unread {
		if !strings.Contains(r.APIVersion, "istio") && !strings.Contains(r.APIVersion, "linkerd") {
			n.foreign[r.Namespace] = true
			kinds[r.Kind]++
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		m.gaps = append(m.gaps, boltseal.Gap{
			Kind: "unsupported-policy", What: fmt.Sprintf("%d of kind %s", kinds[kind], kind),
			Why:  "policies of this kind are not evaluated, and where they apply neither isolation nor DNS is judged",
			Hint: "if they are looked at elsewhere: --allow-gaps unsupported-policy",
		})
	}
	n.graph, n.census = netpol.Evaluate(n.cluster, nil), n.cluster.Census()
	for i, o := range objects {
		n.policies = append(n.policies, &netPolicy{Policy: &n.cluster.Policies[i], index: i, object: o})
	}
	for _, p := range n.policies {
		n.homes[p.Namespace] = append(n.homes[p.Namespace], p)
	}
	for _, s := range n.cluster.Services {
		if (s.Type == "LoadBalancer" || s.Type == "NodePort") && len(s.Selector) > 0 {
			n.exposed[s.Namespace] = append(n.exposed[s.Namespace], netpol.Selector{MatchLabels: s.Selector})
		}
	}
	for i := range n.graph.Endpoints {
		e := &n.graph.Endpoints[i]
		if e.Kind != netpol.Pods {
			continue
		}
		if !e.Workload.HostNetwork {
			n.spaces = append(n.spaces, e.Workload.Namespace)
		}
		for _, p := range n.homes[e.Workload.Namespace] {
			if p.Selects(e.Workload) {
				p.subjects = append(p.subjects, i)
			}
		}
	}
	slices.Sort(n.spaces)
	n.spaces = slices.Compact(n.spaces)
	return n
}

// known tells whether the run holds workloads of a namespace, so that a
// selector that selects none of them is wrong.
func (n *network) known(namespace string) bool {
	_, ok := slices.BinarySearch(n.spaces, namespace)
	return ok
}

// unseen tells whether policies of another kind may have a say.
func (n *network) unseen(namespace string) bool { return n.foreign[namespace] || n.foreign[""] }

// rules are the rules that count, with where they are written.
func (n *network) rules() iter.Seq[policyRule] {
	return func(yield func(policyRule) bool) {
		for _, p := range n.policies {
			for _, d := range []netpol.Direction{netpol.Inbound, netpol.Outbound} {
				if !p.Applies(d) {
					continue
				}
				list := p.object.Node.Get("spec", field(d))
				for i := range p.Rules(d) {
					if !yield(policyRule{netPolicy: p, Rule: &p.Rules(d)[i], dir: d, node: at(list, i), nth: i}) {
						return
					}
				}
			}
		}
	}
}

// field is the key of a direction's rules.
func field(d netpol.Direction) string {
	if d == netpol.Inbound {
		return "ingress"
	}
	return "egress"
}

// peersField is the key of a rule's peers.
func peersField(d netpol.Direction) string {
	if d == netpol.Inbound {
		return "from"
	}
	return "to"
}

// peer is the node of one of the rule's peers.
func (r *policyRule) peer(i int) *manifest.Node { return at(r.node.Get(peersField(r.dir)), i) }

// port is the node of one of the rule's ports.
func (r *policyRule) port(i int) *manifest.Node { return at(r.node.Get("ports"), i) }

// ports is the set of ports that the rule opens, as far as they have numbers.
func (r *policyRule) ports() netpol.Ports {
	if len(r.Ports) == 0 {
		return netpol.AllPorts()
	}
	var set netpol.Ports
	for i := range r.Ports {
		set = set.Union(r.Ports[i].Set(nil))
	}
	return set
}

// onPorts is what messages say of the rule's ports.
func (r *policyRule) onPorts() string {
	if len(r.Ports) == 0 {
		return "on every port"
	}
	var words []string
	for i := range r.Ports {
		if name := r.Ports[i].Name; name != "" {
			words = append(words, name)
		}
	}
	if set := r.ports(); !set.Empty() {
		words = append([]string{set.String()}, words...)
	}
	return "on " + strings.Join(words, ", ")
}

// dnsOnly tells whether the rule is about DNS and nothing else.
func (r *policyRule) dnsOnly() bool {
	if r.dir != netpol.Outbound || len(r.Ports) == 0 {
		return false
	}
	return !slices.ContainsFunc(r.Ports, func(p netpol.Port) bool { return !dnsPort(&p) })
}

// dnsPort tells whether a port is one on which DNS is asked: 53, 5353 of
// OpenShift's DNS pods, 8053, or a port called after it.
func dnsPort(p *netpol.Port) bool {
	switch p.Number {
	case 53, 5353, 8053:
		return p.End == 0 || p.End == p.Number
	}
	return strings.HasPrefix(p.Name, "dns")
}

// published tells whether all pods that the policy selects are meant to be
// reached from outside: a Service of type LoadBalancer or NodePort leads to
// them.
func (n *network) published(p *netPolicy) bool {
	if len(p.subjects) == 0 {
		return false
	}
	return !slices.ContainsFunc(p.subjects, func(i int) bool {
		w := n.graph.Endpoints[i].Workload
		return !slices.ContainsFunc(n.exposed[w.Namespace], func(s netpol.Selector) bool { return s.Matches(w.Labels) })
	})
}

// whom names the pods that a policy selects, for messages.
func (q *netPolicy) whom() string {
	if q.PodSelector.Empty() {
		return "all pods of the namespace"
	}
	return "pods with " + q.PodSelector.String()
}

// isEmpty tells whether a selector is there and selects everything.
func isEmpty(s *netpol.Selector) bool { return s != nil && s.Empty() }

// egressSets are the sets of policies that together decide what some pods may
// send: those that select a workload, or, where the run holds no workload of
// the namespace, those that select what one of them selects. Each set is there
// once.
func (n *network) egressSets() [][]*netPolicy {
	if n.sets != nil {
		return n.sets
	}
	n.sets = [][]*netPolicy{}
	seen := map[string]bool{}
	add := func(set []*netPolicy) {
		var key []byte
		for _, p := range set {
			key = binary.AppendUvarint(key, uint64(p.index))
		}
		if !seen[string(key)] && len(set) > 0 {
			seen[string(key)] = true
			n.sets = append(n.sets, set)
		}
	}
	for i := range n.graph.Endpoints {
		if n.graph.Endpoints[i].Kind != netpol.Pods {
			break
		}
		var set []*netPolicy
		for k := range n.graph.Selecting(i, netpol.Outbound) {
			set = append(set, n.policies[k])
		}
		add(set)
	}
	labelled := map[string]bool{}
	for _, p := range n.policies {
		key := p.Namespace + " " + p.PodSelector.String()
		if n.known(p.Namespace) || !p.Applies(netpol.Outbound) || labelled[key] {
			continue
		}
		labelled[key] = true
		var set []*netPolicy
		for _, q := range n.policies {
			if q.Namespace == p.Namespace && q.Applies(netpol.Outbound) && (q == p || q.PodSelector.Matches(p.PodSelector.MatchLabels)) {
				set = append(set, q)
			}
		}
		add(set)
	}
	return n.sets
}

// namespaceName is a namespace as messages write it.
func namespaceName(namespace string) string { return cmp.Or(namespace, "default") }

// ordered is a mapping of keys and values in turn, as fixes write it.
func ordered(pairs ...any) manifest.Fields {
	var out manifest.Fields
	for i := 0; i+1 < len(pairs); i += 2 {
		name, _ := pairs[i].(string)
		out = append(out, manifest.Field{Name: name, Value: pairs[i+1]})
	}
	return out
}
