package netpol

import (
	"fmt"
	"slices"
	"strings"
)

// drawing is a graph as it is drawn: endpoints of one namespace that no rule
// tells apart are one box, and what follows from two boxes being open is not
// drawn as an arrow.
type drawing struct {
	boxes  []box
	arrows []arrow
}

// box is some endpoints.
type box struct {
	id     string
	names  []string
	kind   EndpointKind
	space  string  // namespace, empty for what is in none
	open   [2]bool // it receives from anyone who may send, sends to anyone who may receive
	member int     // one of them, by index in the graph
}

// arrow is what may pass between two boxes, by index.
type arrow struct {
	from, to int
	ports    Ports
}

// maxNames is how many names stand in one box.
const maxNames = 4

// label is the box's text, line by line.
func (b *box) label() []string {
	names := b.names
	if len(names) > maxNames {
		names = append(slices.Clone(names[:maxNames-1]), fmt.Sprintf("and %d more", len(names)-maxNames+1))
	}
	return names
}

// note says how the box is open.
func (b *box) note() string {
	switch {
	case b.kind != Pods:
		return ""
	case b.open[Inbound] && b.open[Outbound]:
		return "open both ways"
	case b.open[Inbound]:
		return "open to all"
	case b.open[Outbound]:
		return "sends anywhere"
	}
	return ""
}

func (g *Graph) draw() *drawing {
	d := &drawing{}
	type key struct {
		class int
		space string
		kind  EndpointKind
	}
	boxes := map[key]int{}
	open := g.open()
	for i := range g.Endpoints {
		e := &g.Endpoints[i]
		k := key{class: g.class[i], kind: e.Kind}
		if e.Kind == Pods {
			k.space = e.Workload.Namespace
		}
		at, ok := boxes[k]
		if !ok {
			at = len(d.boxes)
			boxes[k] = at
			d.boxes = append(d.boxes, box{
				id: fmt.Sprint("n", at), kind: e.Kind, space: k.space, member: i,
				open: [2]bool{open[Inbound][g.class[i]], open[Outbound][g.class[i]]},
			})
		}
		name := e.Name
		if e.Kind == Pods {
			name = strings.TrimPrefix(name, e.Workload.Namespace+"/")
		}
		d.boxes[at].names = append(d.boxes[at].names, name)
	}
	for from := range d.boxes {
		for to := range d.boxes {
			a, b := &d.boxes[from], &d.boxes[to]
			ports := g.Allowed(a.member, b.member)
			if a.kind != Pods && b.kind != Pods || ports.Empty() || a.open[Outbound] && b.open[Inbound] {
				continue
			}
			d.arrows = append(d.arrows, arrow{from, to, ports})
		}
	}
	d.dropUnused()
	return d
}

// open tells for each class whether it receives whatever is sent, and
// whether it may send whatever is received.
func (g *Graph) open() [2][]bool {
	of := g.of
	var out [2][]bool
	for d := range out {
		out[d] = make([]bool, len(of))
		for class, i := range of {
			if g.Endpoints[i].Kind != Pods {
				out[d][class] = true
				continue
			}
			out[d][class] = !slices.ContainsFunc(of, func(j int) bool {
				from, to := j, i
				if Direction(d) == Outbound {
					from, to = i, j
				}
				return !g.Granted(from, to, Direction(d)).All()
			})
		}
	}
	return out
}

// dropUnused takes away boxes of the world around that no arrow touches.
func (d *drawing) dropUnused() {
	used := make([]bool, len(d.boxes))
	for _, a := range d.arrows {
		used[a.from], used[a.to] = true, true
	}
	renamed := make([]int, len(d.boxes))
	var kept []box
	for i, b := range d.boxes {
		renamed[i] = len(kept)
		if used[i] || b.kind == Pods {
			kept = append(kept, b)
		}
	}
	for i := range d.arrows {
		a := &d.arrows[i]
		a.from, a.to = renamed[a.from], renamed[a.to]
	}
	d.boxes = kept
}

// spaces lists the namespaces in order; the empty one is the world around.
func (d *drawing) spaces() []string {
	var out []string
	for i := range d.boxes {
		out = append(out, d.boxes[i].space)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Mermaid draws the graph as a Mermaid flow chart.
func (g *Graph) Mermaid() string {
	d := g.draw()
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for i, space := range d.spaces() {
		indent := "  "
		if space != "" {
			fmt.Fprintf(&b, "  subgraph s%d[\"%s\"]\n", i, mermaidText(space))
			indent = "    "
		}
		for k := range d.boxes {
			if x := &d.boxes[k]; x.space == space {
				left, right := "[", "]"
				if x.kind != Pods {
					left, right = "([", "])"
				}
				text := strings.Join(append(escaped(x.label(), mermaidText), nonEmpty(x.note())...), "<br/>")
				fmt.Fprintf(&b, "%s%s%s\"%s\"%s\n", indent, x.id, left, text, right)
			}
		}
		if space != "" {
			b.WriteString("  end\n")
		}
	}
	for _, a := range d.arrows {
		fmt.Fprintf(&b, "  %s -->|\"%s\"| %s\n", d.boxes[a.from].id, mermaidText(a.ports.String()), d.boxes[a.to].id)
	}
	return b.String()
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{"(" + s + ")"}
}

func escaped(list []string, escape func(string) string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = escape(s)
	}
	return out
}

// mermaidText escapes what would end a text, or be read as markup.
func mermaidText(s string) string {
	return strings.NewReplacer("&", "#amp;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", ";", "#59;", "`", "#96;", "\n", " ", "\r", " ").Replace(s)
}

// DOT draws the graph in the language of Graphviz.
func (g *Graph) DOT() string {
	d := g.draw()
	var b strings.Builder
	b.WriteString("digraph netpol {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n")
	for i, space := range d.spaces() {
		if space != "" {
			fmt.Fprintf(&b, "  subgraph cluster_%d {\n    label=%s;\n", i, dotText(space))
		}
		for k := range d.boxes {
			if x := &d.boxes[k]; x.space == space {
				shape := ""
				if x.kind != Pods {
					shape = ", shape=ellipse"
				}
				label := dotText(strings.Join(append(slices.Clone(x.label()), nonEmpty(x.note())...), "\n"))
				fmt.Fprintf(&b, "    %s [label=%s%s];\n", x.id, label, shape)
			}
		}
		if space != "" {
			b.WriteString("  }\n")
		}
	}
	for _, a := range d.arrows {
		fmt.Fprintf(&b, "  %s -> %s [label=%s];\n", d.boxes[a.from].id, d.boxes[a.to].id, dotText(a.ports.String()))
	}
	b.WriteString("}\n")
	return b.String()
}

func dotText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", " ").Replace(s) + `"`
}
