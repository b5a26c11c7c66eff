package kube

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/netpol"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/netpol-rules-ignored", Title: "a network policy's rules that its types leave out", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.3.2"),
		Aliases:  aliases("cyclonus:MissingPolicyTypesIngress cyclonus:MissingPolicyTypesEgress"),
		Doc: `policyTypes names the directions that the policy isolates. Rules of a direction that it does not name are read by nobody: the egress rules look as if they
held traffic back, and everything may leave. Add the missing type.`,
	},
	Run: func(p *Pass) {
		for _, q := range p.network().policies {
			for _, d := range []netpol.Direction{netpol.Inbound, netpol.Outbound} {
				if len(q.Rules(d)) == 0 || q.Applies(d) {
					continue
				}
				p.Report(q.object, q.object.Node.Get("spec", field(d)), "policyTypes does not name "+typeName(d)+": these rules do nothing",
					edit(q.object).append(q.object.Node, typeName(d), "spec", "policyTypes").fix("add "+typeName(d)+" to policyTypes", false)...)
			}
		}
	},
})

// typeName is a direction in policyTypes.
func typeName(d netpol.Direction) string {
	if d == netpol.Inbound {
		return "Ingress"
	}
	return "Egress"
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/netpol-types-implied", Title: "a network policy does not say which directions it is for", Severity: boltseal.Low,
		Controls: names("CIS-K8S-5.3.2"),
		Aliases:  aliases("cyclonus:MissingPolicyTypes"),
		Doc: `Without policyTypes a policy is for ingress always, even when it has egress rules alone: such a policy refuses all ingress, which its author seldom meant.
It is for egress only when it has egress rules. Write the types down.`,
	},
	Run: func(p *Pass) {
		for _, q := range p.network().policies {
			if len(q.Types) > 0 {
				continue
			}
			message, types := "without policyTypes the policy is for ingress alone", []any{"Ingress"}
			if q.Applies(netpol.Outbound) {
				message, types = "without policyTypes the policy is for ingress and egress", []any{"Ingress", "Egress"}
				if len(q.Ingress) == 0 {
					message += ", and refuses all ingress"
				}
			}
			p.Report(q.object, nearest(q.object.Node, "spec", "policyTypes"), message,
				edit(q.object).set(q.object.Node, types, "spec", "policyTypes").fix("write policyTypes down", true)...)
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/netpol-invalid", Title: "a network policy that the API server refuses", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.3.2"),
		Doc: `The policy cannot be created as it stands, and whatever was there before stays in force: often nothing. A peer is a podSelector, a namespaceSelector, both, or
an ipBlock alone; an exception lies inside its block and is smaller than it; endPort follows a port by number and is not below it.`,
	},
	Run: func(p *Pass) {
		for r := range p.network().rules() {
			for i := range r.Peers {
				if path, message := invalidPeer(&r.Peers[i]); message != "" {
					p.Report(r.object, nearest(r.peer(i), path...), message)
				}
			}
			for i := range r.Ports {
				if key, message := invalidPort(&r.Ports[i]); message != "" {
					p.Report(r.object, nearest(r.port(i), key), message)
				}
			}
		}
	},
})

func invalidPeer(q *netpol.Peer) (path []string, message string) {
	selects := q.PodSelector != nil || q.NamespaceSelector != nil
	switch {
	case q.IPBlock == nil && !selects:
		return nil, "the peer is empty: give a podSelector, a namespaceSelector or an ipBlock"
	case q.IPBlock == nil:
		return nil, ""
	case selects:
		return []string{"ipBlock"}, "an ipBlock stands alone: put the selectors into a list item of their own"
	}
	block, err := netip.ParsePrefix(q.IPBlock.CIDR)
	if err != nil {
		return []string{"ipBlock", "cidr"}, fmt.Sprintf("%q is no range of addresses such as 10.0.0.0/8", q.IPBlock.CIDR)
	}
	for i, text := range q.IPBlock.Except {
		path := []string{"ipBlock", "except", strconv.Itoa(i)}
		x, err := netip.ParsePrefix(text)
		switch {
		case err != nil:
			return path, fmt.Sprintf("%q is no range of addresses such as 10.0.0.0/8", text)
		case !block.Contains(x.Addr()) || x.Bits() <= block.Bits():
			return path, fmt.Sprintf("%s is no smaller part of %s, and excepts nothing of it", text, q.IPBlock.CIDR)
		}
	}
	return nil, ""
}

