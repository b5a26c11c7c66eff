package kube

import (
	"net/netip"
	"slices"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/netpol"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/netpol-allow-all", Title: "a network policy's rule without peers allows everyone", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.3.2 NSA/network-policies"),
		Doc: `A rule whose from or to is missing or empty does not select nobody: it selects everyone, every pod of every namespace and every address outside. "to: []"
looks like a closed door and is none. Name the peers; to allow nobody, leave the rule out. A rule that is written "- {}" opens every port too.`,
	},
	Run: func(p *Pass) {
		n := p.network()
		for r := range n.rules() {
			if len(r.Peers) > 0 || r.dnsOnly() || r.dir == netpol.Inbound && len(r.Ports) > 0 && n.published(r.netPolicy) {
				continue
			}
			key := peersField(r.dir)
			what := "without " + key
			if node := r.node.Get(key); node != nil {
				what = "with an empty " + key
			}
			who := "everyone, inside and outside the cluster, reaches "
			if r.dir == netpol.Outbound {
				who = "everyone, inside and outside the cluster, is reached by "
			}
			p.Report(r.object, nearest(r.node, key), "a rule "+what+": "+who+r.whom()+" "+r.onPorts())
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/netpol-all-namespaces", Title: "a network policy's peer is every pod of every namespace", Severity: boltseal.Medium,
		Controls: names("CIS-K8S-5.3.2"),
		Doc: `An empty namespaceSelector selects all namespaces, and without a podSelector beside it all of their pods: those of other teams and those that an attacker
starts. Select the namespace by its automatic label kubernetes.io/metadata.name, and its pods in the same list item (a podSelector in an item of its own is
"or", not "and", and stays in the policy's namespace).`,
	},
	Run: func(p *Pass) {
		for r := range p.network().rules() {
			for i := range r.Peers {
				q := &r.Peers[i]
				if isEmpty(q.NamespaceSelector) && (q.PodSelector == nil || q.PodSelector.Empty()) && !r.dnsOnly() && !r.meansOutside(p.network()) {
					p.Report(r.object, nearest(r.peer(i), "namespaceSelector"), "an empty namespaceSelector is every pod of every namespace, "+r.onPorts())
				}
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/netpol-external-by-namespace", Title: "addresses outside are not reached by a namespaceSelector", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.3.2"),
		Doc: `A namespaceSelector selects pods, and pods alone: an API on the Internet is in no namespace. The rule opens the port to every pod of the cluster, and not
to what it was written for. Outside addresses need an ipBlock; where they change, an egress gateway or a plugin's policy by domain name. The rule is taken to be
meant for the outside when its ports are those of the Web or of mail and no pod of the manifests listens on them.`,
	},
	Run: func(p *Pass) {
		n := p.network()
		for r := range n.rules() {
			if !r.meansOutside(n) {
				continue
			}
			for i := range r.Peers {
				if isEmpty(r.Peers[i].NamespaceSelector) {
					p.Report(r.object, nearest(r.peer(i), "namespaceSelector"),
						"an empty namespaceSelector is every pod of the cluster and no address outside: "+r.onPorts()+" nothing outside is reached; use an ipBlock")
				}
			}
		}
	},
})

// outsidePorts are those of services that are mostly outside a cluster: the
// Web and mail.
var outsidePorts = []int{443, 80, 25, 465, 587, 993}

// meansOutside tells whether a rule that selects every pod of the cluster was
// evidently written for addresses outside.
func (r *policyRule) meansOutside(n *network) bool {
	every := slices.ContainsFunc(r.Peers, func(q netpol.Peer) bool {
		return isEmpty(q.NamespaceSelector) && (q.PodSelector == nil || q.PodSelector.Empty())
	})
	if r.dir != netpol.Outbound || !every || len(r.Ports) == 0 {
		return false
	}
	for i := range r.Ports {
		q := &r.Ports[i]
		if q.Protocol != netpol.TCP || q.Name != "" || q.End != 0 || !slices.Contains(outsidePorts, q.Number) {
			return false
		}
		if slices.ContainsFunc(n.cluster.Workloads, func(w netpol.Workload) bool {
			return slices.ContainsFunc(w.Ports, func(c netpol.ContainerPort) bool { return c.Number == q.Number && c.Protocol == q.Protocol })
		}) {
			return false
		}
	}
	return true
}

