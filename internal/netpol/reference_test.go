package netpol_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/boltseal/boltseal/internal/netpol"
)

// The reference answers one question at a time, straight from the words of
// the API's documentation, with no sets of ports, classes or bits.

func allows(c *netpol.Cluster, from, to netpol.Endpoint, proto netpol.Protocol, port int) bool {
	return permits(c, netpol.Outbound, from, to, to, proto, port) && permits(c, netpol.Inbound, to, from, to, proto, port)
}

func permits(c *netpol.Cluster, d netpol.Direction, subject, peer, dst netpol.Endpoint, proto netpol.Protocol, port int) bool {
	if subject.Workload == nil || subject.Workload.HostNetwork {
		return true
	}
	isolated := false
	for i := range c.Policies {
		p := &c.Policies[i]
		if p.Namespace != subject.Workload.Namespace || !p.PodSelector.Matches(subject.Workload.Labels) || !typed(p, d) {
			continue
		}
		isolated = true
		for _, r := range p.Rules(d) {
			if peerOK(c, p, r.Peers, peer) && portOK(r.Ports, dst, proto, port) {
				return true
			}
		}
	}
	return !isolated
}

func typed(p *netpol.Policy, d netpol.Direction) bool {
	if len(p.Types) > 0 {
		return slices.Contains(p.Types, d)
	}
	return d == netpol.Inbound || len(p.Egress) > 0
}

func peerOK(c *netpol.Cluster, p *netpol.Policy, peers []netpol.Peer, e netpol.Endpoint) bool {
	if len(peers) == 0 {
		return true
	}
	for _, q := range peers {
		if q.IPBlock != nil {
			if blockOK(q.IPBlock, e) {
				return true
			}
			continue
		}
		if e.Workload == nil || e.Workload.HostNetwork {
			continue
		}
		ns := e.Workload.Namespace == p.Namespace
		if q.NamespaceSelector != nil {
			ns = q.NamespaceSelector.Matches(spaceLabels(c, e))
		}
		if ns && (q.PodSelector == nil || q.PodSelector.Matches(e.Workload.Labels)) && (q.PodSelector != nil || q.NamespaceSelector != nil) {
			return true
		}
	}
	return false
}

func spaceLabels(c *netpol.Cluster, e netpol.Endpoint) map[string]string {
	labels := map[string]string{netpol.NameLabel: e.Workload.Namespace}
	for _, n := range c.Namespaces {
		if n.Name == e.Workload.Namespace {
			maps.Copy(labels, n.Labels)
		}
	}
	return labels
}

// blockOK tries one address of the endpoint: of a part outside its first
// that is in none of the smaller parts. Pods are in the whole address space
// or in nothing that can be known.
func blockOK(b *netpol.IPBlock, e netpol.Endpoint) bool {
	block := netip.MustParsePrefix(b.CIDR)
	if e.Workload != nil {
		return block.Bits() == 0 && len(b.Except) == 0
	}
	addr, ok := sample(e)
	if !ok || !block.Contains(addr) {
		return false
	}
	return !slices.ContainsFunc(b.Except, func(x string) bool { return netip.MustParsePrefix(x).Contains(addr) })
}

func sample(e netpol.Endpoint) (netip.Addr, bool) {
	if !e.Prefix.IsValid() {
		return netip.Addr{}, false
	}
	for addr := e.Prefix.Addr(); e.Prefix.Contains(addr); {
		i := slices.IndexFunc(e.Except, func(x netip.Prefix) bool { return x.Contains(addr) })
		if i < 0 {
			return addr, true
		}
		addr = last(e.Except[i]).Next()
	}
	return netip.Addr{}, false
}

func last(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for bit := p.Bits(); bit < len(b)*8; bit++ {
		b[bit/8] |= 1 << (7 - bit%8)
	}
	addr, _ := netip.AddrFromSlice(b)
	return addr
}

func portOK(ports []netpol.Port, dst netpol.Endpoint, proto netpol.Protocol, port int) bool {
	if len(ports) == 0 {
		return true
	}
	for _, p := range ports {
		switch {
		case p.Protocol != proto:
		case p.Name != "":
			if dst.Workload != nil && slices.Contains(dst.Workload.Ports, netpol.ContainerPort{Name: p.Name, Protocol: proto, Number: port}) {
				return true
			}
		case p.Number == 0, p.Number == port && p.End == 0, p.End != 0 && p.Number <= port && port <= p.End:
			return true
		}
	}
	return false
}

