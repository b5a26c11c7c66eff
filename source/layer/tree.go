package layer

import (
	"bytes"
	"hash/maphash"
	"io/fs"
)

// tree is the merged view's metadata: names (nodes) and what they name
// (inodes), in arrays and a hash table without pointers, about 100 bytes an
// entry. Hard links are several nodes with one inode.
type tree struct {
	nodes  slab[node]
	inodes slab[inode]
	index  []nodeID // open addressing by parent and name; 0 is free
	used   int
	text   [][]byte // blocks that names and link targets are in
	seed   maphash.Seed
	count  int // live nodes ever made

	// changes counts what may make a path lead elsewhere than before.
	changes uint

	at   uint16 // the layer that is being merged
	lost []lost
}

type (
	nodeID  uint32 // 0 is no node
	inodeID uint32 // 0 is no inode: the node is gone
	ref     uint32 // a place in text
)

const (
	root       nodeID  = 1
	implicit   inodeID = 1         // what directories are that no layer has an entry for
	maxText            = 1<<15 - 1 // bytes of a path or of a link's target
	maxLayers          = 1<<16 - 2
	textBlock          = 1 << 16
	defaultDir         = 0o755
)

// node is a name in a directory. Layers are counted from 1 here.
type node struct {
	parent  nodeID
	first   nodeID // child
	sibling nodeID
	name    ref
	inode   inodeID
	length  uint16 // of the name, and one bit
	layer   uint16 // that the name is from
	touched uint16 // the newest layer that anything at or below it is from
	cleared uint16 // the newest layer that hid what was below it
}

// inode is a file, a directory, or anything else that has a name.
type inode struct {
	size    int64
	pos     int64 // regular: of the content in the layer's tar; link: of its target in text; device: number
	mtime   int64
	uid     uint32
	gid     uint32
	content content
	mode    uint16 // 12 bits of permissions, 3 of kind, 1 for sparse
	layer   uint16 // that the content is in
}

// unasked marks, in a node's length, a name that the selection was not asked
// about: a hard link's, or one in a folder reached through links.
const unasked = 1 << 15

func (d *node) unasked() bool { return d.length&unasked != 0 }

func (d *node) setUnasked(is bool) {
	if d.length &^= unasked; is {
		d.length |= unasked
	}
}

type kind uint16

const (
	kindDir kind = iota
	kindFile
	kindLink
	kindChar
	kindBlock
	kindPipe
)

const sparseBit = 1 << 15

func (i *inode) kind() kind { return kind(i.mode >> 12 & 7) }

func (i *inode) sparse() bool { return i.mode&sparseBit != 0 }

// fileMode is the inode's mode as package fs has it.
func (i *inode) fileMode() fs.FileMode {
	m := permissions(int64(i.mode))
	switch i.kind() {
	case kindFile:
	case kindDir:
		m |= fs.ModeDir
	case kindLink:
		m |= fs.ModeSymlink
	case kindChar:
		m |= fs.ModeDevice | fs.ModeCharDevice
	case kindBlock:
		m |= fs.ModeDevice
	case kindPipe:
		m |= fs.ModeNamedPipe
	}
	return m
}

// permissions turns the mode of a tar header into what package fs has.
func permissions(mode int64) fs.FileMode {
	m := fs.FileMode(mode & 0o777)
	if mode&0o4000 != 0 {
		m |= fs.ModeSetuid
	}
	if mode&0o2000 != 0 {
		m |= fs.ModeSetgid
	}
	if mode&0o1000 != 0 {
		m |= fs.ModeSticky
	}
	return m
}

func newTree() *tree {
	t := &tree{index: make([]nodeID, 1<<10), seed: maphash.MakeSeed()}
	t.nodes.add(node{})
	t.inodes.add(inode{})
	t.inodes.add(inode{mode: defaultDir})
	t.nodes.add(node{parent: root, inode: implicit})
	return t
}

func (t *tree) node(n nodeID) *node { return t.nodes.at(uint32(n)) }

func (t *tree) inode(i inodeID) *inode { return t.inodes.at(uint32(i)) }

// of is the inode of a live node.
func (t *tree) of(n nodeID) *inode { return t.inode(t.node(n).inode) }

func (t *tree) isDir(n nodeID) bool { return t.of(n).kind() == kindDir }

func (t *tree) name(n nodeID) []byte { return t.nameOf(t.node(n)) }

func (t *tree) nameOf(d *node) []byte { return t.bytes(d.name, int(d.length&^unasked)) }

// target is where a symbolic link points.
func (t *tree) target(i *inode) []byte { return t.bytes(ref(i.pos), int(i.size)) }

func (t *tree) bytes(r ref, n int) []byte {
	return t.text[r/textBlock][r%textBlock:][:n]
}

// store copies b, of at most maxText bytes, into the text blocks.
func (t *tree) store(b []byte) ref {
	last := len(t.text) - 1
	if last < 0 || textBlock-len(t.text[last]) < len(b) {
		t.text = append(t.text, make([]byte, 0, textBlock))
		last++
	}
	at := len(t.text[last])
	t.text[last] = append(t.text[last], b...)
	return ref(last*textBlock + at)
}

