package netpol

import (
	"cmp"
	"fmt"
	"slices"
)

func (c *Cluster) addService(ref Ref, decode func(any) error) error {
	var w struct {
		Spec struct {
			Type         string            `json:"type"`
			Selector     map[string]string `json:"selector"`
			ClusterIP    string            `json:"clusterIP"`
			ExternalName string            `json:"externalName"`
			SourceRanges []string          `json:"loadBalancerSourceRanges"`
			Ports        []struct {
				Name       string `json:"name"`
				Protocol   string `json:"protocol"`
				Port       int    `json:"port"`
				TargetPort number `json:"targetPort"`
			} `json:"ports"`
		} `json:"spec"`
	}
	if err := decode(&w); err != nil {
		return err
	}
	s := Service{
		Ref: ref, Type: cmp.Or(w.Spec.Type, "ClusterIP"), Selector: w.Spec.Selector, ClusterIP: w.Spec.ClusterIP,
		ExternalName: w.Spec.ExternalName, SourceRanges: w.Spec.SourceRanges,
	}
	for _, p := range w.Spec.Ports {
		proto, err := ParseProtocol(p.Protocol)
		if err != nil {
			return fmt.Errorf("port %d: %w", p.Port, err)
		}
		port := ServicePort{Name: p.Name, Protocol: proto, Number: p.Port, Target: p.TargetPort.n, TargetName: p.TargetPort.name}
		if port.Target == 0 && port.TargetName == "" {
			port.Target = p.Port
		}
		s.Ports = append(s.Ports, port)
	}
	c.Services = append(c.Services, s)
	return nil
}

type wireBackend struct {
	Service struct {
		Name string `json:"name"`
		Port struct {
			Number int    `json:"number"`
			Name   string `json:"name"`
		} `json:"port"`
	} `json:"service"`
	ServiceName string `json:"serviceName"` // before networking.k8s.io/v1
	ServicePort number `json:"servicePort"`
}

func (b *wireBackend) backend() Backend {
	if b.ServiceName != "" {
		return Backend{Service: b.ServiceName, Number: b.ServicePort.n, Name: b.ServicePort.name}
	}
	return Backend{Service: b.Service.Name, Number: b.Service.Port.Number, Name: b.Service.Port.Name}
}

func (c *Cluster) addIngress(ref Ref, decode func(any) error) error {
	var w struct {
		Metadata wireMeta `json:"metadata"`
		Spec     struct {
			Class          string       `json:"ingressClassName"`
			DefaultBackend *wireBackend `json:"defaultBackend"`
			Backend        *wireBackend `json:"backend"`
			Rules          []struct {
				HTTP struct {
					Paths []struct {
						Backend wireBackend `json:"backend"`
					} `json:"paths"`
				} `json:"http"`
			} `json:"rules"`
		} `json:"spec"`
	}
	if err := decode(&w); err != nil {
		return err
	}
	in := Ingress{Ref: ref, Class: cmp.Or(w.Spec.Class, w.Metadata.Annotations["kubernetes.io/ingress.class"])}
	if b := cmp.Or(w.Spec.DefaultBackend, w.Spec.Backend); b != nil {
		in.Backends = append(in.Backends, b.backend())
	}
	for _, r := range w.Spec.Rules {
		for _, p := range r.HTTP.Paths {
			in.Backends = append(in.Backends, p.Backend.backend())
		}
	}
	c.Ingresses = append(c.Ingresses, in)
	return nil
}

type wireAdminPeer struct {
	Namespaces *Selector `json:"namespaces"`
	Pods       *struct {
		NamespaceSelector Selector `json:"namespaceSelector"`
		PodSelector       Selector `json:"podSelector"`
	} `json:"pods"`
	Networks    []string  `json:"networks"`
	Nodes       *Selector `json:"nodes"`
	DomainNames []string  `json:"domainNames"`
}

func (w *wireAdminPeer) peer() AdminPeer {
	out := AdminPeer{Namespaces: w.Namespaces, Networks: w.Networks}
	if w.Pods != nil {
		out.Pods = &PodsPeer{w.Pods.NamespaceSelector, w.Pods.PodSelector}
	}
	if w.Nodes != nil {
		out.Unread = append(out.Unread, "nodes")
	}
	if len(w.DomainNames) > 0 {
		out.Unread = append(out.Unread, "domainNames")
	}
	return out
}

type wireAdminRule struct {
	Action string          `json:"action"`
	From   []wireAdminPeer `json:"from"`
	To     []wireAdminPeer `json:"to"`
	Ports  *[]struct {
		PortNumber *struct {
			Protocol string `json:"protocol"`
			Port     int    `json:"port"`
		} `json:"portNumber"`
		NamedPort *string `json:"namedPort"`
		PortRange *struct {
			Protocol string `json:"protocol"`
			Start    int    `json:"start"`
			End      int    `json:"end"`
		} `json:"portRange"`
	} `json:"ports"`
}

func (c *Cluster) addAdmin(ref Ref, decode func(any) error) error {
	var w struct {
		Spec struct {
			Priority int             `json:"priority"`
			Subject  wireAdminPeer   `json:"subject"`
			Ingress  []wireAdminRule `json:"ingress"`
			Egress   []wireAdminRule `json:"egress"`
		} `json:"spec"`
	}
	if err := decode(&w); err != nil {
		return err
	}
	p := AdminPolicy{Ref: ref, Baseline: ref.Kind == "BaselineAdminNetworkPolicy", Priority: w.Spec.Priority, Subject: w.Spec.Subject.peer()}
	var err error
	if p.Ingress, err = adminRules(w.Spec.Ingress, p.Baseline); err != nil {
		return fmt.Errorf("ingress: %w", err)
	}
	if p.Egress, err = adminRules(w.Spec.Egress, p.Baseline); err != nil {
		return fmt.Errorf("egress: %w", err)
	}
	c.Admin = append(c.Admin, p)
	return nil
}

func adminRules(wire []wireAdminRule, baseline bool) ([]AdminRule, error) {
	var out []AdminRule
	for _, w := range wire {
		r := AdminRule{Every: w.Ports == nil}
		switch {
		case w.Action == "Allow":
			r.Action = Allow
		case w.Action == "Deny":
			r.Action = Deny
		case w.Action == "Pass" && !baseline:
			r.Action = Pass
		default:
			return nil, fmt.Errorf("action %q: no such action", w.Action)
		}
		for _, p := range slices.Concat(w.From, w.To) {
			r.Peers = append(r.Peers, p.peer())
		}
		if w.Ports != nil {
			for _, p := range *w.Ports {
				port := AdminPort{}
				var err error
				switch {
				case p.PortNumber != nil:
					port.Protocol, err = ParseProtocol(p.PortNumber.Protocol)
					port.Number, port.End = p.PortNumber.Port, p.PortNumber.Port
				case p.PortRange != nil:
					port.Protocol, err = ParseProtocol(p.PortRange.Protocol)
					port.Number, port.End = p.PortRange.Start, p.PortRange.End
				case p.NamedPort != nil:
					port.Name, port.AnyProtocol = *p.NamedPort, true
				}
				if err != nil {
					return nil, err
				}
				r.Ports = append(r.Ports, port)
			}
		}
		out = append(out, r)
	}
	return out, nil
}
