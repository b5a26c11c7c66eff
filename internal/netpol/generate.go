package netpol

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// GenerateOptions are the optional parameters of [Generate].
type GenerateOptions struct {
	IngressNamespace string // where the ingress controller runs; empty goes by the Ingress's class
}

// Generated is a set of policies and why they are as they are.
type Generated struct {
	Policies []Policy
	Flows    []Flow
	Notes    []string // what could not be worked out, sorted

	why map[string][]string // comments, by policy and rule
}

// Flow is a connection that workloads evidently make.
type Flow struct {
	From, To string // workloads, or who is outside
	Ports    Ports
	Why      string

	from, to *Workload // nil is outside
	peers    []Peer    // who is outside
	ports    []Port
}

// Generate writes policies that let pass what the cluster's services,
// ingresses and configuration say is needed, and DNS, and nothing else. The
// outcome was evaluated: every flow passes, and every workload that a policy
// can select is isolated in both directions.
func Generate(c *Cluster, opts *GenerateOptions) (*Generated, error) {
	g := &generator{cluster: c, out: &Generated{why: map[string][]string{}}}
	if opts != nil {
		g.opts = *opts
	}
	for i := range c.Workloads {
		g.references(&c.Workloads[i])
	}
	for i := range c.Ingresses {
		g.ingress(&c.Ingresses[i])
	}
	for i := range c.Services {
		g.exposed(&c.Services[i])
	}
	g.policies()
	slices.Sort(g.out.Notes)
	g.out.Notes = slices.Compact(g.out.Notes)
	return g.out, g.verify()
}

type generator struct {
	cluster *Cluster
	opts    GenerateOptions
	out     *Generated
}

func (g *generator) note(format string, args ...any) {
	g.out.Notes = append(g.out.Notes, fmt.Sprintf(format, args...))
}

// behind are the workloads that a service leads to.
func (c *Cluster) behind(s *Service) []*Workload {
	var out []*Workload
	if len(s.Selector) == 0 {
		return nil
	}
	selector := Selector{MatchLabels: s.Selector}
	for i := range c.Workloads {
		if w := &c.Workloads[i]; w.Namespace == s.Namespace && selector.Matches(w.Labels) {
			out = append(out, w)
		}
	}
	return out
}

// target is the port on which a workload's pods take what a service port
// sends; traffic is filtered by it, not by the service's own.
func (p *ServicePort) target(w *Workload) (Port, bool) {
	if p.TargetName == "" {
		return Port{Protocol: p.Protocol, Number: p.Target}, true
	}
	for _, c := range w.Ports {
		if c.Name == p.TargetName && c.Protocol == p.Protocol {
			return Port{Protocol: p.Protocol, Number: c.Number}, true
		}
	}
	return Port{}, false
}

// references finds the flows that a workload's configuration speaks of.
func (g *generator) references(w *Workload) {
	for _, v := range g.cluster.texts(w) {
		for _, m := range mentions(v.Text) {
			if s := g.cluster.service(m.host, w.Namespace); s != nil {
				g.toService(w, s, m, v.Where)
				continue
			}
			if strings.HasPrefix(m.host, "kubernetes.default") {
				g.note("%s speaks to the API server (%s): allow its address, which policies cannot name", w, v.Where)
				continue
			}
			if m.foreign() {
				g.outside(w, m, v.Where)
			}
		}
	}
}

func (g *generator) toService(w *Workload, s *Service, m mention, where string) {
	if s.ExternalName != "" {
		g.outside(w, mention{host: s.ExternalName, port: m.number(), scheme: m.scheme}, where+", "+s.String())
		return
	}
	behind := g.cluster.behind(s)
	if len(behind) == 0 {
		g.note("%s speaks to %s (%s), which selects no workload of the manifests", w, s, where)
	}
	for _, to := range behind {
		ports := s.reached(to, &m)
		if len(ports) == 0 {
			g.note("%s speaks to %s on port %d (%s), which the service does not have", w, s, m.number(), where)
			continue
		}
		g.flow(Flow{from: w, to: to, ports: ports, Why: where + " names service " + s.Name})
	}
}

// reached are a workload's ports that a mention of the service leads to.
func (s *Service) reached(to *Workload, m *mention) []Port {
	var every, hit []Port
	for i := range s.Ports {
		port, ok := s.Ports[i].target(to)
		if !ok {
			continue
		}
		every = append(every, port)
		if s.Ports[i].Number == m.number() || s.ClusterIP == "None" && port.Number == m.number() {
			hit = append(hit, port)
		}
	}
	switch {
	case len(hit) > 0:
		return hit
	case m.port == 0:
		return every
	case s.ClusterIP == "None":
		return []Port{{Number: m.port}}
	}
	return nil
}