// find returns the node of that name in a directory, gone or not, and its
// slot in the index; 0 if there is none, and the slot for one.
func (t *tree) find(parent nodeID, name []byte) (nodeID, int) {
	mask := len(t.index) - 1
	for slot := t.hash(parent, name) & mask; ; slot = (slot + 1) & mask {
		n := t.index[slot]
		if n == 0 {
			return 0, slot
		}
		if d := t.node(n); d.parent == parent && bytes.Equal(t.nameOf(d), name) {
			return n, slot
		}
	}
}

func (t *tree) hash(parent nodeID, name []byte) int {
	return int((maphash.Bytes(t.seed, name) ^ uint64(parent)*0x9e3779b97f4a7c15) >> 1)
}

// child returns the live node of that name in a directory, or 0.
func (t *tree) child(parent nodeID, name []byte) nodeID {
	n, _ := t.find(parent, name)
	if n == 0 || t.node(n).inode == 0 {
		return 0
	}
	return n
}

// add gives a directory a new name. A node of that name that is gone stays
// behind, unreachable, with whatever was below it.
func (t *tree) add(parent nodeID, name []byte, i inodeID, layer uint16) nodeID {
	old, slot := t.find(parent, name)
	d := node{parent: parent, inode: i, length: uint16(len(name)), layer: layer}
	if old != 0 {
		d.name = t.node(old).name
	} else {
		d.name = t.store(name)
	}
	d.sibling = t.node(parent).first
	n := nodeID(t.nodes.add(d))
	t.node(parent).first = n
	t.count++
	t.index[slot] = n
	if old == 0 {
		if t.used++; t.used*3 > len(t.index)*2 {
			t.grow()
		}
	}
	t.touch(n, layer)
	return n
}

// touch marks a node and all directories above it as changed by a layer.
func (t *tree) touch(n nodeID, layer uint16) {
	for d := t.node(n); d.touched < layer; d = t.node(d.parent) {
		d.touched = layer
	}
}

func (t *tree) grow() {
	old := t.index
	t.index = make([]nodeID, 2*len(old))
	mask := len(t.index) - 1
	for _, n := range old {
		if n == 0 {
			continue
		}
		slot := t.hash(t.node(n).parent, t.name(n)) & mask
		for t.index[slot] != 0 {
			slot = (slot + 1) & mask
		}
		t.index[slot] = n
	}
}

// hide takes a name away, and with it all that is below it.
func (t *tree) hide(n nodeID) {
	t.lose(n, true)
	t.each(n, func(c nodeID) { t.lose(c, true) })
	t.node(n).inode = 0
	t.changes++
}

// clear hides what layers below the given one put under a name, as a
// whiteout of it does.
func (t *tree) clear(n nodeID, layer uint16) {
	d := t.node(n)
	switch {
	case d.touched < layer:
		t.hide(n)
	case t.isDir(n):
		t.clearBelow(n, layer)
		if d.layer < layer {
			d.layer, d.inode = layer, implicit
		}
	}
}

// clearBelow does it for all names in a directory, as an opaque whiteout
// does. Doing it twice for one layer costs nothing: hostile layers would.
func (t *tree) clearBelow(n nodeID, layer uint16) {
	d := t.node(n)
	if d.cleared == layer {
		return
	}
	d.cleared = layer
	for c := d.first; c != 0; c = t.node(c).sibling {
		if t.node(c).inode != 0 {
			t.clear(c, layer)
		}
	}
}

// children calls each for every live name in a directory, in no order.
func (t *tree) children(n nodeID, each func(nodeID)) {
	for c := t.node(n).first; c != 0; c = t.node(c).sibling {
		if t.node(c).inode != 0 {
			each(c)
		}
	}
}

// each calls do for every live node below a directory, in no order.
func (t *tree) each(n nodeID, do func(nodeID)) {
	stack := []nodeID{n}
	for len(stack) > 0 {
		n, stack = stack[len(stack)-1], stack[:len(stack)-1]
		t.children(n, func(c nodeID) {
			do(c)
			if t.isDir(c) {
				stack = append(stack, c)
			}
		})
	}
}

// path is a live node's path.
func (t *tree) path(n nodeID) string {
	length := 0
	for c := n; c != root; c = t.node(c).parent {
		length += len(t.name(c)) + 1
	}
	if length == 0 {
		return "."
	}
	b := make([]byte, length-1)
	for end := len(b); n != root; n = t.node(n).parent {
		name := t.name(n)
		copy(b[end-len(name):], name)
		if end -= len(name) + 1; end >= 0 {
			b[end] = '/'
		}
	}
	return string(b)
}

// slab is a slice that grows without copying.
type slab[T any] struct {
	blocks [][]T
	length uint32
}

const slabBits = 10

func (s *slab[T]) at(i uint32) *T { return &s.blocks[i>>slabBits][i&(1<<slabBits-1)] }

func (s *slab[T]) add(v T) uint32 {
	i := s.length
	if i>>slabBits == uint32(len(s.blocks)) {
		s.blocks = append(s.blocks, make([]T, 1<<slabBits))
	}
	s.length++
	*s.at(i) = v
	return i
}
