package kube

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/netpol"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/netpol-no-default-deny", Title: "a namespace does not deny traffic by default", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.3.2 NSA/network-policies NIST-800-190/4.3.3 MITRE/T1046"),
		Aliases:  aliases("trivy:KSV-0038 kubescape:C-0030 kubescape:C-0260 kubescape:C-0206 checkov:CKV2_K8S_6 polaris:missingNetworkPolicy kube-score:pod-networkpolicy"),
		Doc: `Pods that no policy selects speak to everyone: whoever takes over one of them reaches every database, every neighbour and the cloud's metadata, and
carries data out to anywhere. A policy with an empty podSelector, both policy types and no rules closes a namespace in one step; what is needed is then
allowed by name. "boltseal netpol generate" writes that policy and those for what the manifests show to be needed.`,
	},
	Run: func(p *Pass) {
		n := p.network()
		for _, space := range n.spaces {
			if n.unseen(space) {
				continue
			}
			var open []string
			for _, d := range []netpol.Direction{netpol.Inbound, netpol.Outbound} {
				if !n.denies(space, d) {
					open = append(open, field(d))
				}
			}
			if len(open) == 0 {
				continue
			}
			o := p.spaceObject(space)
			p.Report(o, nil, "namespace "+namespaceName(space)+" has no policy that denies "+strings.Join(open, " and ")+" by default",
				denyFix(o, space, open)...)
		}
	},
})

// denies tells whether every pod of a namespace, also one that is yet to
// come, is isolated.
func (n *network) denies(space string, d netpol.Direction) bool {
	denied, known := n.denied[place{space, d}]
	if !known {
		denied = n.baselineDenies(space, d) || slices.ContainsFunc(n.homes[space], func(p *netPolicy) bool { return p.PodSelector.Empty() && p.Applies(d) })
		n.denied[place{space, d}] = denied
	}
	return denied
}

// baselineDenies tells whether the BaselineAdminNetworkPolicy refuses a
// namespace's pods the traffic that no policy allows.
func (n *network) baselineDenies(space string, d netpol.Direction) bool {
	labels := map[string]string{netpol.NameLabel: space}
	for _, s := range n.cluster.Namespaces {
		if s.Name == space {
			maps.Copy(labels, s.Labels)
		}
	}
	return slices.ContainsFunc(n.cluster.Admin, func(p netpol.AdminPolicy) bool {
		if !p.Baseline || p.Subject.Namespaces == nil || !p.Subject.Namespaces.Matches(labels) {
			return false
		}
		pods, outside := false, d == netpol.Inbound // it has no word for who comes from outside
		for _, r := range p.Rules(d) {
			for _, q := range r.Peers {
				denied := r.Action == netpol.Deny && r.Every
				pods = pods || denied && isEmpty(q.Namespaces)
				outside = outside || denied && slices.Contains(q.Networks, "0.0.0.0/0")
			}
		}
		return pods && outside
	})
}

// spaceObject is where findings about a namespace stand: at the namespace,
// or else at the first policy or workload in it.
func (p *Pass) spaceObject(space string) *Object {
	if o := p.Lookup("", "Namespace", "", space); o != nil {
		return o
	}
	if home := p.network().homes[space]; len(home) > 0 {
		return home[0].object
	}
	for _, namespace := range []string{space, ""} {
		for _, w := range p.Namespace(namespace) {
			if !w.Spec.HostNetwork && (namespace == space || space == "default") {
				return w.Object
			}
		}
	}
	return p.Objects[0]
}

// denyFix puts a policy behind the last document of the object's file.
func denyFix(o *Object, space string, open []string) []boltseal.Fix {
	deny := netpol.Policy{Ref: netpol.Ref{Name: "default-deny"}}
	if o.Namespace != "" || o.Kind == "Namespace" {
		deny.Namespace = space
	}
	documents := []string{""}
	for _, d := range open {
		if d == "ingress" {
			deny.Types = append(deny.Types, netpol.Inbound)
			continue
		}
		deny.Types = append(deny.Types, netpol.Outbound)
		dns := netpol.DNSPolicy(deny.Namespace)
		documents = append(documents, dns.YAML())
	}
	if len(open) == 1 {
		deny.Name += "-" + open[0]
	}
	documents[0] = deny.YAML()
	return appendDocuments(o.File, "deny "+strings.Join(open, " and ")+" by default, but for DNS", documents)
}

