package netpol

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Add reads one Kubernetes object into the cluster; decode fills a value
// from the object's JSON. Objects that have no say in who reaches whom are
// passed over. A policy that is not evaluated is noted in Unread.
func (c *Cluster) Add(ref Ref, decode func(any) error) error {
	if err := c.add(ref, decode); err != nil {
		return fmt.Errorf("read %s: %w", ref, err)
	}
	return nil
}

func (c *Cluster) add(ref Ref, decode func(any) error) error {
	group, _, grouped := strings.Cut(ref.APIVersion, "/")
	if !grouped {
		group = ""
	}
	namespaced := ref
	namespaced.Namespace = cmp.Or(ref.Namespace, "default")
	switch group + "/" + ref.Kind {
	case "/Namespace":
		return c.addNamespace(ref, decode)
	case "/Service":
		return c.addService(namespaced, decode)
	case "/ConfigMap":
		return c.addConfigMap(namespaced, decode)
	case "networking.k8s.io/Ingress", "extensions/Ingress":
		return c.addIngress(namespaced, decode)
	case "networking.k8s.io/NetworkPolicy", "extensions/NetworkPolicy":
		return c.addPolicy(namespaced, decode)
	case "policy.networking.k8s.io/AdminNetworkPolicy", "policy.networking.k8s.io/BaselineAdminNetworkPolicy":
		return c.addAdmin(ref, decode)
	case "/Pod", "/ReplicationController", "apps/Deployment", "apps/StatefulSet", "apps/DaemonSet", "apps/ReplicaSet",
		"extensions/Deployment", "extensions/DaemonSet", "extensions/ReplicaSet", "batch/Job", "batch/CronJob":
		return c.addWorkload(namespaced, decode)
	}
	if foreignPolicy(group, ref.Kind) {
		c.Unread = append(c.Unread, ref)
	}
	return nil
}

// foreignPolicy reports whether objects of a kind decide who reaches whom in
// a language of their own.
func foreignPolicy(group, kind string) bool {
	switch group {
	case "cilium.io", "crd.projectcalico.org", "projectcalico.org", "security.istio.io", "policy.linkerd.io",
		"crd.antrea.io", "policy.networking.k8s.io", "k8s.cni.cncf.io", "k8s.ovn.org":
		return strings.HasSuffix(kind, "Policy")
	}
	return false
}

type wireMeta struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

func (c *Cluster) addNamespace(ref Ref, decode func(any) error) error {
	var w struct {
		Metadata wireMeta `json:"metadata"`
	}
	if err := decode(&w); err != nil {
		return err
	}
	c.Namespaces = append(c.Namespaces, Namespace{Name: ref.Name, Labels: w.Metadata.Labels})
	return nil
}

func (c *Cluster) addConfigMap(ref Ref, decode func(any) error) error {
	var w struct {
		Data map[string]string `json:"data"`
	}
	if err := decode(&w); err != nil {
		return err
	}
	c.ConfigMaps = append(c.ConfigMaps, ConfigMap{Ref: ref, Data: w.Data})
	return nil
}

// number is a port: a number, a name, or a number in quotes.
type number struct {
	n    int
	name string
}

// UnmarshalJSON reads an IntOrString.
func (v *number) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &v.name)
	}
	if err := json.Unmarshal(data, &v.n); err != nil {
		return err
	}
	if v.n == 0 {
		v.n = -1 // zero was written: no port, not every port
	}
	return nil
}

type wirePolicy struct {
	Spec struct {
		PodSelector Selector    `json:"podSelector"`
		PolicyTypes []string    `json:"policyTypes"`
		Ingress     []*wireRule `json:"ingress"`
		Egress      []*wireRule `json:"egress"`
	} `json:"spec"`
}

type wireRule struct {
	From  []*wirePeer `json:"from"`
	To    []*wirePeer `json:"to"`
	Ports []*wirePort `json:"ports"`
}

