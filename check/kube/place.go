package kube

import (
	"strconv"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// nearest goes down a path as far as it exists: what is missing is shown
// where it would have to be.
func nearest(n *manifest.Node, path ...string) *manifest.Node {
	for _, name := range path {
		next := n.Get(name)
		if next == nil || next.Kind == manifest.Scalar && next.Tag == "!!null" {
			return n
		}
		n = next
	}
	return n
}

// At reports something about a container at a path below it.
func (p *Pass) At(c *Container, path []string, message string, fixes ...boltseal.Fix) {
	p.Report(c.Workload.Object, nearest(c.Node, path...), message, fixes...)
}

// Pod reports something about the pods of a workload at a path below their
// spec.
func (p *Pass) Pod(w *Workload, path []string, message string, fixes ...boltseal.Fix) {
	p.Report(w.Object, nearest(w.PodNode, path...), message, fixes...)
}

// label is a container's name as messages write it.
func (c *Container) label() string {
	kind := "container "
	switch {
	case c.Init:
		kind = "init container "
	case c.Ephemeral:
		kind = "ephemeral container "
	}
	return kind + strconv.Quote(c.Name)
}

// at is the i-th item of a list, as it is meant.
func at(list *manifest.Node, i int) *manifest.Node { return list.Get(strconv.Itoa(i)) }
