package layer

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/internal/safetar"
)

// merger lays layers over each other, lowest first, as unpacking them would:
// entries in the archive's order, later ones in place of earlier ones, parents
// made where they are missing and reached through links where they are links.
// A whiteout hides what layers below put there and never what its own layer
// did, wherever in the layer it is (OCI image specification, "Whiteouts").
type merger struct {
	t     *tree
	walk  resolver
	layer uint16 // the one being merged, from 1
	gaps  *gaps
	names int64 // ceiling on the bytes of all names
	err   error

	// The last parent, since entries of one directory come in a row.
	dir     []byte
	parent  nodeID
	via     bool // it was reached through links
	changes uint

	versions map[nodeID][]version // of files of which they are wanted, lowest first

	meta []nodeID // AUFS's own files, which are no part of the view
}

var (
	whiteout     = []byte(".wh.")
	whiteoutMeta = []byte(".wh..wh.")
	opaque       = []byte(".wh..wh..opq")
)

func newMerger(limits limit.Limits, g *gaps) *merger {
	t := newTree()
	return &merger{t: t, walk: newResolver(t, limits), gaps: g, names: namesCeiling(limits)}
}

// namesCeiling is how many bytes the names of all entries may take: a few
// long ones, or 64 bytes each if there are as many as may be. Without a
// ceiling on entries it is what the tree can address.
func namesCeiling(limits limit.Limits) int64 {
	const most = 4<<30 - 2*textBlock
	if limits.Entries <= 0 {
		return most
	}
	return min(64<<20+64*min(limits.Entries, most), most)
}

// tooManyNames is the error for names that take more.
func tooManyNames(most int64) error {
	return &limit.Error{What: "names of all entries", Max: most, Unit: "bytes", Flag: "--max-entries"}
}

// merge lays the next layer over those before.
func (m *merger) merge(l *log) error {
	m.layer++
	m.t.at = m.layer
	m.parent = 0
	l.replay(m.apply)
	for _, n := range m.meta {
		if m.t.node(n).inode != 0 {
			m.t.hide(n)
		}
	}
	m.meta = m.meta[:0]
	m.parent = 0
	return m.err
}

func (m *merger) apply(r *record) {
	if m.err != nil {
		return
	}
	if int64(len(m.t.text))*textBlock > m.names {
		m.err = tooManyNames(m.names)
		return
	}
	m.walk.allow(1)
	if len(r.path) == 0 {
		if r.kind == safetar.Directory {
			d := m.t.node(root)
			d.inode, d.layer = m.inode(r), m.layer
		}
		return
	}
	dir, base := split(r.path)
	if bytes.HasPrefix(base, whiteout) {
		if bytes.Equal(base, opaque) {
			m.hideBelow(dir)
			return
		}
		if !bytes.HasPrefix(base, whiteoutMeta) {
			m.hideName(dir, base[len(whiteout):])
			return
		}
	}
	parent, err := m.into(dir)
	if err != nil {
		m.gaps.file(string(r.path), int(m.layer)-1, "its folder cannot be reached: "+err.Error())
		return
	}
	m.place(parent, base, r)
}

// split cuts a clean path before its last name.
func split(path []byte) (dir, base []byte) {
	if i := bytes.LastIndexByte(path, '/'); i >= 0 {
		return path[:i], path[i+1:]
	}
	return nil, path
}

// into is the directory that entries below dir go to. What is not there is
// made; what is no directory gives way.
func (m *merger) into(dir []byte) (nodeID, error) {
	if m.parent != 0 && m.changes == m.t.changes && bytes.Equal(m.dir, dir) {
		return m.parent, nil
	}
	n, err := m.walk.resolve(dir, follow|create, m.layer)
	if err != nil {
		m.parent = 0
		return 0, err
	}
	m.via = m.walk.links > 0
	if bytes.Contains(dir, whiteoutMeta) {
		m.hideMeta(dir)
	}
	m.dir, m.parent, m.changes = append(m.dir[:0], dir...), n, m.t.changes

	return n, nil
}

// hideMeta remembers the folder in a path that AUFS keeps its own files in,
// which other entries of the layer may link to.
func (m *merger) hideMeta(dir []byte) {
	for end := 0; end < len(dir); end++ {
		start := end
		if i := bytes.IndexByte(dir[end:], '/'); i >= 0 {
			end += i
		} else {
			end = len(dir)
		}
		if bytes.HasPrefix(dir[start:end], whiteoutMeta) {
			if n, err := m.walk.resolve(dir[:end], 0, m.layer); err == nil {
				m.meta = append(m.meta, n)
			}
			return
		}
	}
}

