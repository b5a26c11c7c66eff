package netpol

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Keep says which endpoints are written about; nil is all of them.
type Keep func(*Endpoint) bool

// WriteText says for every workload what it sends to whom and receives from
// whom.
func (g *Graph) WriteText(w io.Writer, keep Keep) error {
	var b strings.Builder
	for i := range g.Endpoints {
		e := &g.Endpoints[i]
		if e.Kind != Pods || keep != nil && !keep(e) {
			continue
		}
		b.WriteString(e.Name)
		if e.Workload.HostNetwork {
			b.WriteString(" (on the host's network: no policy isolates it)")
		}
		b.WriteString("\n")
		g.side(&b, i, Outbound)
		g.side(&b, i, Inbound)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// side lists the other ends of one workload's traffic, those with the same
// ports together.
func (g *Graph) side(b *strings.Builder, i int, d Direction) {
	verb, word := "receives", "from"
	if d == Outbound {
		verb, word = "sends", "to"
	}
	var names []string // by distinct ports, in order of appearance
	var ports []Ports
	var members [][]string
	for j := range g.Endpoints {
		p := g.Allowed(j, i)
		if d == Outbound {
			p = g.Allowed(i, j)
		}
		at := slices.IndexFunc(ports, p.Equal)
		if at < 0 {
			at = len(ports)
			ports, members = append(ports, p), append(members, nil)
		}
		members[at] = append(members[at], g.Endpoints[j].Name)
	}
	for at, p := range ports {
		if p.Empty() {
			continue
		}
		whom := strings.Join(members[at], ", ")
		if len(members[at]) == len(g.Endpoints) {
			whom = "everyone"
		}
		names = append(names, fmt.Sprintf("%s %s %s", p, word, whom))
	}
	if len(names) == 0 {
		names = []string{"nothing"}
	}
	for k, line := range names {
		if k > 0 {
			verb = ""
		}
		fmt.Fprintf(b, "  %-9s %s\n", verb, line)
	}
}

// WriteTable writes one line for every pair between which something may
// pass: who sends, who receives, which ports.
func (g *Graph) WriteTable(w io.Writer, keep Keep) error {
	for e := range g.Edges() {
		from, to := &g.Endpoints[e.From], &g.Endpoints[e.To]
		if keep != nil && !keep(from) && !keep(to) {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s\t%s\t%s\n", from.Name, to.Name, e.Ports); err != nil {
			return err
		}
	}
	return nil
}

type jsonEndpoint struct {
	Name        string   `json:"name"`
	Kind        string   `json:"kind"`
	Namespace   string   `json:"namespace,omitempty"`
	HostNetwork bool     `json:"hostNetwork,omitempty"`
	Isolated    []string `json:"isolated,omitempty"`
	Prefix      string   `json:"prefix,omitempty"`
	Except      []string `json:"except,omitempty"`
}

type jsonEdge struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Ports Ports  `json:"ports"`
}

var kindNames = [...]string{"workload", "elsewhere", "outside"}

// WriteJSON writes endpoints and connections for programs.
func (g *Graph) WriteJSON(w io.Writer, keep Keep) error {
	var out struct {
		Endpoints    []jsonEndpoint `json:"endpoints"`
		Connections  []jsonEdge     `json:"connections"`
		NotEvaluated []string       `json:"notEvaluated,omitempty"`
	}
	out.Endpoints, out.Connections = []jsonEndpoint{}, []jsonEdge{}
	for i := range g.Endpoints {
		e := &g.Endpoints[i]
		j := jsonEndpoint{Name: e.Name, Kind: kindNames[e.Kind]}
		if e.Kind == Pods {
			j.Namespace, j.HostNetwork = e.Workload.Namespace, e.Workload.HostNetwork
			if g.Isolated(i, Inbound) {
				j.Isolated = append(j.Isolated, "ingress")
			}
			if g.Isolated(i, Outbound) {
				j.Isolated = append(j.Isolated, "egress")
			}
		}
		if e.Prefix.IsValid() {
			j.Prefix = e.Prefix.String()
			for _, x := range e.Except {
				j.Except = append(j.Except, x.String())
			}
		}
		out.Endpoints = append(out.Endpoints, j)
	}
	for e := range g.Edges() {
		from, to := &g.Endpoints[e.From], &g.Endpoints[e.To]
		if keep == nil || keep(from) || keep(to) {
			out.Connections = append(out.Connections, jsonEdge{from.Name, to.Name, e.Ports})
		}
	}
	out.NotEvaluated = g.cluster.NotEvaluated()
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}
