package kube

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// change collects the edits of one fix. An edit that cannot be made, for
// instance inside an anchor that is used elsewhere, takes the whole fix away.
type change struct {
	file   *manifest.File
	parts  []part
	failed bool
}

// part is an edit, or several insertions at one place.
type part struct {
	at    boltseal.Span
	texts []string
}

// edit begins a fix of an object's file.
func edit(o *Object) *change { return &change{file: o.File} }

func (c *change) set(at *manifest.Node, value any, path ...string) *change {
	return c.take(c.file.Set(at, value, path...))
}

func (c *change) append(at *manifest.Node, value any, path ...string) *change {
	return c.take(c.file.Append(at, value, path...))
}

// remove takes a node away. Fixes that are made at the same time must not
// empty its collection between them, so each one holds a small collection's
// key.
func (c *change) remove(at *manifest.Node, path ...string) *change {
	c.take(c.file.Remove(at, path...))
	n := at.Get(path...)
	if n == nil || n.Parent == nil || len(n.Parent.Items)+len(n.Parent.Pairs) > 4 || len(n.Parent.Items)+len(n.Parent.Pairs) < 2 {
		return c
	}
	if key := n.Parent.KeyOf(); key != nil {
		c.take(boltseal.Edit{Span: key.Span, New: c.file.Text(key.Span)}, nil)
	}
	return c
}

// take adds an edit.
func (c *change) take(e boltseal.Edit, err error) *change {
	insert := e.Span.Start == e.Span.End
	switch {
	case err != nil:
		c.failed = true
		return c
	case insert && e.New == "":
		return c // as it is already
	}
	for i := range c.parts {
		other := &c.parts[i]
		if insert && e.Span == other.at {
			other.texts = append(other.texts, e.New)
			return c
		}
		if e.Span.Start < other.at.End && other.at.Start < e.Span.End || e.Span.Start == other.at.Start {
			c.failed = true
		}
	}
	c.parts = append(c.parts, part{e.Span, []string{e.New}})
	return c
}

// fix is the fix with all edits, or none.
func (c *change) fix(title string, safe bool) []boltseal.Fix {
	if c.failed || len(c.parts) == 0 {
		return nil
	}
	var edits []boltseal.Edit
	for _, p := range c.parts {
		slices.SortStableFunc(p.texts, func(a, b string) int { return depth(b) - depth(a) })
		edits = append(edits, boltseal.Edit{File: c.file.Name, Span: p.at, New: strings.Join(p.texts, "")})
	}
	slices.SortFunc(edits, func(a, b boltseal.Edit) int { return a.Span.Start - b.Span.Start })
	return []boltseal.Fix{{Title: title, Safe: safe, Edits: edits}}
}

// depth orders lines that are added at one place, the end of several blocks:
// what belongs to the inner block has to come first. A list may stand at the
// column of the key above it.
func depth(text string) int {
	line := strings.TrimLeft(text, "\r\n")
	if line == text {
		return 0
	}
	rest := strings.TrimLeft(line, " ")
	d := 2 * (len(line) - len(rest))
	if strings.HasPrefix(rest, "- ") {
		d++
	}
	return d
}

// set is the fix that gives a field of a node a value.
func set(o *Object, title string, safe bool, at *manifest.Node, value any, path ...string) []boltseal.Fix {
	return edit(o).set(at, value, path...).fix(title, safe)
}

// remove is the fix that takes a field of a node away.
func remove(o *Object, title string, safe bool, at *manifest.Node, path ...string) []boltseal.Fix {
	return edit(o).remove(at, path...).fix(title, safe)
}

// merge gives several fields of the mapping under a key their values, and
// makes the mapping if there is none.
func (c *change) merge(at *manifest.Node, key string, all manifest.Fields) *change {
	if old := at.Get(key); old == nil || len(old.Pairs) == 0 {
		return c.set(at, all, key)
	}
	for _, f := range all {
		c.set(at, f.Value, key, f.Name)
	}
	return c
}

// appendAll adds items to the list under a key, and makes the list if there
// is none.
func (c *change) appendAll(at *manifest.Node, key string, items []any) *change {
	if old := at.Get(key); old == nil || len(old.Items) == 0 {
		return c.set(at, items, key)
	}
	for _, item := range items {
		c.append(at, item, key)
	}
	return c
}

// pin is the fix that adds the digest which a registry gives for a
// container's image.
func pin(c *Container) []boltseal.Fix {
	node := c.Node.Get("image")
	if node == nil || node.Kind != manifest.Scalar || node.Value != c.Image {
		return nil
	}
	at := node.Span
	if node.Style == manifest.SingleQuoted || node.Style == manifest.DoubleQuoted {
		at.Start, at.End = at.Start+1, at.End-1
	}
	if c.Workload.File.Text(at) != c.Image {
		return nil
	}
	return []boltseal.Fix{{Title: "add the digest", Safe: true, Resolve: true, Edits: []boltseal.Edit{{File: c.Workload.File.Name, Span: at, New: c.Image}}}}
}