type wirePeer struct {
	PodSelector       *Selector `json:"podSelector"`
	NamespaceSelector *Selector `json:"namespaceSelector"`
	IPBlock           *struct {
		CIDR   string   `json:"cidr"`
		Except []string `json:"except"`
	} `json:"ipBlock"`
}

type wirePort struct {
	Protocol string `json:"protocol"`
	Port     number `json:"port"`
	EndPort  int    `json:"endPort"`
}

func (c *Cluster) addPolicy(ref Ref, decode func(any) error) error {
	var w wirePolicy
	if err := decode(&w); err != nil {
		return err
	}
	p := Policy{Ref: ref, PodSelector: w.Spec.PodSelector}
	for _, t := range w.Spec.PolicyTypes {
		switch t {
		case "Ingress":
			p.Types = append(p.Types, Inbound)
		case "Egress":
			p.Types = append(p.Types, Outbound)
		default:
			return fmt.Errorf("policy type %q: want Ingress or Egress", t)
		}
	}
	var err error
	if p.Ingress, err = rulesOf(w.Spec.Ingress, Inbound); err != nil {
		return fmt.Errorf("ingress: %w", err)
	}
	if p.Egress, err = rulesOf(w.Spec.Egress, Outbound); err != nil {
		return fmt.Errorf("egress: %w", err)
	}
	c.Policies = append(c.Policies, p)
	return nil
}

func rulesOf(wire []*wireRule, d Direction) ([]Rule, error) {
	var out []Rule
	for _, w := range wire {
		if w == nil {
			w = &wireRule{}
		}
		peers := w.From
		if d == Outbound {
			peers = w.To
		}
		var r Rule
		for _, p := range peers {
			peer := Peer{}
			if p != nil {
				peer.PodSelector, peer.NamespaceSelector = p.PodSelector, p.NamespaceSelector
				if p.IPBlock != nil {
					peer.IPBlock = &IPBlock{CIDR: p.IPBlock.CIDR, Except: p.IPBlock.Except}
				}
			}
			r.Peers = append(r.Peers, peer)
		}
		for _, p := range w.Ports {
			port, err := portOf(p)
			if err != nil {
				return nil, err
			}
			r.Ports = append(r.Ports, port)
		}
		out = append(out, r)
	}
	return out, nil
}

func portOf(w *wirePort) (Port, error) {
	if w == nil {
		return Port{}, nil
	}
	proto, err := ParseProtocol(w.Protocol)
	return Port{Protocol: proto, Number: w.Port.n, Name: w.Port.name, End: w.EndPort}, err
}

type wireTemplate struct {
	Metadata wireMeta `json:"metadata"`
	Spec     wirePod  `json:"spec"`
}

type wirePod struct {
	HostNetwork    bool             `json:"hostNetwork"`
	Containers     []*wireContainer `json:"containers"`
	InitContainers []*wireContainer `json:"initContainers"`
	Volumes        []struct {
		ConfigMap struct {
			Name string `json:"name"`
		} `json:"configMap"`
	} `json:"volumes"`
}

type wireContainer struct {
	Name    string   `json:"name"`
	Command []string `json:"command"`
	Args    []string `json:"args"`
	Restart string   `json:"restartPolicy"`
	Ports   []struct {
		Name          string `json:"name"`
		Protocol      string `json:"protocol"`
		ContainerPort int    `json:"containerPort"`
	} `json:"ports"`
	Env []struct {
		Name      string `json:"name"`
		Value     any    `json:"value"`
		ValueFrom struct {
			ConfigMapKeyRef struct {
				Name string `json:"name"`
				Key  string `json:"key"`
			} `json:"configMapKeyRef"`
		} `json:"valueFrom"`
	} `json:"env"`
	EnvFrom []struct {
		ConfigMapRef struct {
			Name string `json:"name"`
		} `json:"configMapRef"`
	} `json:"envFrom"`
}

