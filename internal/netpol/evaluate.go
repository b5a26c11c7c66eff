package netpol

import (
	"encoding/binary"
	"net/netip"
)

// Options are the optional parameters of [Evaluate] and [Compare].
type Options struct {
	PodCIDRs []netip.Prefix // the addresses that pods have; nil is not known
}

// Evaluate works out who can reach whom.
func Evaluate(c *Cluster, opts *Options) *Graph { return evaluate(c, c.universe(), opts) }

func evaluate(c *Cluster, u universe, opts *Options) *Graph {
	e := &engine{
		cluster: c, endpoints: c.endpoints(u),
		pods: newLabelSets(), spaces: newLabelSets(),
		memo: map[string]Ports{}, listening: map[string]int{}, homes: map[string][]int{},
	}
	if opts != nil {
		e.podCIDRs = opts.PodCIDRs
	}
	for i := range e.endpoints {
		p := &e.endpoints[i]
		f := facts{pod: -1, space: -1}
		if w := p.Workload; w != nil {
			f.selectable = !w.HostNetwork
			f.pod, f.space = e.pods.add(w.Labels), e.spaces.add(p.namespace)
			if f.selectable {
				e.homes[w.Namespace] = append(e.homes[w.Namespace], i)
			}
		}
		e.facts = append(e.facts, f)
	}
	for d := range e.tiers {
		e.tiers[d] = e.compile(Direction(d))
	}
	return e.graph()
}

// engine holds what evaluation of one cluster needs.
type engine struct {
	cluster   *Cluster
	endpoints []Endpoint
	facts     []facts
	podCIDRs  []netip.Prefix
	pods      *labelSets
	spaces    *labelSets
	tiers     [2]tiers
	memo      map[string]Ports
	listening map[string]int // numbers distinct sets of named ports
	scratch   []byte
	homes     map[string][]int // endpoints that selectors can select, by namespace
}

// facts are an endpoint's numbers for quick comparison.
type facts struct {
	pod, space int // numbers of its label sets
	listens    int // number of its named ports
	selectable bool
}

// tiers are all rules of one direction, by what decides first.
type tiers struct {
	admin, policy, baseline tier
	isolated                []bool   // by endpoint
	selecting               []bitset // by endpoint: the policies that select it
	named                   bool     // some rule names a port
}

// tier is a list of rules with, for every endpoint, those whose policy
// selects it and those that have it as a peer.
type tier struct {
	units   []unit
	subject []bitset
	peer    []bitset
	hit     bitset // scratch
}

// unit is one rule of one policy.
type unit struct {
	action Action
	ports  []Port
	admin  []AdminPort
	every  bool // all ports
	policy int  // index into the cluster's policies, of that tier
	rule   int
}

// set is what the unit's ports stand for at a destination.
func (u *unit) set(listening []ContainerPort) Ports {
	if u.every {
		return all
	}
	out := none
	for i := range u.ports {
		out = out.Union(u.ports[i].Set(listening))
	}
	for i := range u.admin {
		out = out.Union(u.admin[i].set(listening))
	}
	return out
}

func (u *unit) named() bool {
	for i := range u.ports {
		if u.ports[i].Name != "" {
			return true
		}
	}
	for i := range u.admin {
		if u.admin[i].Name != "" {
			return true
		}
	}
	return false
}

// compile lists the rules of a direction and finds out whom they touch.
func (e *engine) compile(d Direction) tiers {
	var t tiers
	n := len(e.endpoints)
	t.isolated = make([]bool, n)
	t.selecting = make([]bitset, n)
	for i := range t.selecting {
		t.selecting[i] = newBitset(len(e.cluster.Policies))
	}
	t.policy = e.policyTier(d, &t)
	t.admin = e.adminTier(d, byPriority(e.cluster.Admin, false))
	t.baseline = e.adminTier(d, byPriority(e.cluster.Admin, true))
	for _, tier := range []tier{t.admin, t.policy, t.baseline} {
		for i := range tier.units {
			t.named = t.named || tier.units[i].named()
		}
	}
	return t
}