// privateRanges are what a flow to the world outside leaves out: clusters
// and their neighbours, and the cloud's metadata.
var privateRanges = []string{"10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"}

func (g *generator) outside(w *Workload, m mention, where string) {
	number := m.number()
	if number == 0 {
		number = 443
	}
	f := Flow{from: w, To: m.host, ports: []Port{{Number: number}}, Why: where + " names " + m.host}
	if addr, err := netip.ParseAddr(m.host); err == nil {
		f.peers = []Peer{{IPBlock: &IPBlock{CIDR: netip.PrefixFrom(addr, addr.BitLen()).String()}}}
	} else {
		f.peers = []Peer{{IPBlock: &IPBlock{CIDR: everyIPv4.String(), Except: privateRanges}}}
		f.Why += ", which a policy cannot name: every public IPv4 address is allowed"
	}
	g.flow(f)
}

// classNamespaces are where the usual installations of ingress controllers
// put their pods.
var classNamespaces = map[string]string{
	"nginx": "ingress-nginx", "traefik": "traefik", "haproxy": "haproxy-controller", "contour": "projectcontour", "kong": "kong", "istio": "istio-system",
}

func (g *generator) ingress(in *Ingress) {
	space := g.opts.IngressNamespace
	if space == "" {
		if space = classNamespaces[in.Class]; space == "" {
			space = "ingress-nginx"
			g.note("%s: its controller is taken to run in namespace %s", in, space)
		}
	}
	peer := Peer{NamespaceSelector: &Selector{MatchLabels: map[string]string{NameLabel: space}}}
	for _, b := range in.Backends {
		s := g.cluster.service(b.Service, in.Namespace)
		if s == nil {
			g.note("%s leads to service %s, which is not in the manifests", in, b.Service)
			continue
		}
		for _, to := range g.cluster.behind(s) {
			for i := range s.Ports {
				p := &s.Ports[i]
				if b.Number != 0 && p.Number != b.Number || b.Name != "" && p.Name != b.Name {
					continue
				}
				if port, ok := p.target(to); ok {
					g.flow(Flow{From: "namespace " + space, to: to, peers: []Peer{peer}, ports: []Port{port}, Why: "Ingress " + in.Name + " leads here"})
				}
			}
		}
	}
}

// exposed finds what a service lets in from outside the cluster.
func (g *generator) exposed(s *Service) {
	if s.Type != "LoadBalancer" && s.Type != "NodePort" {
		return
	}
	ranges := s.SourceRanges
	if len(ranges) == 0 {
		ranges = []string{everyIPv4.String(), everyIPv6.String()}
	}
	var peers []Peer
	for _, r := range ranges {
		peers = append(peers, Peer{IPBlock: &IPBlock{CIDR: r}})
	}
	for _, to := range g.cluster.behind(s) {
		for i := range s.Ports {
			if port, ok := s.Ports[i].target(to); ok {
				g.flow(Flow{From: "outside", to: to, peers: peers, ports: []Port{port}, Why: "Service " + s.Name + " is a " + s.Type})
			}
		}
	}
}

func (g *generator) flow(f Flow) {
	if f.from != nil {
		f.From = f.from.String()
	}
	if f.to != nil {
		f.To = f.to.String()
	}
	for i := range f.ports {
		f.Ports = f.Ports.Union(f.ports[i].Set(nil))
	}
	for i := range g.out.Flows {
		if o := &g.out.Flows[i]; o.From == f.From && o.To == f.To && o.Ports.Contains(f.Ports) {
			return
		}
	}
	g.out.Flows = append(g.out.Flows, f)
}

// policies turns flows into policies: for each namespace one that denies and
// one that allows DNS, for each workload one that allows what it needs.
func (g *generator) policies() {
	spaces := map[string]bool{}
	for i := range g.cluster.Workloads {
		w := &g.cluster.Workloads[i]
		switch {
		case w.HostNetwork:
			g.note("%s is on the host's network: no policy isolates it", w)
		default:
			spaces[w.Namespace] = true
		}
	}
	for _, space := range sortedKeys(spaces) {
		g.add(Policy{Ref: policyRef(space, "default-deny"), Types: []Direction{Inbound, Outbound}}, nil)
		g.add(DNSPolicy(space), []string{"the cluster's DNS: UDP, and TCP for long answers"})
	}
	for i := range g.cluster.Workloads {
		if w := &g.cluster.Workloads[i]; !w.HostNetwork {
			g.workload(w)
		}
	}
	slices.SortStableFunc(g.out.Policies, func(a, b Policy) int { return strings.Compare(a.Namespace, b.Namespace) })
}