type wireWorkload struct {
	Metadata wireMeta `json:"metadata"`
	Spec     struct {
		wirePod
		Selector    json.RawMessage `json:"selector"`
		Template    *wireTemplate   `json:"template"`
		JobTemplate *struct {
			Spec struct {
				Template wireTemplate `json:"template"`
			} `json:"spec"`
		} `json:"jobTemplate"`
	} `json:"spec"`
}

func (c *Cluster) addWorkload(ref Ref, decode func(any) error) error {
	var w wireWorkload
	if err := decode(&w); err != nil {
		return err
	}
	pod, labels := &w.Spec.wirePod, w.Metadata.Labels
	switch {
	case ref.Kind == "Pod":
	case ref.Kind == "CronJob" && w.Spec.JobTemplate != nil:
		pod, labels = &w.Spec.JobTemplate.Spec.Template.Spec, w.Spec.JobTemplate.Spec.Template.Metadata.Labels
	case w.Spec.Template != nil:
		pod, labels = &w.Spec.Template.Spec, w.Spec.Template.Metadata.Labels
	default:
		return errors.New("it has no pod template")
	}
	out := Workload{Ref: ref, Labels: labels, HostNetwork: pod.HostNetwork, Selector: selectorOf(w.Spec.Selector, labels)}
	for _, k := range slices.Concat(pod.Containers, pod.InitContainers) {
		if k == nil {
			continue
		}
		for _, p := range k.Ports {
			proto, err := ParseProtocol(p.Protocol)
			if err != nil {
				return fmt.Errorf("container %s: %w", k.Name, err)
			}
			out.Ports = append(out.Ports, ContainerPort{Name: p.Name, Protocol: proto, Number: p.ContainerPort})
		}
		out.Values = append(out.Values, k.values()...)
	}
	for _, v := range pod.Volumes {
		if name := v.ConfigMap.Name; name != "" {
			out.Values = append(out.Values, Value{Where: "configmap " + name})
		}
	}
	c.Workloads = append(c.Workloads, out)
	return nil
}

// selectorOf are the labels that the workload's selector asks for, as far as
// its pods have them. Without any, all of the pods' labels.
func selectorOf(raw json.RawMessage, labels map[string]string) map[string]string {
	var s Selector
	if json.Unmarshal(raw, &s) == nil && len(s.MatchLabels) > 0 && s.Matches(labels) {
		return s.MatchLabels
	}
	var flat map[string]string
	if json.Unmarshal(raw, &flat) == nil && len(flat) > 0 {
		if s := (Selector{MatchLabels: flat}); s.Matches(labels) {
			return flat
		}
	}
	return labels
}

// values are the container's texts. A reference to a ConfigMap has its name
// as place and no text.
func (k *wireContainer) values() []Value {
	var out []Value
	for _, e := range k.Env {
		if text, ok := e.Value.(string); ok {
			out = append(out, Value{Where: "env " + e.Name, Text: text})
		}
		if r := e.ValueFrom.ConfigMapKeyRef; r.Name != "" {
			out = append(out, Value{Where: "configmap " + r.Name + " " + r.Key})
		}
	}
	for _, e := range k.EnvFrom {
		if name := e.ConfigMapRef.Name; name != "" {
			out = append(out, Value{Where: "configmap " + name})
		}
	}
	for _, a := range slices.Concat(k.Command, k.Args) {
		out = append(out, Value{Where: "argument", Text: a})
	}
	return out
}

// texts are a workload's values with those of ConfigMaps filled in.
func (c *Cluster) texts(w *Workload) []Value {
	var out []Value
	for _, v := range w.Values {
		name, ok := strings.CutPrefix(v.Where, "configmap ")
		if !ok {
			out = append(out, v)
			continue
		}
		name, key, one := strings.Cut(name, " ")
		for i := range c.ConfigMaps {
			m := &c.ConfigMaps[i]
			if m.Name != name || m.Namespace != w.Namespace {
				continue
			}
			for _, k := range slices.Sorted(maps.Keys(m.Data)) {
				if !one || k == key {
					out = append(out, Value{Where: "configmap " + name + " " + k, Text: m.Data[k]})
				}
			}
		}
	}
	return out
}