// metadata are the addresses at which clouds tell instances their secrets.
var metadata = []netip.Addr{netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("fd00:ec2::254")}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/netpol-everywhere", Title: "a network policy's ipBlock is the whole world", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.3.2 NSA/network-policies MITRE/T1552.005"),
		Doc: `0.0.0.0/0 and ::/0 are every address: those of the Internet, of the pods, of the nodes, and of the cloud's metadata service, which hands out the node's
credentials to whoever asks. Name the ranges that are needed. Where egress to the Internet is, give the ports and except 169.254.169.254/32 and the private
ranges. Ingress from everywhere is right for pods behind a Service of type LoadBalancer or NodePort alone.`,
	},
	Run: func(p *Pass) {
		n := p.network()
		for r := range n.rules() {
			for i := range r.Peers {
				b := r.Peers[i].IPBlock
				if b == nil || !everywhere(b) {
					continue
				}
				at := nearest(r.peer(i), "ipBlock", "cidr")
				switch {
				case r.dir == netpol.Inbound && !n.published(r.netPolicy):
					p.Report(r.object, at, b.CIDR+" lets everyone in, "+r.onPorts())
				case r.dir == netpol.Outbound && len(r.Ports) == 0:
					p.Report(r.object, at, b.CIDR+" lets everything out, on every port")
				case r.dir == netpol.Outbound && reachesMetadata(b):
					p.Report(r.object, at, b.CIDR+" takes in the cloud's metadata service: except its address, or name the ranges that are needed")
				}
			}
		}
	},
})

// everywhere tells whether a block is all of the addresses of a family, or
// half of them.
func everywhere(b *netpol.IPBlock) bool {
	p, err := netip.ParsePrefix(b.CIDR)
	return err == nil && p.Bits() <= 1
}

func reachesMetadata(b *netpol.IPBlock) bool {
	block, err := netip.ParsePrefix(b.CIDR)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(metadata, func(addr netip.Addr) bool {
		return block.Contains(addr) && !slices.ContainsFunc(b.Except, func(text string) bool {
			x, err := netip.ParsePrefix(text)
			return err == nil && x.Contains(addr)
		})
	})
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/netpol-dns-anywhere", Title: "DNS may be asked of anyone", Severity: boltseal.Medium,
		Controls: names("CIS-K8S-5.3.2 MITRE/T1048"),
		Doc: `Port 53 is open to every pod, or to every address: data is carried out through it in the form of DNS questions, to a server of the attacker's. Allow it to
the cluster's DNS alone: namespaceSelector kubernetes.io/metadata.name: kube-system and podSelector k8s-app: kube-dns in one list item. Where NodeLocal DNSCache runs,
allow 169.254.20.10/32 as well.`,
	},
	Run: func(p *Pass) {
		for r := range p.network().rules() {
			if !r.dnsOnly() {
				continue
			}
			if len(r.Peers) == 0 {
				p.Report(r.object, nearest(r.node, "to"), "DNS is open to everyone, inside and outside the cluster")
			}
			for i := range r.Peers {
				q := &r.Peers[i]
				switch {
				case isEmpty(q.NamespaceSelector) && (q.PodSelector == nil || q.PodSelector.Empty()):
					p.Report(r.object, nearest(r.peer(i), "namespaceSelector"), "DNS is open to every pod of every namespace")
				case q.IPBlock != nil && everywhere(q.IPBlock):
					p.Report(r.object, nearest(r.peer(i), "ipBlock", "cidr"), "DNS is open to every address: "+q.IPBlock.CIDR)
				}
			}
		}
	},
})

// podRanges are what network plugins and distributions give to pods and
// services unless they are told otherwise.
var podRanges = []struct{ cidr, whose string }{
	{"10.244.0.0/16", "pods of flannel, kubeadm and kind"}, {"10.42.0.0/16", "pods of k3s and RKE2"}, {"10.43.0.0/16", "services of k3s and RKE2"},
	{"10.100.0.0/16", "services of EKS"}, {"10.96.0.0/12", "services of kubeadm"},
	{"10.128.0.0/14", "pods of OpenShift"}, {"172.30.0.0/16", "services of OpenShift"},
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/netpol-pod-cidr", Title: "an ipBlock that looks like pods or services", Severity: boltseal.Low,
		Controls: names("CIS-K8S-5.3.2"),
		Doc: `The range is one that Kubernetes distributions give to pods or services. Pods' addresses change with every restart, some plugins never match them with an
ipBlock (Cilium), and a service's address is translated before policies are applied, so that the rule opens too much or nothing. Select pods by their labels.`,
	},
	Run: func(p *Pass) {
		for r := range p.network().rules() {
			for i := range r.Peers {
				b := r.Peers[i].IPBlock
				if b == nil {
					continue
				}
				block, err := netip.ParsePrefix(b.CIDR)
				if err != nil {
					continue
				}
				for _, known := range podRanges {
					if within := netip.MustParsePrefix(known.cidr); within.Bits() <= block.Bits() && within.Contains(block.Addr()) {
						p.Report(r.object, nearest(r.peer(i), "ipBlock", "cidr"), b.CIDR+" lies in "+known.cidr+", by default "+known.whose+": select them by labels")
						break
					}
				}
			}
		}
	},
})
