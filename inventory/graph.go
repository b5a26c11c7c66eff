package inventory

import (
	"slices"

	"github.com/boltseal/boltseal"
)

// graph gathers what a lock file says: the components it locks, which of them
// needs which, and what the project itself asks for. From the last follows
// what only development needs, where the file does not say so itself.
type graph struct {
	nodes []*node
	byKey map[string]*node
	wants []wanted
}

// node is one locked component under the key by which the file's other parts
// speak of it.
type node struct {
	boltseal.Component
	needs   []string // keys
	visited bool
}

// wanted is something that the project asks for.
type wanted struct {
	key string
	dev bool
}

// add puts in a component. The first of several under one key is meant.
func (g *graph) add(key string, c boltseal.Component) *node {
	if g.byKey == nil {
		g.byKey = map[string]*node{}
	}
	n := &node{Component: c}
	g.nodes = append(g.nodes, n)
	if g.byKey[key] == nil {
		g.byKey[key] = n
	}
	return n
}

func (n *node) need(key string) { n.needs = append(n.needs, key) }

// want notes that the project asks for key, perhaps for its development only.
func (g *graph) want(key string, dev bool) { g.wants = append(g.wants, wanted{key, dev}) }

// components returns the nodes with DependsOn, Direct and Dev filled in. A
// component is Dev when development reaches it and nothing else does; those
// that nothing reaches are not called so, as the file may not tell all.
func (g *graph) components() []boltseal.Component {
	for _, w := range g.wants {
		if n := g.byKey[w.key]; n != nil {
			n.Direct = true
		}
	}
	for _, dev := range []bool{false, true} {
		for _, w := range g.wants {
			if w.dev == dev {
				g.visit(w.key, dev)
			}
		}
	}
	all := make([]boltseal.Component, 0, len(g.nodes))
	for _, n := range g.nodes {
		for _, key := range n.needs {
			if to := g.byKey[key]; to != nil && to.PURL != n.PURL {
				n.DependsOn = append(n.DependsOn, to.PURL)
			}
		}
		slices.Sort(n.DependsOn)
		n.DependsOn = slices.Compact(n.DependsOn)
		all = append(all, n.Component)
	}
	return all
}

// visit walks everything that key needs and that was not reached before.
func (g *graph) visit(key string, dev bool) {
	queue := []string{key}
	for len(queue) > 0 {
		n := g.byKey[queue[len(queue)-1]]
		queue = queue[:len(queue)-1]
		if n == nil || n.visited {
			continue
		}
		n.visited = true
		n.Dev = n.Dev || dev
		queue = append(queue, n.needs...)
	}
}
