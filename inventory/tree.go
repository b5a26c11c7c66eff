package inventory

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
)

// tree is a file system with its links understood. Links are resolved inside
// it: those of an image start at the image's root, those of a project that
// lead out of it are errors.
type tree struct {
	fs.FS
	image bool
	knows bool // it lists its entries, and resolves links inside itself
}

// lister is what a view over layers has: every entry without a walk.
type lister interface {
	Files() iter.Seq2[string, fs.FileInfo]
}

func newTree(fsys fs.FS, image bool) *tree {
	_, knows := fsys.(lister)
	return &tree{FS: fsys, image: image, knows: knows}
}

// item is one file that readers want, under its path without links.
type item struct {
	real  string
	size  int64
	wants []want
	sniff bool // its first bytes decide about further readers
	named bool // it is a folder
}

// want is one reader's interest in an item, under the path that matched.
type want struct {
	reader int
	path   string
}

var (
	errLeadsOut  = errors.New("link leads out of the tree")
	errLinkLoops = errors.New("too many links behind each other")
)

const maxLinks = 40 // as Linux does

// resolve gives the path that name comes to when every link is followed.
func (t *tree) resolve(name string) (string, error) {
	links, ok := t.FS.(fs.ReadLinkFS)
	if !ok {
		return name, nil
	}
	done, rest, hops := "", name, 0
	for rest != "" {
		var part string
		part, rest, _ = strings.Cut(rest, "/")
		switch part {
		case "", ".":
			continue
		case "..":
			if done == "" && !t.image {
				return "", errLeadsOut
			}
			done = strings.TrimSuffix(path.Dir("/" + done)[1:], "/")
			continue
		}
		next := path.Join(done, part)
		info, err := links.Lstat(next)
		if err != nil {
			return "", err
		}
		if info.Mode().Type() != fs.ModeSymlink {
			done = next
			continue
		}
		if hops++; hops > maxLinks {
			return "", errLinkLoops
		}
		target, err := links.ReadLink(next)
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(target, "/") {
			if !t.image {
				return "", errLeadsOut
			}
			done = ""
		}
		rest = target + "/" + rest
	}
	if done == "" {
		done = "."
	}
	return done, nil
}

// entries gives every entry of the tree; folders that cannot be listed come
// with an error.
func (t *tree) entries(ctx context.Context) iter.Seq2[entry, error] {
	if view, ok := t.FS.(lister); ok {
		return func(yield func(entry, error) bool) {
			for name, info := range view.Files() {
				if !yield(entry{path: name, mode: info.Mode(), info: func() (fs.FileInfo, error) { return info, nil }}, nil) {
					return
				}
			}
		}
	}
	return func(yield func(entry, error) bool) {
		_ = fs.WalkDir(t.FS, ".", func(name string, d fs.DirEntry, err error) error {
			switch {
			case ctx.Err() != nil:
				return fs.SkipAll
			case err != nil:
				if !yield(entry{path: name}, err) {
					return fs.SkipAll
				}
				return fs.SkipDir
			case d.IsDir() && (d.Name() == ".git" || t.image && kernel[name]):
				return fs.SkipDir
			case !yield(entry{path: name, mode: d.Type(), info: d.Info}, nil):
				return fs.SkipAll
			}
			return nil
		})
	}
}

// kernel are the folders of a running system that hold no files of its own.
var kernel = map[string]bool{"proc": true, "sys": true, "dev": true}

// entry is one name in the tree; its mode may lack the permissions, which
// info has.
type entry struct {
	path string
	mode fs.FileMode
	info func() (fs.FileInfo, error)
}

