package source

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Scheme{
	Name: "dir", Usage: "dir:DIR", Title: "a project's directory",
	open: func(_ context.Context, o *opener, where string) (*Subject, error) { return o.openDir(where) },
})

var _ = add(Scheme{
	Name: "rootfs", Usage: "rootfs:DIR or rootfs:TAR", Title: "an unpacked root file system, or a tar of one",
	open: func(_ context.Context, o *opener, where string) (*Subject, error) { return o.openRootFS(where) },
})

func (o *opener) openDir(dir string) (*Subject, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	o.keep(root)
	return &Subject{
		Artifact: boltseal.Artifact{Kind: boltseal.KindDirectory, Name: dir},
		Root:     &tree{root: root},
	}, nil
}

func (o *opener) openRootFS(where string) (*Subject, error) {
	info, err := os.Stat(where)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		in, head, stamp, err := o.openFile(where)
		if err != nil {
			return nil, err
		}
		return o.openRootTar(in, head, where, stamp)
	}
	root, err := os.OpenRoot(where)
	if err != nil {
		return nil, err
	}
	o.keep(root)
	t := &tree{root: root, isRoot: true}
	// A mounted procfs or sysfs is the kernel's view of this machine, not
	// software of the root file system, and reading it never ends.
	for kind, marks := range map[string][]string{"proc": {"proc/self", "proc/version"}, "sys": {"sys/kernel", "sys/class"}} {
		if !slices.ContainsFunc(marks, func(m string) bool { _, err := root.Lstat(m); return err != nil }) {
			t.hidden = append(t.hidden, kind)
		}
	}
	return &Subject{Artifact: boltseal.Artifact{Kind: boltseal.KindRootFS, Name: where}, Root: t}, nil
}

// tree is a directory as a file system that nothing leads out of. In a root
// file system, links mean what they mean to a process that has it for its
// root: absolute ones start there, and ".." stops there.
type tree struct {
	root   *os.Root
	isRoot bool
	hidden []string // directories that look empty
}

var (
	_ fs.ReadDirFS  = (*tree)(nil)
	_ fs.StatFS     = (*tree)(nil)
	_ fs.ReadLinkFS = (*tree)(nil)
)

// Open opens a regular file or a directory; anything else is an error.
func (t *tree) Open(name string) (fs.File, error) {
	if err := t.check("open", name); err != nil {
		return nil, err
	}
	info, real, err := t.stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		entries, err := t.ReadDir(name)
		if err != nil {
			return nil, err
		}
		return &openDir{info: info, entries: entries}, nil
	}
	return openRegular(t.root, real)
}

// ReadDir lists a directory by name.
func (t *tree) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := t.check("readdir", name); err != nil {
		return nil, err
	}
	if slices.Contains(t.hidden, name) {
		return nil, nil
	}
	info, real, err := t.stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: errors.New("not a directory")}
	}
	f, err := t.root.Open(real)
	if err != nil {
		return nil, err
	}
	entries, err := f.ReadDir(-1)
	err = errors.Join(err, f.Close())
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}

// Stat describes a file, links followed.
func (t *tree) Stat(name string) (fs.FileInfo, error) {
	if err := t.check("stat", name); err != nil {
		return nil, err
	}
	info, _, err := t.stat(name)
	return info, err
}

// Lstat describes a file; a last link is not followed.
func (t *tree) Lstat(name string) (fs.FileInfo, error) {
	if err := t.check("lstat", name); err != nil {
		return nil, err
	}
	real, err := t.parent(name)
	if err != nil {
		return nil, err
	}
	return t.root.Lstat(real)
}

// ReadLink returns where a link points, as it is stored.
func (t *tree) ReadLink(name string) (string, error) {
	if err := t.check("readlink", name); err != nil {
		return "", err
	}
	real, err := t.parent(name)
	if err != nil {
		return "", err
	}
	return t.root.Readlink(real)
}

func (t *tree) check(op, name string) error {
	if !fs.ValidPath(name) {
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	first, _, below := strings.Cut(name, "/")
	if below && slices.Contains(t.hidden, first) {
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return nil
}

// stat describes a file and gives the name that os.Root takes for it. Nearly
// all names are that name already: what os.Root resolves, it resolves as a
// process inside would, and only links that it refuses are walked by hand.
func (t *tree) stat(name string) (fs.FileInfo, string, error) {
	info, err := t.root.Stat(name)
	if err == nil || !t.isRoot || errors.Is(err, fs.ErrNotExist) {
		return info, name, err
	}
	real, rerr := t.resolve(name)
	if rerr != nil {
		return nil, "", rerr
	}
	info, err = t.root.Stat(real)
	return info, real, err
}

// parent is name with links followed in all but its last part.
func (t *tree) parent(name string) (string, error) {
	dir, base := path.Split(name)
	if dir = strings.TrimSuffix(dir, "/"); dir == "" {
		return name, nil
	}
	_, real, err := t.stat(dir)
	return path.Join(real, base), err
}

// maxSymlinks is how many links the Linux kernel follows in one name.
const maxSymlinks = 40

var errLinks = errors.New("too many links in a row")

// resolve follows the links in a name as a process with this root would.
func (t *tree) resolve(name string) (string, error) {
	done, rest, links := ".", name, 0
	for rest != "" {
		var part string
		part, rest, _ = strings.Cut(rest, "/")
		switch part {
		case "", ".":
			continue
		case "..":
			done = path.Dir(done) // of "." it is "."
			continue
		}
		next := path.Join(done, part)
		info, err := t.root.Lstat(next)
		if err != nil {
			return "", err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			done = next
			continue
		}
		if links++; links > maxSymlinks {
			return "", &fs.PathError{Op: "open", Path: name, Err: errLinks}
		}
		to, err := t.root.Readlink(next)
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(to, "/") {
			done = "."
		}
		rest = to + "/" + rest
	}
	return done, nil
}

// openDir is an open directory.
type openDir struct {
	info    fs.FileInfo
	entries []fs.DirEntry
	next    int
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *openDir) Close() error               { return nil }

func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.info.Name(), Err: errors.New("is a directory")}
}

func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	rest := d.entries[d.next:]
	if n <= 0 {
		d.next = len(d.entries)
		return rest, nil
	}
	if len(rest) == 0 {
		return nil, io.EOF
	}
	rest = rest[:min(n, len(rest))]
	d.next += len(rest)
	return rest, nil
}
