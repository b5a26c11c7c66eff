package docker

import "iter"

// shelf is an ordered map that never changes: with gives another one that
// shares all but a few nodes with it. A stage can so keep what is known
// before each of its instructions, and a thousand stages can build on one,
// in memory and time that grow with the file.
type shelf[V any] struct{ root *shelfNode[V] }

// shelfNode is a node of an AVL tree.
type shelfNode[V any] struct {
	key         string
	value       V
	left, right *shelfNode[V]
	height      int
}

// Get is the value of a key.
func (s shelf[V]) Get(key string) (V, bool) {
	n := s.root
	for n != nil {
		switch {
		case key < n.key:
			n = n.left
		case key > n.key:
			n = n.right
		default:
			return n.value, true
		}
	}
	var none V
	return none, false
}

// with is the shelf with a value put in place.
func (s shelf[V]) with(key string, value V) shelf[V] { return shelf[V]{s.root.with(key, value)} }

// withFirst is the shelf with a value put in place, unless the key has one.
func (s shelf[V]) withFirst(key string, value V) shelf[V] {
	if _, ok := s.Get(key); ok {
		return s
	}
	return s.with(key, value)
}

// from is the least key that is not less than the one given.
func (s shelf[V]) from(key string) (string, bool) {
	found, ok := "", false
	for n := s.root; n != nil; {
		if n.key < key {
			n = n.right
			continue
		}
		found, ok, n = n.key, true, n.left
	}
	return found, ok
}

// below is a key that is a folder or lies in it, as paths go.
func (s shelf[V]) below(folder string) (string, bool) {
	if _, ok := s.Get(folder); ok {
		return folder, true
	}
	if folder != "/" {
		folder += "/"
	}
	key, ok := s.from(folder)
	return key, ok && within(key, folder)
}

// all gives the keys and values in order.
func (s shelf[V]) all() iter.Seq2[string, V] {
	return func(yield func(string, V) bool) { s.root.each(yield) }
}

func (n *shelfNode[V]) each(yield func(string, V) bool) bool {
	return n == nil || n.left.each(yield) && yield(n.key, n.value) && n.right.each(yield)
}

func (n *shelfNode[V]) tall() int {
	if n == nil {
		return 0
	}
	return n.height
}

func (n *shelfNode[V]) with(key string, value V) *shelfNode[V] {
	switch {
	case n == nil:
		return &shelfNode[V]{key: key, value: value, height: 1}
	case key < n.key:
		return n.balanced(n.left.with(key, value), n.right)
	case key > n.key:
		return n.balanced(n.left, n.right.with(key, value))
	}
	return &shelfNode[V]{key, value, n.left, n.right, n.height}
}

// above is a node of n's key and value over two subtrees.
func (n *shelfNode[V]) above(left, right *shelfNode[V]) *shelfNode[V] {
	return &shelfNode[V]{n.key, n.value, left, right, 1 + max(left.tall(), right.tall())}
}

// balanced is above, rotated where one side is two higher than the other.
func (n *shelfNode[V]) balanced(left, right *shelfNode[V]) *shelfNode[V] {
	switch left.tall() - right.tall() {
	case 2:
		if left.left.tall() >= left.right.tall() {
			return left.above(left.left, n.above(left.right, right))
		}
		mid := left.right
		return mid.above(left.above(left.left, mid.left), n.above(mid.right, right))
	case -2:
		if right.right.tall() >= right.left.tall() {
			return right.above(n.above(left, right.left), right.right)
		}
		mid := right.left
		return mid.above(n.above(left, mid.left), right.above(mid.right, right.right))
	}
	return n.above(left, right)
}
