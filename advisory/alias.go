package advisory

import (
	"cmp"
	"slices"
	"strings"
)

// interner numbers strings in the order in which they come.
type interner struct {
	number map[string]uint32
	list   []string
}

func newInterner() *interner { return &interner{number: map[string]uint32{}} }

func (n *interner) of(s string) uint32 {
	if i, ok := n.number[s]; ok {
		return i
	}
	i := uint32(len(n.list))
	s = strings.Clone(s)
	n.number[s] = i
	n.list = append(n.list, s)
	return i
}

func (n *interner) all(list []string) []uint32 {
	if len(list) == 0 {
		return nil
	}
	out := make([]uint32, len(list))
	for i, s := range list {
		out[i] = n.of(s)
	}
	return out
}

// graph joins the ids that are names of one vulnerability: over aliases,
// which are symmetric, and over a single upstream. Two CVEs are two
// vulnerabilities whatever anybody writes, so no set ever holds two; and
// related ids join nothing (OSV schema, "aliases", "upstream", "related").
type graph struct {
	ids    []string
	parent []uint32
	cve    []uint32 // of a root: number + 1 of the CVE in its set
	name   []uint32 // of a root: the id that the vulnerability goes by
}

type edge struct{ a, b uint32 }

func newGraph(ids []string) *graph {
	g := &graph{ids: ids, parent: make([]uint32, len(ids)), cve: make([]uint32, len(ids))}
	for i := range ids {
		g.parent[i] = uint32(i)
		if isCVE(ids[i]) {
			g.cve[i] = uint32(i) + 1
		}
	}
	return g
}

func (g *graph) root(i uint32) uint32 {
	for g.parent[i] != i {
		g.parent[i] = g.parent[g.parent[i]]
		i = g.parent[i]
	}
	return i
}

// join puts all pairs into common sets, those that name a CVE first: they
// say directly what the others say through a third id. The order of the
// input does not matter.
func (g *graph) join(edges []edge) {
	indirect := func(e edge) int { return truth(!isCVE(g.ids[e.a]) && !isCVE(g.ids[e.b])) }
	for i, e := range edges {
		if g.ids[e.b] < g.ids[e.a] {
			edges[i] = edge{e.b, e.a}
		}
	}
	slices.SortFunc(edges, func(x, y edge) int {
		return cmp.Or(cmp.Compare(indirect(x), indirect(y)),
			strings.Compare(g.ids[x.a], g.ids[y.a]), strings.Compare(g.ids[x.b], g.ids[y.b]))
	})
	for _, e := range edges {
		a, b := g.root(e.a), g.root(e.b)
		if a == b || g.cve[a] != 0 && g.cve[b] != 0 {
			continue
		}
		g.parent[b] = a
		g.cve[a] = max(g.cve[a], g.cve[b])
	}
	g.christen()
}

// christen gives every set its name: the CVE, else a GHSA, else the id that
// sorts first among those of databases that anybody can look up.
func (g *graph) christen() {
	g.name = make([]uint32, len(g.ids))
	seen := make([]bool, len(g.ids))
	for i := range g.ids {
		root := g.root(uint32(i))
		if !seen[root] || g.better(uint32(i), g.name[root]) {
			g.name[root], seen[root] = uint32(i), true
		}
	}
}

func (g *graph) better(a, b uint32) bool {
	x, y := g.ids[a], g.ids[b]
	return cmp.Or(cmp.Compare(standing(x), standing(y)), strings.Compare(x, y)) < 0
}

func standing(id string) int {
	switch {
	case isCVE(id):
		return 0
	case strings.HasPrefix(id, "GHSA-"):
		return 1
	case strings.HasPrefix(id, "x_"):
		return 3
	}
	return 2
}

// vuln is the vulnerability that an id is a name of.
func (g *graph) vuln(id uint32) uint32 { return g.name[g.root(id)] }

// names are what of one advisory's references says the same, and what says
// which vulnerabilities it is about.
type names struct {
	same  []uint32 // other names of what the advisory is about
	about []uint32 // nil: what the advisory's own id stands for
}

// sort tells an advisory's aliases and upstreams apart. Several CVEs among
// the aliases, or several upstreams, are several vulnerabilities, each named
// and none merged.
func (g *graph) sort(id uint32, aliases, upstream []uint32) names {
	var n names
	var cves []uint32
	for _, a := range aliases {
		if isCVE(g.ids[a]) {
			cves = append(cves, a)
		}
	}
	if len(cves) > 1 || len(cves) == 1 && isCVE(g.ids[id]) {
		n.about = append(n.about, cves...)
		if isCVE(g.ids[id]) {
			n.about = append(n.about, id)
		}
	} else {
		n.same = append(n.same, aliases...)
	}
	upstream = g.distinct(id, upstream)
	if len(upstream) > 0 && len(cves) == 1 && len(n.about) == 0 {
		n.about = append(n.about, cves[0])
	}
	switch {
	case len(upstream) == 1:
		n.same = append(n.same, upstream[0])
		n.about = append(n.about, upstream[0])
	default:
		n.about = append(n.about, upstream...)
	}
	return n
}

// distinct leaves out upstream ids that only repeat a CVE beside them. The
// European database numbers what has a CVE. A record of the Julia database
// is about one vulnerability, whose names it lists as upstream.
func (g *graph) distinct(id uint32, upstream []uint32) []uint32 {
	var cves []uint32
	for _, u := range upstream {
		if isCVE(g.ids[u]) {
			cves = append(cves, u)
		}
	}
	switch {
	case len(cves) == 0:
		return upstream
	case len(cves) == 1 && strings.HasPrefix(g.ids[id], "JLSEC-"):
		return cves
	}
	return slices.DeleteFunc(slices.Clone(upstream), func(u uint32) bool { return strings.HasPrefix(g.ids[u], "EUVD-") })
}
