package kube

import (
	"slices"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/netpol"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/netpol-no-dns", Title: "egress is restricted and DNS is not allowed", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.3.2"),
		Aliases:  aliases("cyclonus:DNSBlockedOnUDP"),
		Doc: `The pods may speak to some peers, but not ask for their names: no policy that selects them allows port 53. Every look-up times out, and the application seems
to hang rather than to be refused. Allow UDP and TCP 53 to the cluster's DNS.`,
	},
	Run: func(p *Pass) {
		p.dns(func(udp, tcp bool) bool { return !udp && !tcp }, "the pods may not ask DNS: no policy that selects them allows port 53")
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/netpol-dns-one-protocol", Title: "DNS is allowed on one protocol alone", Severity: boltseal.Medium,
		Controls: names("CIS-K8S-5.3.2"),
		Aliases:  aliases("cyclonus:DNSBlockedOnTCP cyclonus:DNSBlockedOnUDP"),
		Doc: `DNS needs both: questions go by UDP, and answers that do not fit come by TCP (RFC 7766). With UDP alone look-ups of names with many addresses fail, now and
then, depending on how much DNS has to say. With TCP alone nearly all fail.`,
	},
	Run: func(p *Pass) {
		p.dns(func(udp, tcp bool) bool { return udp && !tcp }, "DNS is allowed on UDP 53 alone: long answers need TCP 53")
		p.dns(func(udp, tcp bool) bool { return !udp && tcp }, "DNS is allowed on TCP 53 alone: questions go by UDP 53")
	},
})

// dns reports the first policy with egress rules of every set of policies
// under which DNS is open as bad says.
func (p *Pass) dns(bad func(udp, tcp bool) bool, message string) {
	n := p.network()
	done := map[*netPolicy]bool{}
	for _, set := range n.egressSets() {
		first := slices.IndexFunc(set, func(q *netPolicy) bool { return len(q.Egress) > 0 })
		if first < 0 || done[set[first]] || n.unseen(set[first].Namespace) {
			continue
		}
		if udp, tcp := dnsOpen(set); bad(udp, tcp) {
			done[set[first]] = true
			at := set[first].dnsRule(set)
			p.Report(at.object, nearest(at.object.Node, "spec", "egress"), message, at.dnsFix(udp, tcp)...)
		}
	}
}

// dnsOpen tells on which protocols some policy of a set allows DNS, to
// whomever.
func dnsOpen(set []*netPolicy) (udp, tcp bool) {
	for _, q := range set {
		if !q.Applies(netpol.Outbound) {
			continue
		}
		for _, r := range q.Egress {
			udp, tcp = udp || opens(&r, netpol.UDP), tcp || opens(&r, netpol.TCP)
		}
	}
	return udp, tcp
}

func opens(r *netpol.Rule, proto netpol.Protocol) bool {
	if len(r.Ports) == 0 {
		return true
	}
	return slices.ContainsFunc(r.Ports, func(q netpol.Port) bool {
		if q.Protocol != proto {
			return false
		}
		set := q.Set(nil)
		return dnsPort(&q) || set.Has(proto, 53) || set.Has(proto, 5353)
	})
}

// dnsRule is the policy of a set that speaks of DNS already, or this one.
func (q *netPolicy) dnsRule(set []*netPolicy) *netPolicy {
	for _, s := range set {
		if s.Applies(netpol.Outbound) && s.dnsAt() >= 0 {
			return s
		}
	}
	return q
}

// dnsAt is the policy's first egress rule for DNS.
func (q *netPolicy) dnsAt() int {
	return slices.IndexFunc(q.Egress, func(r netpol.Rule) bool {
		return slices.ContainsFunc(r.Ports, func(port netpol.Port) bool { return dnsPort(&port) })
	})
}

// dnsFix allows what is missing of DNS: the other protocol in the rule that
// is there, or a rule for both.
func (q *netPolicy) dnsFix(udp, tcp bool) []boltseal.Fix {
	port := func(proto netpol.Protocol) any {
		return ordered("protocol", proto.String(), "port", 53)
	}
	if i := q.dnsAt(); i >= 0 && udp != tcp {
		missing := netpol.TCP
		if tcp {
			missing = netpol.UDP
		}
		rule := at(q.object.Node.Get("spec", "egress"), i)
		return edit(q.object).append(rule, port(missing), "ports").fix("allow DNS on "+missing.String()+" too", true)
	}
	rule := ordered(
		"to", []any{ordered(
			"namespaceSelector", ordered("matchLabels", ordered(netpol.NameLabel, "kube-system")),
			"podSelector", ordered("matchLabels", ordered("k8s-app", "kube-dns")),
		)},
		"ports", []any{port(netpol.UDP), port(netpol.TCP)},
	)
	return edit(q.object).append(q.object.Node, rule, "spec", "egress").fix("allow the cluster's DNS", true)
}