// find lists what the readers want, sorted, and the links to files that they
// want at hand.
func (t *tree) find(ctx context.Context, m *matcher, limits *limit.Limits) ([]*item, []string, []boltseal.Gap, error) {
	f := &finder{tree: t, m: m, items: map[string]*item{}}
	f.aliases()
	seen := int64(0)
	for e, err := range t.entries(ctx) {
		if seen++; limits.Entries > 0 && seen > limits.Entries {
			return nil, nil, nil, &limit.Error{What: "folder", Max: limits.Entries, Unit: "entries", Flag: "--max-entries"}
		}
		switch {
		case err != nil:
			f.gaps = append(f.gaps, unreadable("folder", e.path, err))
		case e.mode.IsRegular(), e.mode.Type() == fs.ModeSymlink:
			f.look(e)
		case e.mode.IsDir() && m.named != nil:
			f.lookAtFolder(e.path)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, nil, err
	}
	f.follow()
	items := make([]*item, 0, len(f.items))
	for _, it := range f.items {
		items = append(items, it)
	}
	slices.SortFunc(items, func(a, b *item) int { return strings.Compare(a.real, b.real) })
	return items, f.beside, f.gaps, nil
}

// finder gathers items over one walk.
type finder struct {
	*tree
	m       *matcher
	moved   []moved
	items   map[string]*item
	links   []want // wanted links; a reader of -1 only wants the file at hand
	beside  []string
	gaps    []boltseal.Gap
	readers []int
}

// moved is a folder that patterns name and that lies elsewhere behind a link.
type moved struct{ real, named string }

func (f *finder) aliases() {
	for _, folder := range f.m.folders {
		if real, err := f.resolve(folder); err == nil && real != folder && real != "." {
			f.moved = append(f.moved, moved{real: real + "/", named: folder + "/"})
		}
	}
}

// look asks who wants the entry, under its own path and under those that
// lead to its folder.
func (f *finder) look(e entry) {
	f.ask(e, e.path)
	for _, m := range f.moved {
		if rest, ok := strings.CutPrefix(e.path, m.real); ok {
			f.ask(e, m.named+rest)
		}
	}
	if len(f.m.sniffers) == 0 || !e.mode.IsRegular() {
		return
	}
	if info, err := e.info(); err == nil && sniffable(e.path, info.Size(), info.Mode()) {
		f.item(e.path, info.Size()).sniff = true
	}
}

// lookAtFolder asks who wants a folder for its name.
func (f *finder) lookAtFolder(name string) {
	readers, _ := f.m.named.match(name, f.readers[:0])
	f.readers = readers
	for _, r := range readers {
		it := f.item(name, 0)
		it.named = true
		it.want(r, name)
	}
}

func (f *finder) ask(e entry, as string) {
	readers, wanted := f.m.match(as, f.readers[:0])
	f.readers = readers
	if e.mode.Type() == fs.ModeSymlink {
		for _, r := range readers {
			f.links = append(f.links, want{reader: r, path: as})
		}
		if wanted && len(readers) == 0 {
			f.links = append(f.links, want{reader: -1, path: as})
		}
		return
	}
	if len(readers) == 0 {
		return
	}
	info, err := e.info()
	if err != nil {
		f.gaps = append(f.gaps, unreadable("file", e.path, err))
		return
	}
	it := f.item(e.path, info.Size())
	for _, r := range readers {
		it.want(r, as)
	}
}

func (f *finder) item(real string, size int64) *item {
	it := f.items[real]
	if it == nil {
		it = &item{real: real, size: size}
		f.items[real] = it
	}
	return it
}

// want notes a reader once, however many names lead to the file.
func (it *item) want(reader int, path string) {
	if !slices.ContainsFunc(it.wants, func(w want) bool { return w.reader == reader }) {
		it.wants = append(it.wants, want{reader: reader, path: path})
	}
}

// follow turns wanted links into wants of the files they lead to. A link to
// nothing says nothing; one that leads out of the tree could not be looked at.
func (f *finder) follow() {
	for _, l := range f.links {
		real, err := f.resolve(l.path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			if l.reader >= 0 {
				f.gaps = append(f.gaps, unreadable("file", l.path, err))
			}
			continue
		}
		info, err := fs.Stat(f.FS, real)
		switch {
		case err != nil:
			f.gaps = append(f.gaps, unreadable("file", l.path, err))
		case !info.Mode().IsRegular():
		case l.reader < 0:
			f.beside = append(f.beside, real)
		default:
			f.item(real, info.Size()).want(l.reader, l.path)
		}
	}
}

// Open, ReadDir, Stat, Lstat and ReadLink make the tree the file system that
// readers see: names are resolved first, so that links inside an unpacked
// root file system work as they do inside the container.

func (t *tree) Open(name string) (fs.File, error) {
	real, err := t.valid("open", name)
	if err != nil {
		return nil, err
	}
	return t.FS.Open(real)
}

func (t *tree) ReadDir(name string) ([]fs.DirEntry, error) {
	real, err := t.valid("readdir", name)
	if err != nil {
		return nil, err
	}
	return fs.ReadDir(t.FS, real)
}

func (t *tree) Stat(name string) (fs.FileInfo, error) {
	real, err := t.valid("stat", name)
	if err != nil {
		return nil, err
	}
	return fs.Stat(t.FS, real)
}

func (t *tree) Lstat(name string) (fs.FileInfo, error) { return fs.Lstat(t.FS, name) }
func (t *tree) ReadLink(name string) (string, error)   { return fs.ReadLink(t.FS, name) }

func (t *tree) valid(op, name string) (string, error) {
	if !fs.ValidPath(name) {
		return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	if t.knows {
		return name, nil
	}
	real, err := t.resolve(name)
	if err != nil {
		return "", &fs.PathError{Op: op, Path: name, Err: err}
	}
	return real, nil
}
