package layer

// Lost is a file that one layer holds and the view does not show: a later
// layer took its name away or put something else there. Its bytes are stored
// and pulled all the same.
type Lost struct {
	Path    string
	Size    int64
	Layer   int  // index of the blob that holds it
	By      int  // index of the blob that hides it
	Deleted bool // the name is taken away, not replaced
}

// lost is a Lost; layers are counted from 1.
type lost struct {
	n       nodeID
	inode   inodeID
	by      uint16
	deleted bool
}

// lose notes that the layer at work hides a file.
func (t *tree) lose(n nodeID, deleted bool) {
	if i := t.node(n).inode; i != 0 && t.inode(i).kind() == kindFile && t.inode(i).size > 0 {
		t.lost = append(t.lost, lost{n, i, t.at, deleted})
	}
}

// Lost lists the files that are in a layer and not in the view, in the order
// in which they were hidden. A file with a hard link that still shows is not
// among them, and one with several names is there once.
func (f *FS) Lost() []Lost {
	if len(f.t.lost) == 0 {
		return nil
	}
	seen := map[inodeID]bool{}
	for _, l := range f.t.lost {
		seen[l.inode] = false
	}
	f.t.each(root, func(n nodeID) {
		i := f.t.node(n).inode
		if _, was := seen[i]; was {
			seen[i] = true
		}
	})
	var all []Lost
	for _, l := range f.t.lost {
		if seen[l.inode] {
			continue
		}
		seen[l.inode] = true
		i := f.t.inode(l.inode)
		all = append(all, Lost{Path: f.t.path(l.n), Size: i.size, Layer: int(i.layer) - 1, By: int(l.by) - 1, Deleted: l.deleted})
	}
	return all
}