// hideBelow is an opaque whiteout in dir.
func (m *merger) hideBelow(dir []byte) {
	if n, err := m.walk.resolve(dir, follow, m.layer); err == nil && m.t.isDir(n) {
		m.t.clearBelow(n, m.layer)
	}
}

// hideName is a whiteout of one name in dir.
func (m *merger) hideName(dir, name []byte) {
	if s := string(name); s == "" || s == "." || s == ".." {
		return
	}
	parent, err := m.walk.resolve(dir, follow, m.layer)
	if err != nil || !m.t.isDir(parent) {
		return
	}
	if n := m.t.child(parent, name); n != 0 {
		m.t.clear(n, m.layer)
	}
}

// place puts an entry under its name.
func (m *merger) place(parent nodeID, base []byte, r *record) {
	t := m.t
	old := t.child(parent, base)
	var i inodeID
	switch {
	case r.kind == safetar.HardLink:
		target, err := m.linked(r.link)
		if err != nil {
			m.gaps.file(string(r.path), int(m.layer)-1, fmt.Sprintf("hard link to %q: %v", clip(string(r.link)), err))
			return
		}
		if target == old {
			return
		}
		i = t.node(target).inode
	case r.kind == safetar.Directory && old != 0 && t.isDir(old):
		d := t.node(old)
		d.inode, d.layer = m.inode(r), m.layer
		t.touch(old, m.layer)
		return
	default:
		i = m.inode(r)
	}
	n := old
	if old != 0 && !t.isDir(old) && t.inode(i).kind() != kindDir {
		// The common case, a file in place of a file, needs no new name.
		if t.of(old).kind() == kindLink || t.inode(i).kind() == kindLink {
			t.changes++
		}
		t.lose(old, false)
		d := t.node(old)
		d.inode, d.layer = i, m.layer
		t.touch(old, m.layer)
	} else {
		if old != 0 {
			t.hide(old)
		}
		n = t.add(parent, base, i, m.layer)
	}
	t.node(n).setUnasked(m.via || r.kind == safetar.HardLink)
	m.date(n, r)
	if bytes.HasPrefix(base, whiteoutMeta) {
		m.meta = append(m.meta, n)
	}
}

// date notes what this layer put under a name of which every layer's version
// is wanted. What came under another name was not asked about, and is noted
// as well if there are older versions: those behind it must not seem to touch.
func (m *merger) date(n nodeID, r *record) {
	if !r.dated && (!m.via && r.kind != safetar.HardLink || m.versions[n] == nil) {
		return
	}
	if m.versions == nil {
		m.versions = map[nodeID][]version{}
	}
	all := m.versions[n]
	if last := len(all) - 1; last >= 0 && all[last].layer == m.layer {
		all = all[:last]
	}
	m.versions[n] = append(all, version{m.layer, m.t.of(n).content})
}

// linked finds what a hard link links to: the name itself, be it a symbolic
// link, but no directory.
func (m *merger) linked(path []byte) (nodeID, error) {
	n, err := m.walk.resolve(path, 0, m.layer)
	switch {
	case err != nil:
		return 0, err
	case m.t.isDir(n):
		return 0, errors.New("it is a directory")
	}
	return n, nil
}

// inode makes the inode that a record describes. Hard links have none.
func (m *merger) inode(r *record) inodeID {
	i := inode{
		size: r.size, pos: r.pos, mtime: r.mtime, content: r.content,
		uid: uint32(r.uid), gid: uint32(r.gid), mode: uint16(r.mode & 0o7777), layer: m.layer,
	}
	k := kindFile
	switch r.kind {
	case safetar.Directory:
		k = kindDir
	case safetar.Symlink:
		k = kindLink
		i.pos, i.size = int64(m.t.store(r.link)), int64(len(r.link))
	case safetar.CharDev, safetar.BlockDev:
		if k = kindChar; r.kind == safetar.BlockDev {
			k = kindBlock
		}
		i.pos = r.major<<32 | r.minor&math.MaxUint32
	case safetar.FIFO:
		k = kindPipe
	}
	i.mode |= uint16(k) << 12
	if r.sparse {
		i.mode |= sparseBit
	}
	return inodeID(m.t.inodes.add(i))
}
