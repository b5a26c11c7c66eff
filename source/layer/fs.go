package layer

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/boltseal/boltseal"
)

// FS is the read-only view over an image's layers. It implements [fs.FS],
// [fs.ReadDirFS], [fs.StatFS], [fs.ReadFileFS] and [fs.ReadLinkFS]; the
// regular files it opens are also [io.ReaderAt] and [io.Seeker]. It is safe
// for use by several goroutines.
//
// Names follow [fs.ValidPath], except that they need not be UTF-8: images
// hold names that are not. Symbolic links are resolved inside the image and
// through at most Limits.Depth links.
type FS struct {
	rd     *reading
	t      *tree
	walk   resolver
	layers []boltseal.Layer

	versions map[nodeID][]version

	mu sync.RWMutex // over the content of inodes
}

var (
	_ fs.ReadDirFS  = (*FS)(nil)
	_ fs.StatFS     = (*FS)(nil)
	_ fs.ReadFileFS = (*FS)(nil)
	_ fs.ReadLinkFS = (*FS)(nil)
)

// Fetch brings in the content of more files, in one further pass over the
// layers that hold them; what is here already costs nothing. Names are
// resolved as Open does; those that do not exist or are no regular files are
// passed over. A file that breaks a limit is a gap.
func (f *FS) Fetch(ctx context.Context, names []string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	wants := map[inodeID]want{}
	for _, name := range names {
		n, err := f.resolve("fetch", name, follow)
		if err != nil {
			continue
		}
		inode := f.t.of(n)
		if inode.kind() == kindFile && !inode.content.kept() && inode.content != refused {
			wants[f.t.node(n).inode] = want{name, Keep}
		}
	}
	if len(wants) == 0 {
		return nil
	}
	if err := f.bring(ctx, wants); err != nil {
		return fmt.Errorf("read layers again: %w", err)
	}
	return nil
}

// Open opens the named file or directory, links followed. A regular file
// whose content was not selected gives [ErrNotKept]; devices, pipes and
// sockets give [fs.ErrInvalid].
func (f *FS) Open(name string) (fs.File, error) {
	n, err := f.resolve("open", name, follow)
	if err != nil {
		return nil, err
	}
	if f.t.isDir(n) {
		return &dir{info: f.info(n, name), f: f, n: n, name: name}, nil
	}
	it, err := f.content(n)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return &file{SectionReader: it.section(), info: f.info(n, name), name: name}, nil
}

// ReadFile returns the content of the named file, links followed.
func (f *FS) ReadFile(name string) ([]byte, error) {
	n, err := f.resolve("read", name, follow)
	if err != nil {
		return nil, err
	}
	it, err := f.content(n)
	if err == nil && it.at == nil {
		return bytes.Clone(it.data), nil
	}
	if err == nil {
		data := make([]byte, it.size)
		if _, err = io.ReadFull(it.section(), data); err == nil {
			return data, nil
		}
		err = unexpected(err)
	}
	return nil, &fs.PathError{Op: "read", Path: name, Err: err}
}

// content is what is kept of a node that is no directory.
func (f *FS) content(n nodeID) (item, error) {
	inode := f.t.of(n)
	if inode.kind() != kindFile {
		return item{}, fs.ErrInvalid
	}
	f.mu.RLock()
	c := inode.content
	f.mu.RUnlock()
	if !c.kept() {
		return item{}, ErrNotKept
	}
	return f.rd.store.get(c)
}

// ReadDir lists the named directory by name, links followed.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := f.resolve("readdir", name, follow)
	if err == nil && !f.t.isDir(n) {
		err = &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	if err != nil {
		return nil, err
	}
	return f.list(n), nil
}

// list is a directory's entries by name.
func (f *FS) list(n nodeID) []fs.DirEntry {
	entries := []fs.DirEntry{}
	f.t.children(n, func(c nodeID) {
		entries = append(entries, fs.FileInfoToDirEntry(f.info(c, string(f.t.name(c)))))
	})
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries
}

// Stat describes the named file, links followed.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	n, err := f.resolve("stat", name, follow)
	if err != nil {
		return nil, err
	}
	return f.info(n, name), nil
}

// Lstat describes the named file; a link that is the last name of the path
// is not followed.
func (f *FS) Lstat(name string) (fs.FileInfo, error) {
	n, err := f.resolve("lstat", name, 0)
	if err != nil {
		return nil, err
	}
	return f.info(n, name), nil
}

// ReadLink returns where the named symbolic link points, as it is stored.
func (f *FS) ReadLink(name string) (string, error) {
	n, err := f.resolve("readlink", name, 0)
	if err != nil {
		return "", err
	}
	inode := f.t.of(n)
	if inode.kind() != kindLink {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	return string(f.t.target(inode)), nil
}

// LayerOf returns the index of the blob that the named file is from, links
// followed: the last one that put something under the name.
func (f *FS) LayerOf(name string) (int, bool) {
	n, err := f.resolve("layer", name, follow)
	if err != nil {
		return 0, false
	}
	layer := f.t.node(n).layer
	return int(layer) - 1, layer > 0
}

// Layers returns the layers as they were verified: both digests filled in,
// but for an uncompressed blob that was not to be verified. Its digests are
// as claimed.
func (f *FS) Layers() []boltseal.Layer { return slices.Clone(f.layers) }

// Files lists every entry of the view but the root by its path, in the order
// of the paths as strings. No content is needed, and links are not followed.
func (f *FS) Files() iter.Seq2[string, fs.FileInfo] {
	return func(yield func(string, fs.FileInfo) bool) { f.files(root, "", yield) }
}

// files lists what is below a directory. In the order of strings a directory
// and what is below it need not follow each other: "a", "a-b", "a/c".
func (f *FS) files(n nodeID, prefix string, yield func(string, fs.FileInfo) bool) bool {
	type step struct {
		name  string // with a slash: what is below it
		below bool
		n     nodeID
	}
	var steps []step
	f.t.children(n, func(c nodeID) {
		name := string(f.t.name(c))
		steps = append(steps, step{name, false, c})
		if f.t.isDir(c) {
			steps = append(steps, step{name + "/", true, c})
		}
	})
	slices.SortFunc(steps, func(a, b step) int { return strings.Compare(a.name, b.name) })
	for _, s := range steps {
		switch {
		case s.below:
			if !f.files(s.n, prefix+s.name, yield) {
				return false
			}
		case !yield(prefix+s.name, f.info(s.n, s.name)):
			return false
		}
	}
	return true
}

// Gaps lists what could not be looked at.
func (f *FS) Gaps() []boltseal.Gap { return f.rd.gaps.all() }

// Close removes what is kept in memory and in temporary files. Files cannot
// be opened any more, and those that are open may fail.
func (f *FS) Close() error {
	if err := f.rd.store.close(); err != nil {
		return fmt.Errorf("close layers: %w", err)
	}
	return nil
}

// resolve finds what a name of the view leads to.
func (f *FS) resolve(op, name string, how how) (nodeID, error) {
	if !valid(name) {
		return 0, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	walk := resolver{t: f.t, depth: f.walk.depth}
	n, err := walk.resolve([]byte(name), how, 0)
	if err != nil {
		return 0, &fs.PathError{Op: op, Path: name, Err: err}
	}
	return n, nil
}

// valid is [fs.ValidPath] but for the encoding.
func valid(name string) bool {
	if name == "." {
		return true
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return true
}