// random makes clusters in which rules often meet.
type random struct{ *rand.Rand }

func pick[T any](r random, list ...T) T { return list[r.IntN(len(list))] }

func (r random) labels() map[string]string {
	out := map[string]string{}
	for _, key := range []string{"app", "tier"} {
		if r.IntN(3) > 0 {
			out[key] = pick(r, "a", "b", "c")
		}
	}
	return out
}

func (r random) selector() *netpol.Selector {
	s := &netpol.Selector{}
	switch r.IntN(5) {
	case 0:
	case 1:
		s.MatchExpressions = []netpol.Requirement{{
			Key: pick(r, "app", "tier"), Operator: pick(r, "In", "NotIn", "Exists", "DoesNotExist"), Values: []string{pick(r, "a", "b"), "c"},
		}}
	default:
		s.MatchLabels = map[string]string{pick(r, "app", "tier"): pick(r, "a", "b", "c")}
	}
	return s
}

func (r random) spaceSelector() *netpol.Selector {
	if r.IntN(3) == 0 {
		return &netpol.Selector{MatchLabels: map[string]string{netpol.NameLabel: pick(r, "n1", "n2", "nowhere")}}
	}
	return r.selector()
}

func (r random) rule() netpol.Rule {
	var out netpol.Rule
	for range r.IntN(3) {
		switch r.IntN(4) {
		case 0:
			out.Peers = append(out.Peers, netpol.Peer{PodSelector: r.selector()})
		case 1:
			out.Peers = append(out.Peers, netpol.Peer{NamespaceSelector: r.spaceSelector()})
		case 2:
			out.Peers = append(out.Peers, netpol.Peer{NamespaceSelector: r.spaceSelector(), PodSelector: r.selector()})
		case 3:
			b := &netpol.IPBlock{CIDR: pick(r, "0.0.0.0/0", "10.0.0.0/8", "10.128.0.0/9", "192.0.2.0/24", "::/0", "2001:db8::/32")}
			if b.CIDR == "10.0.0.0/8" && r.IntN(2) == 0 {
				b.Except = []string{pick(r, "10.0.0.0/9", "10.1.0.0/16", "10.128.0.0/9")}
			}
			if b.CIDR == "0.0.0.0/0" && r.IntN(2) == 0 {
				b.Except = []string{"10.0.0.0/8"}
			}
			out.Peers = append(out.Peers, netpol.Peer{IPBlock: b})
		}
	}
	for range r.IntN(3) {
		p := netpol.Port{Protocol: pick(r, netpol.TCP, netpol.TCP, netpol.UDP, netpol.SCTP)}
		switch r.IntN(4) {
		case 0:
		case 1:
			p.Name = pick(r, "web", "dns")
		case 2:
			p.Number, p.End = pick(r, 1, 53, 80), pick(r, 80, 443, 65535)
		case 3:
			p.Number = pick(r, 53, 80, 443)
		}
		out.Ports = append(out.Ports, p)
	}
	return out
}

func (r random) cluster() *netpol.Cluster {
	c := &netpol.Cluster{}
	for _, name := range []string{"n1", "n2", "n3"} {
		c.Namespaces = append(c.Namespaces, netpol.Namespace{Name: name, Labels: r.labels()})
		for i := range 1 + r.IntN(3) {
			w := netpol.Workload{Ref: netpol.Ref{Namespace: name, Kind: "Pod", Name: fmt.Sprint("p", i)}, Labels: r.labels(), HostNetwork: r.IntN(8) == 0}
			for range r.IntN(3) {
				w.Ports = append(w.Ports, netpol.ContainerPort{Name: pick(r, "web", "dns"), Protocol: pick(r, netpol.TCP, netpol.UDP), Number: pick(r, 53, 80, 8080)})
			}
			c.Workloads = append(c.Workloads, w)
		}
	}
	for i := range r.IntN(6) {
		p := netpol.Policy{Ref: netpol.Ref{Namespace: pick(r, "n1", "n2"), Name: fmt.Sprint("np", i)}, PodSelector: *r.selector()}
		p.Types = pick(r, nil, []netpol.Direction{netpol.Inbound}, []netpol.Direction{netpol.Outbound}, []netpol.Direction{netpol.Inbound, netpol.Outbound})
		for range r.IntN(3) {
			p.Ingress = append(p.Ingress, r.rule())
		}
		for range r.IntN(3) {
			p.Egress = append(p.Egress, r.rule())
		}
		c.Policies = append(c.Policies, p)
	}
	return c
}

