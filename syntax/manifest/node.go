package manifest

import (
	"iter"
	"slices"
	"strconv"
	"strings"
)

// Resolve is the node that an alias stands for, and any other node itself.
// It is nil for nil.
func (n *Node) Resolve() *Node {
	if n != nil && n.Kind == Alias {
		return n.target
	}
	return n
}

// Get goes down through mappings by key, and through sequences by index from
// 0. Aliases and merge keys are followed. It is nil when there is no such
// node, and for nil; a value that is written as null is a node.
func (n *Node) Get(path ...string) *Node {
	n = n.Resolve()
	for _, name := range path {
		if n == nil {
			return nil
		}
		n = n.child(name).Resolve()
	}
	return n
}

// child is the value of a key, or the item of an index, as it is written.
func (n *Node) child(name string) *Node {
	switch n.Kind {
	case Mapping:
		if pair := n.own(name); pair != nil {
			return pair.Value
		}
		for m := range n.merged() {
			if value := m.child(name); value != nil {
				return value
			}
		}
	case Sequence:
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(n.Items) {
			return n.Items[i]
		}
	case Scalar, Alias:
	}
	return nil
}

// own is the pair of a key that stands in the mapping itself. Of a key that
// stands there twice the last one holds.
func (n *Node) own(name string) *Pair {
	for i := range n.Pairs {
		if k := n.Pairs[i].Key; k.Value == name && k.Kind == Scalar {
			if n.repeated {
				for j := len(n.Pairs) - 1; j > i; j-- {
					if k := n.Pairs[j].Key; k.Value == name && k.Kind == Scalar {
						return &n.Pairs[j]
					}
				}
			}
			return &n.Pairs[i]
		}
	}
	return nil
}

// merged are the mappings that merge keys bring in, the strongest first.
func (n *Node) merged() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		for _, p := range n.Pairs {
			if p.Key.Value != "<<" || p.Key.Style != Plain || p.Key.Kind != Scalar {
				continue
			}
			from := []*Node{p.Value}
			if list := p.Value.Resolve(); list != nil && list.Kind == Sequence {
				from = list.Items
			}
			for _, m := range from {
				if m = m.Resolve(); m != nil && m.Kind == Mapping && !yield(m) {
					return
				}
			}
		}
	}
}

// Entries are the keys and values of a mapping as it is meant: values are
// resolved, merge keys are carried out, of a repeated key the last one holds.
func (n *Node) Entries() iter.Seq2[*Node, *Node] {
	return func(yield func(*Node, *Node) bool) {
		n := n.Resolve()
		if n == nil || n.Kind != Mapping {
			return
		}
		var seen map[string]bool
		if n.merges() {
			seen = map[string]bool{}
		}
		n.entries(seen, yield)
	}
}

func (n *Node) merges() bool {
	for range n.merged() {
		return true
	}
	return false
}

// entries yields the pairs whose keys were not seen yet. Without a set to
// note them in there are no merge keys.
func (n *Node) entries(seen map[string]bool, yield func(*Node, *Node) bool) bool {
	for i := range n.Pairs {
		key := n.Pairs[i].Key
		if seen != nil && key.Value == "<<" && key.Style == Plain {
			continue
		}
		if seen[key.Value] || n.repeated && n.own(key.Value) != &n.Pairs[i] {
			continue
		}
		if seen != nil {
			seen[key.Value] = true
		}
		if !yield(key, n.Pairs[i].Value.Resolve()) {
			return false
		}
	}
	if seen == nil {
		return true
	}
	for m := range n.merged() {
		if !m.entries(seen, yield) {
			return false
		}
	}
	return true
}

// Elems are the items of a sequence, resolved.
func (n *Node) Elems() iter.Seq2[int, *Node] {
	return func(yield func(int, *Node) bool) {
		n = n.Resolve()
		if n == nil {
			return
		}
		for i, item := range n.Items {
			if !yield(i, item.Resolve()) {
				return
			}
		}
	}
}

// IsNull tells whether there is no node, or one that says null.
func (n *Node) IsNull() bool {
	n = n.Resolve()
	return n == nil || n.Kind == Scalar && n.Tag == "!!null"
}

// Str is the value of a scalar, "" for null and for everything else.
func (n *Node) Str() string {
	n = n.Resolve()
	if n.IsNull() || n.Kind != Scalar {
		return ""
	}
	return n.Value
}

// Bool reads a boolean, in the words of YAML 1.1 too, quoted or not.
func (n *Node) Bool() (value, ok bool) {
	n = n.Resolve()
	if n == nil || n.Kind != Scalar {
		return false, false
	}
	return oldBool(n.Value)
}

// Int reads an integer, quoted or not.
func (n *Node) Int() (int64, bool) {
	n = n.Resolve()
	if n == nil || n.Kind != Scalar {
		return 0, false
	}
	s, ok := integer(n.Value)
	if !ok {
		return 0, false
	}
	i, err := strconv.ParseInt(s, 10, 64)
	return i, err == nil
}

// KeyOf is the key under which a node stands in its mapping, or nil.
func (n *Node) KeyOf() *Node {
	if n == nil || n.Parent == nil {
		return nil
	}
	for _, p := range n.Parent.Pairs {
		if p.Value == n {
			return p.Key
		}
	}
	return nil
}

// Path is the way from the document's root to a node, as people write it:
// "spec.containers[0].image".
func (n *Node) Path() string {
	var parts []string
	for ; n != nil && n.Parent != nil; n = n.Parent {
		if key := n.KeyOf(); key != nil {
			parts = append(parts, "."+key.Value)
			continue
		}
		for i, item := range n.Parent.Items {
			if item == n {
				parts = append(parts, "["+strconv.Itoa(i)+"]")
			}
		}
	}
	var b strings.Builder
	for _, part := range slices.Backward(parts) {
		b.WriteString(part)
	}
	return strings.TrimPrefix(b.String(), ".")
}