func policyRef(namespace, name string) Ref {
	return Ref{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy", Namespace: namespace, Name: name}
}

// DNSPolicy lets every pod of a namespace ask the cluster's DNS.
func DNSPolicy(namespace string) Policy {
	return Policy{
		Ref: policyRef(namespace, "allow-dns"), Types: []Direction{Outbound},
		Egress: []Rule{{
			Peers: []Peer{{
				NamespaceSelector: &Selector{MatchLabels: map[string]string{NameLabel: "kube-system"}},
				PodSelector:       &Selector{MatchLabels: map[string]string{"k8s-app": "kube-dns"}},
			}},
			Ports: []Port{{Protocol: UDP, Number: 53}, {Protocol: TCP, Number: 53}},
		}},
	}
}

func (g *generator) add(p Policy, why []string) {
	g.out.Policies = append(g.out.Policies, p)
	g.out.why[p.String()] = why
}

// workload writes the policy of one workload.
func (g *generator) workload(w *Workload) {
	p := Policy{Ref: policyRef(w.Namespace, g.name(w)), PodSelector: Selector{MatchLabels: g.labels(w)}}
	var whyIn, whyOut []string
	for i := range g.out.Flows {
		f := &g.out.Flows[i]
		if f.to == w {
			p.Ingress = append(p.Ingress, Rule{Peers: f.other(f.from, w, g), Ports: f.ports})
			whyIn = append(whyIn, f.Why)
		}
		if f.from == w {
			p.Egress = append(p.Egress, Rule{Peers: f.other(f.to, w, g), Ports: f.ports})
			whyOut = append(whyOut, f.Why)
		}
	}
	if len(p.Ingress) > 0 {
		p.Types = append(p.Types, Inbound)
	}
	if len(p.Egress) > 0 {
		p.Types = append(p.Types, Outbound)
	}
	if len(p.Types) == 0 {
		return
	}
	if len(w.Labels) == 0 {
		g.note("%s has no labels to select it by: its flows are not allowed", w)
		return
	}
	g.add(p, slices.Concat(whyIn, whyOut))
}

// name is the workload's name, with its kind where another has it too.
func (g *generator) name(w *Workload) string {
	for i := range g.cluster.Workloads {
		if o := &g.cluster.Workloads[i]; o != w && o.Namespace == w.Namespace && o.Name == w.Name {
			return "allow-" + strings.ToLower(w.Kind) + "-" + w.Name
		}
	}
	return "allow-" + w.Name
}

// labels select the workload: by its own selector, or by all of its pods'
// labels where that selects others too.
func (g *generator) labels(w *Workload) map[string]string {
	s := Selector{MatchLabels: w.Selector}
	for i := range g.cluster.Workloads {
		if o := &g.cluster.Workloads[i]; o != w && o.Namespace == w.Namespace && (len(w.Selector) == 0 || s.Matches(o.Labels)) {
			return w.Labels
		}
	}
	return w.Selector
}

// other are the peers of a flow, as seen from a workload.
func (f *Flow) other(peer, w *Workload, g *generator) []Peer {
	if peer == nil {
		return f.peers
	}
	p := Peer{PodSelector: &Selector{MatchLabels: g.labels(peer)}}
	if peer.Namespace != w.Namespace {
		p.NamespaceSelector = &Selector{MatchLabels: map[string]string{NameLabel: peer.Namespace}}
	}
	return []Peer{p}
}

// verify evaluates the outcome together with the policies that are there.
func (g *generator) verify() error {
	c := *g.cluster
	c.Policies = slices.Concat(c.Policies, g.out.Policies)
	graph := Evaluate(&c, nil)
	var errs []error
	for i := range g.out.Flows {
		f := &g.out.Flows[i]
		if f.from == nil || f.to == nil || len(f.from.Labels) == 0 || len(f.to.Labels) == 0 {
			continue
		}
		from, to := graph.Find(f.From), graph.Find(f.To)
		if got := graph.Allowed(from, to); !got.Contains(f.Ports) {
			errs = append(errs, fmt.Errorf("%s to %s: %s is needed (%s) and %s passes: an admin policy is in the way", f.From, f.To, f.Ports, f.Why, got))
		}
	}
	return errors.Join(errs...)
}

// Why are the reasons for a policy's rules, ingress first.
func (g *Generated) Why(p *Policy) []string { return g.why[p.String()] }

func sortedKeys(m map[string]bool) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.SortFunc(out, cmp.Compare[string])
	return out
}