func (e *engine) policyTier(d Direction, all *tiers) tier {
	var t tier
	units := 0
	for i := range e.cluster.Policies {
		if p := &e.cluster.Policies[i]; p.Applies(d) {
			units += len(p.Rules(d))
		}
	}
	t.size(len(e.endpoints), units)
	for i := range e.cluster.Policies {
		p := &e.cluster.Policies[i]
		if !p.Applies(d) {
			continue
		}
		first := len(t.units)
		for r, rule := range p.Rules(d) {
			u := len(t.units)
			t.units = append(t.units, unit{ports: rule.Ports, every: len(rule.Ports) == 0, policy: i, rule: r})
			e.markPeers(p, &rule, t.peer, u)
		}
		for at := range e.selected(p) {
			all.isolated[at] = true
			all.selecting[at].set(i)
			for u := first; u < len(t.units); u++ {
				t.subject[at].set(u)
			}
		}
	}
	return t
}

func (t *tier) size(endpoints, units int) {
	t.hit = newBitset(units)
	t.subject, t.peer = make([]bitset, endpoints), make([]bitset, endpoints)
	for i := range endpoints {
		t.subject[i], t.peer[i] = newBitset(units), newBitset(units)
	}
}

// selected yields the endpoints that a policy is about.
func (e *engine) selected(p *Policy) func(func(int) bool) {
	pods := e.pods.match(&p.PodSelector)
	return func(yield func(int) bool) {
		for _, i := range e.homes[p.Namespace] {
			if pods.has(e.facts[i].pod) && !yield(i) {
				return
			}
		}
	}
}

// markPeers notes the unit at every endpoint that is a peer of the rule.
func (e *engine) markPeers(p *Policy, rule *Rule, peer []bitset, unit int) {
	if len(rule.Peers) == 0 {
		for i := range peer {
			peer[i].set(unit)
		}
		return
	}
	for i := range rule.Peers {
		switch q := &rule.Peers[i]; {
		case q.IPBlock != nil:
			e.markBlock(q.IPBlock, peer, unit)
		case q.NamespaceSelector != nil:
			e.markPods(q.NamespaceSelector, q.PodSelector, "", peer, unit)
		case q.PodSelector != nil:
			e.markPods(nil, q.PodSelector, p.Namespace, peer, unit)
		}
	}
}

// markPods notes the unit at the pods that both selectors select; without a
// namespace selector the pods are in the namespace.
func (e *engine) markPods(nsSelector, podSelector *Selector, namespace string, peer []bitset, unit int) {
	var pods bitset
	if podSelector != nil {
		pods = e.pods.match(podSelector)
	}
	if nsSelector == nil {
		for _, i := range e.homes[namespace] {
			if pods == nil || pods.has(e.facts[i].pod) {
				peer[i].set(unit)
			}
		}
		return
	}
	spaces := e.spaces.match(nsSelector)
	for i := range e.facts {
		f := &e.facts[i]
		if f.selectable && spaces.has(f.space) && (pods == nil || pods.has(f.pod)) {
			peer[i].set(unit)
		}
	}
}

func (e *engine) markBlock(b *IPBlock, peer []bitset, unit int) {
	block, except, ok := b.prefixes()
	if !ok {
		return
	}
	pods := coversPods(block, except, e.podCIDRs)
	for i := range e.endpoints {
		if p := &e.endpoints[i]; p.Workload != nil && pods || p.Workload == nil && p.part.in(block, except) {
			peer[i].set(unit)
		}
	}
}

func (e *engine) adminTier(d Direction, policies []*AdminPolicy) tier {
	var t tier
	units := 0
	for _, p := range policies {
		units += len(p.Rules(d))
	}
	t.size(len(e.endpoints), units)
	for i, p := range policies {
		first := len(t.units)
		for r, rule := range p.Rules(d) {
			u := len(t.units)
			t.units = append(t.units, unit{action: rule.Action, admin: rule.Ports, every: rule.Every, policy: i, rule: r})
			for _, q := range rule.Peers {
				e.markAdmin(&q, t.peer, u)
			}
		}
		for u := first; u < len(t.units); u++ {
			subject := p.Subject
			subject.Networks = nil
			e.markAdmin(&subject, t.subject, u)
		}
	}
	return t
}

func (e *engine) markAdmin(q *AdminPeer, at []bitset, unit int) {
	switch {
	case q.Namespaces != nil:
		e.markPods(q.Namespaces, nil, "", at, unit)
	case q.Pods != nil:
		e.markPods(&q.Pods.NamespaceSelector, &q.Pods.PodSelector, "", at, unit)
	}
	for _, cidr := range q.Networks {
		e.markBlock(&IPBlock{CIDR: cidr}, at, unit)
	}
}

