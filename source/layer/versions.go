package layer

import "io"

// Version is what one layer put under a name.
type Version struct {
	Layer   int               // index of the blob
	Content *io.SectionReader // nil when it was not kept
}

// version is a Version; layers are counted from 1.
type version struct {
	layer   uint16
	content content
}

// Versions lists what the layers put under a name that Options.Versions named,
// lowest first and the present content last. It begins anew where a layer took
// the name away, and is nil when nothing is known but the present content.
func (f *FS) Versions(name string) []Version {
	n, err := f.resolve("versions", name, follow)
	if err != nil {
		return nil
	}
	known := f.versions[n]
	f.mu.RLock()
	defer f.mu.RUnlock()
	inode := f.t.of(n)
	if len(known) == 0 || known[len(known)-1].layer != inode.layer {
		return nil
	}
	all := make([]Version, len(known))
	for i, v := range known {
		if i == len(known)-1 {
			v.content = inode.content // it may have been brought in later
		}
		all[i].Layer = int(v.layer) - 1
		if v.content.kept() {
			if it, err := f.rd.store.get(v.content); err == nil {
				all[i].Content = it.section()
			}
		}
	}
	return all
}