func TestReference(t *testing.T) {
	edges := 0
	for seed := range uint64(400) {
		c := random{rand.New(rand.NewPCG(seed, 1))}.cluster()
		g := netpol.Evaluate(c, nil)
		for i, from := range g.Endpoints {
			for j, to := range g.Endpoints {
				if from.Kind == netpol.Elsewhere || to.Kind == netpol.Elsewhere || from.Kind == netpol.Outside && to.Kind == netpol.Outside {
					continue
				}
				got := g.Allowed(i, j)
				for _, proto := range []netpol.Protocol{netpol.TCP, netpol.UDP, netpol.SCTP} {
					for _, port := range []int{1, 2, 53, 79, 80, 81, 443, 444, 8080, 65535} {
						edges++
						if want := allows(c, from, to, proto, port); got.Has(proto, port) != want {
							t.Fatalf("seed %d: %s to %s %s %d: got %v, want %v\n%+v", seed, from.Name, to.Name, proto, port, !want, want, c.Policies)
						}
					}
				}
			}
		}
	}
	if edges < 100_000 {
		t.Errorf("only %d answers were compared", edges)
	}
}

func BenchmarkEvaluate(b *testing.B) {
	c := large(2000, 500)
	for b.Loop() {
		g := netpol.Evaluate(c, nil)
		edges := 0
		for range g.Edges() {
			edges++
		}
		if edges < 2000 {
			b.Fatal("edges are missing")
		}
	}
}

// large is a cluster of many applications in many namespaces, each with its
// own policies.
func large(pods, policies int) *netpol.Cluster {
	c := &netpol.Cluster{}
	const spaces = 50
	for i := range spaces {
		c.Namespaces = append(c.Namespaces, netpol.Namespace{Name: fmt.Sprint("ns", i), Labels: map[string]string{"team": fmt.Sprint(i % 7)}})
	}
	for i := range pods {
		c.Workloads = append(c.Workloads, netpol.Workload{
			Ref:    netpol.Ref{Namespace: fmt.Sprint("ns", i%spaces), Kind: "Deployment", Name: fmt.Sprint("app", i)},
			Labels: map[string]string{"app": fmt.Sprint("app", i), "tier": fmt.Sprint(i % 3)},
			Ports:  []netpol.ContainerPort{{Name: "http", Number: 8000 + i%5}},
		})
	}
	for i := range policies {
		target := i * pods / policies
		c.Policies = append(c.Policies, netpol.Policy{
			Ref:         netpol.Ref{Namespace: fmt.Sprint("ns", target%spaces), Name: fmt.Sprint("p", i)},
			PodSelector: netpol.Selector{MatchLabels: map[string]string{"app": fmt.Sprint("app", target)}},
			Types:       []netpol.Direction{netpol.Inbound, netpol.Outbound},
			Ingress: []netpol.Rule{{
				Peers: []netpol.Peer{{PodSelector: &netpol.Selector{MatchLabels: map[string]string{"tier": fmt.Sprint(i % 3)}}}, {NamespaceSelector: &netpol.Selector{MatchLabels: map[string]string{"team": fmt.Sprint(i % 7)}}}},
				Ports: []netpol.Port{{Name: "http"}},
			}},
			Egress: []netpol.Rule{
				{Peers: []netpol.Peer{{PodSelector: &netpol.Selector{MatchLabels: map[string]string{"app": fmt.Sprint("app", (target+spaces)%pods)}}}}, Ports: []netpol.Port{{Number: 8000, End: 8004}}},
				{Peers: []netpol.Peer{{IPBlock: &netpol.IPBlock{CIDR: fmt.Sprintf("203.0.%d.0/24", i%200)}}}, Ports: []netpol.Port{{Number: 443}}},
			},
		})
	}
	return c
}
