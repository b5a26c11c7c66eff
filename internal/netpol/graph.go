package netpol

import "iter"

// Graph is who can reach whom. It works answers out when they are asked for
// and keeps them; one goroutine may use it at a time.
type Graph struct {
	Endpoints []Endpoint // workloads by name, then pods elsewhere, then the outside

	cluster *Cluster
	engine  *engine
	class   []int
	of      []int     // an endpoint of each class
	rows    [][]Ports // by class of the sender, then of the receiver
}

// Edge is a pair of endpoints, by index, and what may pass from one to the
// other.
type Edge struct {
	From, To int
	Ports    Ports
}

// Allowed is what may pass from one endpoint to another, by their indexes.
func (g *Graph) Allowed(from, to int) Ports {
	row := g.rows[g.class[from]]
	if row == nil {
		src := g.of[g.class[from]]
		row = make([]Ports, len(g.of))
		for class, dst := range g.of {
			row[class] = g.engine.allowed(src, dst)
		}
		g.rows[g.class[from]] = row
	}
	return row[g.class[to]]
}

// Class is a number that endpoints share when no rule tells them apart.
func (g *Graph) Class(i int) int { return g.class[i] }

// Edges yields every pair between which something may pass, in the order of
// the endpoints. Pairs without a workload of the manifests are left out.
func (g *Graph) Edges() iter.Seq[Edge] {
	return func(yield func(Edge) bool) {
		for from := range g.Endpoints {
			for to := range g.Endpoints {
				if g.Endpoints[from].Kind != Pods && g.Endpoints[to].Kind != Pods {
					continue
				}
				if p := g.Allowed(from, to); !p.Empty() && !yield(Edge{from, to, p}) {
					return
				}
			}
		}
	}
}

// Isolated reports whether some NetworkPolicy isolates the endpoint in a
// direction.
func (g *Graph) Isolated(i int, d Direction) bool { return g.engine.tiers[d].isolated[i] }

// Selecting yields the indexes of the policies that select the endpoint and
// apply in a direction.
func (g *Graph) Selecting(i int, d Direction) iter.Seq[int] {
	return g.engine.tiers[d].selecting[i].all()
}

// Granted is what the NetworkPolicies of one side alone allow: for Outbound
// what from may send, for Inbound what to may receive.
func (g *Graph) Granted(from, to int, d Direction) Ports {
	if d == Outbound {
		return g.engine.side(d, from, to, to)
	}
	return g.engine.side(d, to, from, to)
}

// Peers yields the endpoints that a rule of a NetworkPolicy speaks of.
func (g *Graph) Peers(policy, rule int, d Direction) iter.Seq[int] {
	t := &g.engine.tiers[d].policy
	return func(yield func(int) bool) {
		for u := range t.units {
			if t.units[u].policy != policy || t.units[u].rule != rule {
				continue
			}
			for i := range g.Endpoints {
				if t.peer[i].has(u) && !yield(i) {
					return
				}
			}
		}
	}
}

// Find is the index of the endpoint with a name, or -1.
func (g *Graph) Find(name string) int {
	for i := range g.Endpoints {
		if g.Endpoints[i].Name == name {
			return i
		}
	}
	return -1
}
