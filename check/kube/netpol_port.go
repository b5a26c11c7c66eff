package kube

import (
	"fmt"
	"slices"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/netpol"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/netpol-service-port", Title: "a network policy names a Service's port instead of the pods'", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.3.2"),
		Doc: `Policies are applied after a Service's address was turned into a pod's: what counts, on both sides, is the port on which the container listens
(targetPort), not the one that the Service offers. With the Service's port the connection is refused although the rule seems to allow it.`,
	},
	Run: func(p *Pass) {
		n := p.network()
		for r := range n.rules() {
			targets := n.targets(&r)
			for i := range r.Ports {
				q := &r.Ports[i]
				if s, want, ok := n.servicePort(targets, q); ok {
					p.Report(r.object, nearest(r.port(i), "port"),
						fmt.Sprintf("%d is the port of Service %s: its pods listen on %d", q.Number, s.Name, want),
						edit(r.object).set(r.port(i), want, "port").fix(fmt.Sprintf("allow port %d", want), false)...)
				}
			}
		}
	},
})

// targets are the workloads that packets of a rule arrive at, as far as the
// manifests hold them. They are those that the rule names, not everyone.
func (n *network) targets(r *policyRule) []*netpol.Workload {
	var out []*netpol.Workload
	at := r.subjects
	if r.dir == netpol.Outbound {
		at = nil
		if len(r.Peers) > 0 && !slices.ContainsFunc(r.Peers, func(q netpol.Peer) bool {
			return q.IPBlock != nil || isEmpty(q.NamespaceSelector) && q.PodSelector == nil
		}) {
			at = slices.Collect(n.graph.Peers(r.index, r.nth, r.dir))
		}
	}
	for _, i := range at {
		if e := &n.graph.Endpoints[i]; e.Kind == netpol.Pods {
			out = append(out, e.Workload)
		}
	}
	return out
}

// listens tells whether a workload says that it listens on a port; one that
// names no ports may listen on any.
func listens(w *netpol.Workload, q *netpol.Port) bool {
	if len(w.Ports) == 0 && q.Name == "" {
		return true
	}
	set := q.Set(w.Ports)
	return slices.ContainsFunc(w.Ports, func(c netpol.ContainerPort) bool { return set.Has(c.Protocol, c.Number) })
}

// servicePort finds the Service before all of the targets whose port was
// taken for theirs.
func (n *network) servicePort(targets []*netpol.Workload, q *netpol.Port) (*netpol.Service, int, bool) {
	if len(targets) == 0 || q.Number <= 0 || q.End != 0 {
		return nil, 0, false
	}
	for i := range n.cluster.Services {
		s := &n.cluster.Services[i]
		for _, port := range s.Ports {
			if port.Number != q.Number || port.Protocol != q.Protocol || s.ClusterIP == "None" {
				continue
			}
			want := 0
			for _, w := range targets {
				got := target(s, &port, w)
				if got == 0 || got == q.Number || want != 0 && got != want || len(w.Ports) > 0 && listens(w, q) {
					want = 0
					break
				}
				want = got
			}
			if want != 0 {
				return s, want, true
			}
		}
	}
	return nil, 0, false
}

// target is the port of a workload to which a Service's port leads, 0 when
// the Service does not lead there.
func target(s *netpol.Service, port *netpol.ServicePort, w *netpol.Workload) int {
	selector := netpol.Selector{MatchLabels: s.Selector}
	if s.Namespace != w.Namespace || len(s.Selector) == 0 || !selector.Matches(w.Labels) {
		return 0
	}
	for _, c := range w.Ports {
		if port.TargetName != "" && c.Name == port.TargetName && c.Protocol == port.Protocol {
			return c.Number
		}
	}
	return port.Target
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/netpol-port-closed", Title: "a network policy opens a port on which nobody listens", Severity: boltseal.Low,
		Controls: names("CIS-K8S-5.3.2"),
		Doc: `None of the pods that the rule leads to has a container port of this number or name. A name that no container port has opens nothing at all; a number may
still be right, since containers need not say what they listen on, but all of these pods name other ports.`,
	},
	Run: func(p *Pass) {
		n := p.network()
		for r := range n.rules() {
			targets := n.targets(&r)
			for i := range r.Ports {
				q := &r.Ports[i]
				if q.Number == 0 && q.Name == "" || len(targets) == 0 || slices.ContainsFunc(targets, func(w *netpol.Workload) bool { return listens(w, q) }) {
					continue
				}
				if _, _, ok := n.servicePort(targets, q); ok {
					continue // a finding of its own
				}
				word := fmt.Sprintf("%s %d", q.Protocol, q.Number)
				if q.Name != "" {
					word = fmt.Sprintf("port %q (%s)", q.Name, q.Protocol)
				}
				p.Report(r.object, nearest(r.port(i), "port"), "no container of "+someNames(targets)+" has "+word)
			}
		}
	},
})

// someNames lists the first workloads.
func someNames(list []*netpol.Workload) string {
	if len(list) > 2 {
		return fmt.Sprintf("%s, %s and %d more", list[0], list[1], len(list)-2)
	}
	text := list[0].String()
	if len(list) == 2 {
		text += " and " + list[1].String()
	}
	return text
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/netpol-one-sided", Title: "a connection is allowed on one side and refused on the other", Severity: boltseal.Medium,
		Controls: names("CIS-K8S-5.3.2"),
		Doc: `A connection between two isolated pods needs both: egress of the one and ingress of the other. Here the rule allows it and the other side's policies refuse
it, so that nothing passes. Allow it there too, or take this rule away.`,
	},
	Run: func(p *Pass) {
		n := p.network()
		for r := range n.rules() {
			if len(r.Peers) == 0 || r.dnsOnly() || slices.ContainsFunc(r.Peers, func(q netpol.Peer) bool { return q.IPBlock != nil || q.PodSelector == nil }) {
				continue
			}
			if from, to, ok := n.refused(&r); ok {
				other := "ingress of " + to
				if r.dir == netpol.Inbound {
					other = "egress of " + from
				}
				p.Report(r.object, nearest(r.node, peersField(r.dir)), fmt.Sprintf("%s to %s is allowed here, and the policies for %s refuse it", from, to, other))
			}
		}
	},
})

// refused finds a pair of workloads of a rule between which the other side
// lets nothing pass of what the rule allows, when it does so for all pairs.
func (n *network) refused(r *policyRule) (from, to string, ok bool) {
	for peer := range n.graph.Peers(r.index, r.nth, r.dir) {
		if n.graph.Endpoints[peer].Kind != netpol.Pods || n.unseen(n.graph.Endpoints[peer].Workload.Namespace) {
			continue
		}
		for _, subject := range r.subjects {
			src, dst, other := subject, peer, netpol.Inbound
			if r.dir == netpol.Inbound {
				src, dst, other = peer, subject, netpol.Outbound
			}
			var opened netpol.Ports
			for i := range r.Ports {
				opened = opened.Union(r.Ports[i].Set(n.graph.Endpoints[dst].Workload.Ports))
			}
			if len(r.Ports) == 0 {
				opened = netpol.AllPorts()
			}
			if opened.Empty() || !n.graph.Granted(src, dst, other).Intersect(opened).Empty() {
				return "", "", false
			}
			if !ok {
				from, to, ok = n.graph.Endpoints[src].Name, n.graph.Endpoints[dst].Name, true
			}
		}
	}
	return from, to, ok
}