func invalidPort(q *netpol.Port) (key, message string) {
	switch {
	case q.Number < 0 || q.Number > 65535:
		return "port", "a port is a number from 1 to 65535"
	case q.End != 0 && q.Name != "":
		return "endPort", "endPort needs a port by number, not by name"
	case q.End != 0 && q.Number == 0:
		return "endPort", "endPort needs a port"
	case q.End != 0 && (q.End < q.Number || q.End > 65535):
		return "endPort", fmt.Sprintf("endPort %d: it has to be at least the port, %d, and at most 65535", q.End, q.Number)
	}
	return "", ""
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/netpol-redundant", Title: "a network policy's rule that another one covers", Severity: boltseal.Low,
		Controls: names("CIS-K8S-5.3.2"),
		Doc: `Another rule for the same pods, or for more, allows all that this one allows: it changes nothing. Either the wider rule is wider than was meant, which is the
more common mistake, or this one can go.`,
	},
	Run: func(p *Pass) {
		all := slices.Collect(p.network().rules())
		homes := map[string][]int{} // rules for the same pods
		for i := range all {
			for k := range all[i].Peers {
				all[i].texts = append(all[i].texts, peerText(&all[i].Peers[k]))
			}
			home := all[i].Namespace + " " + all[i].PodSelector.String()
			homes[home] = append(homes[home], i)
		}
		for i := range all {
			r := &all[i]
			candidates := homes[r.Namespace+" "+r.PodSelector.String()]
			if !r.PodSelector.Empty() {
				candidates = append(slices.Clip(candidates), homes[r.Namespace+" *"]...)
			}
			for _, k := range candidates {
				s := &all[k]
				if k == i || s.dir != r.dir || !s.covers(r) || i < k && r.covers(s) && s.PodSelector.String() == r.PodSelector.String() {
					continue
				}
				where := "another rule of the policy"
				if s.netPolicy != r.netPolicy {
					where = "policy " + s.Name
				}
				line := s.object.File.Location(s.node.Span).Line
				p.Report(r.object, r.node, fmt.Sprintf("%s (%s line %d) allows all of this already", where, s.object.File.Name, line))
				break
			}
		}
	},
})

// covers tells whether everything that a rule for the same pods, or fewer,
// allows is allowed by r, going by what is written alone.
func (r *policyRule) covers(o *policyRule) bool {
	if len(r.Peers) > 0 {
		if len(o.Peers) == 0 {
			return false
		}
		for i, text := range o.texts {
			if !slices.Contains(r.texts, text) && !slices.ContainsFunc(r.Peers, func(w netpol.Peer) bool { return wider(&w, &o.Peers[i]) }) {
				return false
			}
		}
	}
	if len(r.Ports) == 0 {
		return true
	}
	if len(o.Ports) == 0 {
		return false
	}
	for i := range o.Ports {
		if q := &o.Ports[i]; q.Name != "" && !slices.Contains(r.Ports, *q) {
			return false
		}
	}
	return r.ports().Contains(o.ports())
}

// wider tells whether one peer is all namespaces, or all pods of the
// policy's, where the other is some.
func wider(w, q *netpol.Peer) bool {
	switch {
	case q.IPBlock != nil || w.IPBlock != nil:
		return false
	case isEmpty(w.NamespaceSelector) && (w.PodSelector == nil || w.PodSelector.Empty()):
		return true
	}
	return w.NamespaceSelector == nil && isEmpty(w.PodSelector) && q.NamespaceSelector == nil && q.PodSelector != nil
}

// peerText tells peers apart.
func peerText(q *netpol.Peer) string {
	var b strings.Builder
	for _, s := range []*netpol.Selector{q.NamespaceSelector, q.PodSelector} {
		if s != nil {
			b.WriteString(s.String())
		}
		b.WriteByte('|')
	}
	if q.IPBlock != nil {
		b.WriteString(q.IPBlock.CIDR + " " + strings.Join(q.IPBlock.Except, " "))
	}
	return b.String()
}