// listens numbers an endpoint's named ports.
func (e *engine) listens(p *Endpoint) int {
	var key []byte
	if p.Workload != nil {
		for _, c := range p.Workload.Ports {
			if c.Name != "" {
				key = append(append(key, c.Name...), 0, byte(c.Protocol))
				key = binary.LittleEndian.AppendUint32(key, uint32(c.Number))
			}
		}
	}
	id, ok := e.listening[string(key)]
	if !ok {
		id = len(e.listening)
		e.listening[string(key)] = id
	}
	return id
}

// graph sorts endpoints that no rule tells apart into classes.
func (e *engine) graph() *Graph {
	g := &Graph{Endpoints: e.endpoints, cluster: e.cluster, engine: e, class: make([]int, len(e.endpoints))}
	classes := map[string]int{}
	var of []int // an endpoint of each class
	named := e.tiers[Inbound].named || e.tiers[Outbound].named
	for i := range e.endpoints {
		if named {
			e.facts[i].listens = e.listens(&e.endpoints[i])
		}
		key := e.signature(i)
		id, ok := classes[key]
		if !ok {
			id = len(of)
			classes[key] = id
			of = append(of, i)
		}
		g.class[i] = id
	}
	g.of, g.rows = of, make([][]Ports, len(of))
	return g
}

// signature are bytes that are equal for endpoints that no rule tells apart.
func (e *engine) signature(i int) string {
	var key []byte
	for d := range e.tiers {
		t := &e.tiers[d]
		if t.isolated[i] {
			key = append(key, 1)
		} else {
			key = append(key, 0)
		}
		for _, tier := range []*tier{&t.admin, &t.policy, &t.baseline} {
			key = tier.peer[i].key(tier.subject[i].key(key))
		}
	}
	key = append(key, byte(e.endpoints[i].Kind/Outside))
	return string(binary.LittleEndian.AppendUint32(key, uint32(e.facts[i].listens)))
}

// allowed is what may pass from src to dst: what src may send and dst may
// receive. Traffic between two places outside is no business of policies.
func (e *engine) allowed(src, dst int) Ports {
	out := e.side(Outbound, src, dst, dst)
	if out.Empty() {
		return out
	}
	in := e.side(Inbound, dst, src, dst)
	switch {
	case out.All():
		return in
	case in.All():
		return out
	}
	return out.Intersect(in)
}

// side is what the subject's own policies allow in a direction, with peer as
// the other side.
func (e *engine) side(d Direction, subject, peer, dst int) Ports {
	t := &e.tiers[d]
	left, allowed := all, none
	if len(t.admin.units) > 0 {
		var passed Ports
		allowed, passed, left = e.ordered(&t.admin, subject, peer, dst)
		left = left.Union(passed)
	}
	if t.isolated[subject] {
		return allowed.Union(left.Intersect(e.sum(&t.policy, subject, peer, dst)))
	}
	if len(t.baseline.units) > 0 {
		granted, _, rest := e.ordered(&t.baseline, subject, peer, dst)
		return allowed.Union(left.Intersect(granted.Union(rest)))
	}
	return allowed.Union(left)
}

// sum is the union of all rules of the subject's policies that speak of the
// peer.
func (e *engine) sum(t *tier, subject, peer, dst int) Ports {
	hit := t.hit
	if !t.subject[subject].and(t.peer[peer], hit) {
		return none
	}
	e.scratch = binary.LittleEndian.AppendUint32(e.scratch[:0], uint32(e.facts[dst].listens))
	if t == &e.tiers[Inbound].policy {
		e.scratch = append(e.scratch, 1)
	}
	e.scratch = hit.key(e.scratch)
	if s, ok := e.memo[string(e.scratch)]; ok {
		return s
	}
	out := none
	for u := range hit.all() {
		out = out.Union(t.units[u].set(e.ports(dst)))
	}
	e.memo[string(e.scratch)] = out
	return out
}

// ordered goes through rules first to last; the first that speaks of a port
// decides it.
func (e *engine) ordered(t *tier, subject, peer, dst int) (allowed, passed, left Ports) {
	left = all
	hit := t.hit
	if !t.subject[subject].and(t.peer[peer], hit) {
		return none, none, left
	}
	for u := range hit.all() {
		part := left.Intersect(t.units[u].set(e.ports(dst)))
		left = left.Minus(part)
		switch t.units[u].action {
		case Allow:
			allowed = allowed.Union(part)
		case Pass:
			passed = passed.Union(part)
		case Deny:
		}
	}
	return allowed, passed, left
}

func (e *engine) ports(i int) []ContainerPort {
	if w := e.endpoints[i].Workload; w != nil {
		return w.Ports
	}
	return nil
}
