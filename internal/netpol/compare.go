package netpol

import (
	"maps"
	"slices"
	"strings"
)

// Change is a pair of endpoints between which something else may pass.
type Change struct {
	From, To       string
	Opened, Closed Ports
	Before, After  Ports
	New            bool // one of the endpoints was not there before
	Gone           bool // one of them is no longer there
}

// Compare lists what the step from one state of a cluster to another opens
// and closes, in the order of the endpoints.
func Compare(before, after *Cluster, opts *Options) []Change {
	u := before.universe().merge(after.universe())
	a, b := evaluate(before, u, opts), evaluate(after, u, opts)
	inA, inB := index(a), index(b)
	names := slices.Clone(b.Endpoints)
	for i := range a.Endpoints {
		if _, ok := inB[a.Endpoints[i].Name]; !ok {
			names = append(names, a.Endpoints[i])
		}
	}
	slices.SortStableFunc(names, func(x, y Endpoint) int {
		if x.Kind != y.Kind || x.Kind != Pods {
			return int(x.Kind) - int(y.Kind)
		}
		return strings.Compare(x.Name, y.Name)
	})
	var out []Change
	for i := range names {
		for j := range names {
			if names[i].Kind != Pods && names[j].Kind != Pods {
				continue
			}
			from, to := names[i].Name, names[j].Name
			if c := change(a, b, inA, inB, from, to); !c.Opened.Empty() || !c.Closed.Empty() {
				out = append(out, c)
			}
		}
	}
	return out
}

func change(a, b *Graph, inA, inB map[string]int, from, to string) Change {
	c := Change{From: from, To: to}
	was, before := pair(a, inA, from, to)
	is, after := pair(b, inB, from, to)
	c.Before, c.After, c.New, c.Gone = before, after, !was, !is
	c.Opened, c.Closed = after.Minus(before), before.Minus(after)
	return c
}

func pair(g *Graph, in map[string]int, from, to string) (bool, Ports) {
	i, okI := in[from]
	j, okJ := in[to]
	if !okI || !okJ {
		return false, none
	}
	return true, g.Allowed(i, j)
}

func index(g *Graph) map[string]int {
	out := map[string]int{}
	for i := range g.Endpoints {
		out[g.Endpoints[i].Name] = i
	}
	return out
}

// NotEvaluated lists what policies say and the engine cannot evaluate: peers by
// node or domain name in admin policies, and policies of other kinds.
func (c *Cluster) NotEvaluated() []string {
	seen := map[string]bool{}
	for _, r := range c.Unread {
		seen[r.String()+": policies of this kind are not evaluated"] = true
	}
	for i := range c.Admin {
		p := &c.Admin[i]
		for _, r := range slices.Concat(p.Ingress, p.Egress) {
			for _, q := range r.Peers {
				for _, what := range q.Unread {
					seen[p.String()+": peers by "+what+" are not evaluated"] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
