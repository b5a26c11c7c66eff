package kube

import (
	"fmt"
	"slices"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/netpol"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/netpol-selects-nothing", Title: "a network policy selects no pod", Severity: boltseal.Medium,
		Controls: names("CIS-K8S-5.3.2"),
		Aliases:  aliases("kube-linter:dangling-networkpolicy kube-score:networkpolicy-targets-pod kubescape:C-0299"),
		Doc: `The policy's podSelector selects none of the workloads that the manifests hold in its namespace: a label was renamed or misspelt, or the policy is in the
wrong namespace, and the pods that it was written for are open. A policy acts in its own namespace alone.`,
	},
	Run: func(p *Pass) {
		n := p.network()
		for _, q := range n.policies {
			if q.PodSelector.Empty() || len(q.subjects) > 0 || !n.known(q.Namespace) {
				continue
			}
			message := "no pod of namespace " + namespaceName(q.Namespace) + " has " + q.PodSelector.String()
			if w := n.elsewhere(q.Namespace, &q.PodSelector); w != nil {
				message += "; " + w.String() + " has, in another namespace"
			}
			p.Report(q.object, q.object.Node.Get("spec", "podSelector"), message)
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/netpol-peer-nothing", Title: "a network policy's peer selects no pod", Severity: boltseal.Medium,
		Controls: names("CIS-K8S-5.3.2"),
		Aliases:  aliases("kube-linter:dangling-networkpolicypeer-podselector"),
		Doc: `The rule's podSelector selects none of the workloads that the manifests hold in the namespace it speaks of, so that nobody is let through. Often a
namespaceSelector is missing beside it: a podSelector alone stays in the policy's own namespace.`,
	},
	Run: func(p *Pass) {
		n := p.network()
		for r := range n.rules() {
			for i := range r.Peers {
				q := &r.Peers[i]
				space, ok := r.oneNamespace(q)
				if !ok || q.PodSelector == nil || q.PodSelector.Empty() || !n.known(space) || n.census.Any(r.Namespace, q) {
					continue
				}
				message := fmt.Sprintf("no pod of namespace %s has %s", namespaceName(space), q.PodSelector)
				if w := n.elsewhere(space, q.PodSelector); w != nil {
					message += "; " + w.String() + " has: add a namespaceSelector"
				}
				p.Report(r.object, nearest(r.peer(i), "podSelector"), message)
			}
		}
	},
})

// elsewhere is a workload outside a namespace that a selector selects.
func (n *network) elsewhere(space string, s *netpol.Selector) *netpol.Workload {
	for i := range n.cluster.Workloads {
		if w := &n.cluster.Workloads[i]; w.Namespace != space && s.Matches(w.Labels) {
			return w
		}
	}
	return nil
}

// oneNamespace is the namespace that a peer speaks of, if it is one by name.
func (r *policyRule) oneNamespace(q *netpol.Peer) (string, bool) {
	switch {
	case q.IPBlock != nil:
		return "", false
	case q.NamespaceSelector == nil:
		return r.Namespace, true
	case len(q.NamespaceSelector.MatchLabels) == 1 && len(q.NamespaceSelector.MatchExpressions) == 0:
		name, ok := q.NamespaceSelector.MatchLabels[netpol.NameLabel]
		return name, ok
	}
	return "", false
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/netpol-assumed-label", Title: "a namespace label that nobody sets", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.3.2"),
		Doc: `Namespaces do not have a label "name" by themselves: the one that Kubernetes sets, since 1.21, is kubernetes.io/metadata.name. A selector by another one
selects nothing until somebody labels the namespace, and the traffic it was to allow is refused - or anyone who may label a namespace is let in. No Namespace
in the manifests has the label that is asked for.`,
	},
	Run: func(p *Pass) {
		n := p.network()
		for r := range n.rules() {
			for i := range r.Peers {
				s := r.Peers[i].NamespaceSelector
				if s == nil {
					continue
				}
				for _, key := range []string{"name", "namespace", "ns", "kubernetes.io/name", "metadata.name"} {
					if value, ok := s.MatchLabels[key]; ok && !n.labelled(key, value) {
						labels := r.peer(i).Get("namespaceSelector", "matchLabels")
						p.Report(r.object, labels.Get(key), fmt.Sprintf("namespaces do not have a label %s by themselves: select by %s: %s", key, netpol.NameLabel, value),
							renameKey(r.object, labels, key)...)
					}
				}
			}
		}
	},
})

// labelled tells whether some namespace of the run has a label.
func (n *network) labelled(key, value string) bool {
	return slices.ContainsFunc(n.cluster.Namespaces, func(s netpol.Namespace) bool { return s.Labels[key] == value })
}

// renameKey is the fix that puts the automatic label in a key's place.
func renameKey(o *Object, labels *manifest.Node, key string) []boltseal.Fix {
	labels = labels.Resolve()
	if labels == nil || labels.Get(netpol.NameLabel) != nil {
		return nil
	}
	for _, pair := range labels.Pairs {
		if pair.Key.Value != key || pair.Key.Anchor != "" || pair.Key.Kind != manifest.Scalar {
			continue
		}
		text := netpol.NameLabel
		if pair.Key.Style == manifest.DoubleQuoted {
			text = `"` + text + `"`
		}
		return []boltseal.Fix{{
			Title: "select by " + netpol.NameLabel,
			Edits: []boltseal.Edit{{File: o.File.Name, Span: pair.Key.Span, New: text}},
		}}
	}
	return nil
}