// appendDocuments is the fix that adds documents to the end of a YAML file.
func appendDocuments(f *manifest.File, title string, documents []string) []boltseal.Fix {
	last := f.Docs[len(f.Docs)-1]
	if last.Root.Style == manifest.Flow || len(f.Errors) > 0 {
		return nil
	}
	tail := string(bytes.TrimRight(f.Source[last.Span.End:], " \t\r\n"))
	if strings.Contains(tail, "\n...") || strings.HasPrefix(tail, "...") {
		return nil
	}
	text := "---\n" + strings.Join(documents, "---\n")
	if !bytes.HasSuffix(f.Source, []byte("\n")) {
		text = "\n" + text
	}
	if bytes.Contains(f.Source, []byte("\r\n")) {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	end := boltseal.Span{Start: len(f.Source), End: len(f.Source)}
	return []boltseal.Fix{{Title: title, Edits: []boltseal.Edit{{File: f.Name, Span: end, New: text}}}}
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/netpol-not-isolated", Title: "a workload that no network policy isolates", Severity: boltseal.Medium,
		Controls: names("CIS-K8S-5.3.2 NSA/network-policies"),
		Aliases:  aliases("kube-linter:non-isolated-pod checkov:CKV2_K8S_6 polaris:missingNetworkPolicy kube-score:pod-networkpolicy kubescape:C-0260"),
		Doc: `The namespace has policies, but none of them selects this workload in the direction named, and one that selects it in the other does not count: each
direction is isolated by itself. Its neighbours look protected while it is the way round them. A default-deny policy closes such gaps for good.`,
	},
	Run: func(p *Pass) {
		n := p.network()
		policed := map[string]bool{}
		for _, q := range n.policies {
			policed[q.Namespace] = true
		}
		for i := range n.graph.Endpoints {
			e := &n.graph.Endpoints[i]
			if e.Kind != netpol.Pods || e.Workload.HostNetwork || !policed[e.Workload.Namespace] || n.unseen(e.Workload.Namespace) {
				continue
			}
			var open []string
			for _, d := range []netpol.Direction{netpol.Inbound, netpol.Outbound} {
				if !n.graph.Isolated(i, d) && !n.denies(e.Workload.Namespace, d) {
					open = append(open, field(d))
				}
			}
			if o := p.workloadObject(e.Workload); o != nil && len(open) > 0 {
				p.Report(o, nil, "no network policy isolates the pods for "+strings.Join(open, " or "))
			}
		}
	},
})

// workloadObject finds the object of a workload.
func (p *Pass) workloadObject(w *netpol.Workload) *Object {
	for _, space := range []string{w.Namespace, ""} {
		if o := p.Lookup(groupOf(w.APIVersion), w.Kind, space, w.Name); o != nil {
			return o
		}
	}
	return nil
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/netpol-host-network", Title: "a network policy for pods on the node's network", Severity: boltseal.Medium,
		Controls: names("CIS-K8S-5.3.2"),
		Doc: `The policy's selector selects pods that run with hostNetwork. Their traffic is the node's, which network plugins do not tell apart: the policy does
nothing for them, neither to protect them nor to hold them back. Take them off the host's network, or filter on the node.`,
	},
	Run: func(p *Pass) {
		n := p.network()
		for _, q := range n.policies {
			if q.PodSelector.Empty() {
				continue // it is for the others
			}
			for i := range n.cluster.Workloads {
				w := &n.cluster.Workloads[i]
				if w.HostNetwork && w.Namespace == q.Namespace && q.PodSelector.Matches(w.Labels) {
					p.Report(q.object, q.object.Node.Get("spec", "podSelector"), "the policy does nothing for "+w.String()+", which is on the host's network")
				}
			}
		}
	},
})
