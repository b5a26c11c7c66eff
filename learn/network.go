package learn

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/boltseal/boltseal"
)

// Directory says whose addresses are whose, from what Kubernetes says of its
// pods and services.
type Directory struct {
	pods     map[netip.Addr]peer
	services map[netip.Addr]service
}

type peer struct {
	namespace string
	labels    map[string]string
}

type service struct {
	peer
	ports map[string]any // "TCP/80" → number or name of the pod's port
}

// ReadDirectory reads a list as `kubectl get pods,services -A -o json` writes
// it.
func ReadDirectory(data []byte) (*Directory, error) {
	var list struct {
		Items []struct {
			Kind     string `json:"kind"`
			Metadata struct {
				Namespace string            `json:"namespace"`
				Labels    map[string]string `json:"labels"`
			} `json:"metadata"`
			Spec struct {
				HostNetwork bool              `json:"hostNetwork"`
				Selector    map[string]string `json:"selector"`
				ClusterIPs  []string          `json:"clusterIPs"`
				ClusterIP   string            `json:"clusterIP"`
				Ports       []struct {
					Protocol   string `json:"protocol"`
					Port       uint16 `json:"port"`
					TargetPort any    `json:"targetPort"`
				} `json:"ports"`
			} `json:"spec"`
			Status struct {
				PodIPs []struct {
					IP string `json:"ip"`
				} `json:"podIPs"`
				PodIP string `json:"podIP"`
			} `json:"status"`
		} `json:"items"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("read the cluster's pods and services: %w", err)
	}
	d := &Directory{pods: map[netip.Addr]peer{}, services: map[netip.Addr]service{}}
	for _, item := range list.Items {
		who := peer{item.Metadata.Namespace, item.Metadata.Labels}
		switch item.Kind {
		case "Pod":
			addresses := []string{item.Status.PodIP}
			for _, ip := range item.Status.PodIPs {
				addresses = append(addresses, ip.IP)
			}
			for _, text := range addresses {
				if a, err := netip.ParseAddr(text); err == nil && !item.Spec.HostNetwork {
					d.pods[a.Unmap()] = who
				}
			}
		case "Service":
			s := service{peer: peer{item.Metadata.Namespace, item.Spec.Selector}, ports: map[string]any{}}
			for _, p := range item.Spec.Ports {
				s.ports[protocolOr(p.Protocol)+"/"+strconv.Itoa(int(p.Port))] = targetOf(p.TargetPort, p.Port)
			}
			for _, text := range append(item.Spec.ClusterIPs, item.Spec.ClusterIP) {
				if a, err := netip.ParseAddr(text); err == nil && len(item.Spec.Selector) > 0 {
					d.services[a.Unmap()] = s
				}
			}
		}
	}
	return d, nil
}

func protocolOr(p string) string {
	if p == "" {
		return "TCP"
	}
	return p
}

func targetOf(target any, port uint16) any {
	switch t := target.(type) {
	case float64:
		if t > 0 {
			return int(t)
		}
	case string:
		if t != "" {
			return t
		}
	}
	return int(port)
}

// changingLabels differ between the pods of one workload.
var changingLabels = []string{"pod-template-hash", "controller-revision-hash", "pod-template-generation", "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index",
	"batch.kubernetes.io/job-name", "batch.kubernetes.io/controller-uid", "job-name", "controller-uid"}

func steady(labels map[string]string) map[string]string {
	out := maps.Clone(labels)
	for _, name := range changingLabels {
		delete(out, name)
	}
	return out
}

// resolve gives the peer of a policy for a flow, and the port at its end.
func (d *Directory) resolve(f Flow, own string) (to yaml.MapSlice, port any, found bool) {
	port = int(f.Port)
	a, err := netip.ParseAddr(f.Remote)
	if err != nil {
		return nil, port, false
	}
	if d != nil {
		if s, ok := d.services[a]; ok && !f.Inbound {
			if target, ok := s.ports[f.Protocol+"/"+strconv.Itoa(int(f.Port))]; ok {
				port = target
			}
			return s.selector(own), port, true
		}
		if p, ok := d.pods[a]; ok {
			return p.selector(own), port, true
		}
	}
	bits := "/32"
	if a.Is6() {
		bits = "/128"
	}
	return yaml.MapSlice{{Key: "ipBlock", Value: yaml.MapSlice{{Key: "cidr", Value: a.String() + bits}}}}, port, false
}

func (p peer) selector(own string) yaml.MapSlice {
	out := yaml.MapSlice{}
	if p.namespace != own {
		out = append(out, yaml.MapItem{Key: "namespaceSelector", Value: map[string]any{"matchLabels": map[string]string{"kubernetes.io/metadata.name": p.namespace}}})
	}
	return append(out, yaml.MapItem{Key: "podSelector", Value: map[string]any{"matchLabels": sortedMap(steady(p.labels))}})
}

func sortedMap(m map[string]string) yaml.MapSlice {
	out := yaml.MapSlice{}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, yaml.MapItem{Key: k, Value: m[k]})
	}
	return out
}

const dnsPort = 53

// Policy is a NetworkPolicy that allows the flows that were seen, for the pods
// that labels select, and what it could not say well. Addresses that are
// nobody's in the directory are written as they are.
func (r *Recording) Policy(labels map[string]string, d *Directory) ([]byte, []boltseal.Gap, error) {
	namespace := ""
	if r.Workload != nil {
		namespace = r.Workload.Namespace
	}
	var gaps []boltseal.Gap
	in, out := newRules("from"), newRules("to")
	for _, f := range r.Flows {
		if f.Inbound {
			if f.Remote == "" {
				in.listens(f)
				continue
			}
			to, _, ok := d.resolve(f, namespace)
			in.add(to, f.Protocol, int(f.Port), "")
			if !ok {
				gaps = append(gaps, unresolved(f, "came"))
			}
			continue
		}
		if f.Port == dnsPort {
			if to, port, ok := d.resolve(f, namespace); ok {
				out.add(to, "UDP", port, "")
				out.add(to, "TCP", port, "")
				continue
			}
			out.add(clusterDNS(), "UDP", dnsPort, "")
			out.add(clusterDNS(), "TCP", dnsPort, "")
			continue
		}
		to, port, ok := d.resolve(f, namespace)
		out.add(to, f.Protocol, port, f.Name)
		if !ok {
			gaps = append(gaps, unresolved(f, "went"))
		}
	}
	if len(labels) == 0 {
		labels = map[string]string{"app": r.Slug()}
	}
	meta := yaml.MapSlice{{Key: "name", Value: r.Slug()}}
	if namespace != "" {
		meta = append(meta, yaml.MapItem{Key: "namespace", Value: namespace})
	}
	spec := yaml.MapSlice{
		{Key: "podSelector", Value: map[string]any{"matchLabels": sortedMap(steady(labels))}},
		{Key: "policyTypes", Value: []string{"Ingress", "Egress"}},
	}
	if rules := in.list(); len(rules) > 0 {
		spec = append(spec, yaml.MapItem{Key: "ingress", Value: rules})
	}
	if rules := out.list(); len(rules) > 0 {
		spec = append(spec, yaml.MapItem{Key: "egress", Value: rules})
	}
	body, err := yaml.Marshal(yaml.MapSlice{
		{Key: "apiVersion", Value: "networking.k8s.io/v1"}, {Key: "kind", Value: "NetworkPolicy"}, {Key: "metadata", Value: meta}, {Key: "spec", Value: spec},
	})
	if err != nil {
		return nil, nil, fmt.Errorf("write policy: %w", err)
	}
	var notes strings.Builder
	degree, _ := r.Confidence()
	fmt.Fprintf(&notes, "# The connections of %s while it was watched (confidence: %s).\n", oneLine(r.Title()), degree)
	for _, name := range slices.Sorted(maps.Keys(out.names)) {
		fmt.Fprintf(&notes, "# %s was asked of DNS and is %s; its addresses may change.\n", oneLine(name), strings.Join(unique(out.names[name]), ", "))
	}
	return append([]byte(notes.String()), body...), gaps, nil
}

func unresolved(f Flow, way string) boltseal.Gap {
	return boltseal.Gap{Kind: "learn-flow", What: f.Remote + " " + f.Protocol + "/" + strconv.Itoa(int(f.Port)), Why: "nobody in the cluster's list has the address a connection " + way + " to or from; it stands as an ipBlock",
		Hint: "kubectl get pods,services -A -o json > cluster.json, and --cluster cluster.json"}
}

// clusterDNS is where pods find a cluster's resolver, by the labels that
// kubeadm, and most distributions, give it.
func clusterDNS() yaml.MapSlice {
	return yaml.MapSlice{
		{Key: "namespaceSelector", Value: map[string]any{"matchLabels": map[string]string{"kubernetes.io/metadata.name": "kube-system"}}},
		{Key: "podSelector", Value: map[string]any{"matchLabels": map[string]string{"k8s-app": "kube-dns"}}},
	}
}

// rules joins flows to one peer into one rule.
type rules struct {
	word  string
	order []string
	peers map[string]yaml.MapSlice
	ports map[string][]string
	of    map[string]yaml.MapSlice
	names map[string][]string
	open  []string // ports that are listened on and nobody was seen to come to
	taken map[string]bool
}

func newRules(word string) *rules {
	return &rules{word: word, peers: map[string]yaml.MapSlice{}, ports: map[string][]string{}, of: map[string]yaml.MapSlice{}, names: map[string][]string{}, taken: map[string]bool{}}
}

func (r *rules) port(protocol string, port any) string {
	key := fmt.Sprintf("%s/%v", protocol, port)
	r.of[key] = yaml.MapSlice{{Key: "protocol", Value: protocol}, {Key: "port", Value: port}}
	return key
}

func (r *rules) add(to yaml.MapSlice, protocol string, port any, name string) {
	key := fmt.Sprint(to)
	if _, ok := r.peers[key]; !ok {
		r.peers[key] = to
		r.order = append(r.order, key)
	}
	p := r.port(protocol, port)
	r.ports[key] = append(r.ports[key], p)
	r.taken[p] = true
	if name != "" && to[0].Key == "ipBlock" {
		block, _ := to[0].Value.(yaml.MapSlice)
		r.names[name] = append(r.names[name], fmt.Sprint(block[0].Value))
	}
}

func (r *rules) listens(f Flow) { r.open = append(r.open, r.port(f.Protocol, int(f.Port))) }

func (r *rules) list() []any {
	var out []any
	slices.Sort(r.order)
	for _, key := range r.order {
		out = append(out, yaml.MapSlice{{Key: r.word, Value: []any{r.peers[key]}}, {Key: "ports", Value: r.entries(r.ports[key])}})
	}
	// A port that is listened on is meant to be reached, and by whom was not
	// seen: everybody may.
	if open := slices.DeleteFunc(unique(r.open), func(p string) bool { return r.taken[p] }); len(open) > 0 {
		out = append(out, yaml.MapSlice{{Key: "ports", Value: r.entries(open)}})
	}
	return out
}

func (r *rules) entries(keys []string) []any {
	var out []any
	for _, key := range unique(keys) {
		out = append(out, r.of[key])
	}
	return out
}
