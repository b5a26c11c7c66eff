package inventory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/source/layer"
)

// Options are the optional parameters of [Read]. The zero value reads a
// project with every ecosystem.
type Options struct {
	Image      bool                                      // an image or root file system: links start at its root, lock files are weak evidence
	Jobs       int                                       // files read at once; less than 1 means one per processor
	Limits     limit.Limits                              // the zero value means limit.Default
	FileTime   time.Duration                             // how long one reader may take over one file; zero means two minutes
	LayerOf    func(path string) (boltseal.Digest, bool) // DiffID of the layer that holds a file
	Ecosystems []Ecosystem                               // nil means Ecosystems()

	// Versions gives what the layers put under a path, lowest first and the
	// present content last. Without it a component of a database is of the
	// layer that wrote the database last.
	Versions func(path string) []Version

	// Used are paths of files whose packages are asked for, in Result.Owners.
	Used []string
}

// Result is what [Read] found, sorted.
type Result struct {
	Distro     *boltseal.Distro
	Components []boltseal.Component
	Gaps       []boltseal.Gap
	Owners     map[string]string // of the files in Options.Used that a package brought: its purl
}

const defaultFileTime = 2 * time.Minute

// Read finds the components of a file tree. A file that cannot be read is a
// gap; an error means that nothing can be said about the tree as a whole. If
// fsys lists its entries itself (Files, as layer.FS does) it is not walked,
// and if it can bring in files that were not kept (Fetch) it is asked to.
func Read(ctx context.Context, fsys fs.FS, opts *Options) (*Result, error) {
	if opts == nil {
		opts = &Options{}
	}
	r := &reading{opts: *opts, tree: newTree(fsys, opts.Image)}
	if r.opts.Limits == (limit.Limits{}) {
		r.opts.Limits = limit.Default()
	}
	if r.opts.FileTime <= 0 {
		r.opts.FileTime = defaultFileTime
	}
	r.m = registered()
	if opts.Ecosystems != nil {
		var err error
		if r.m, err = compile(opts.Ecosystems); err != nil {
			return nil, fmt.Errorf("read inventory: %w", err)
		}
	}
	if err := r.run(ctx); err != nil {
		return nil, fmt.Errorf("read inventory: %w", err)
	}
	return &Result{Distro: r.distro, Components: r.components, Gaps: r.gaps, Owners: r.owners.used(r.opts.Used)}, nil
}

// reading is one run of [Read].
type reading struct {
	opts       Options
	tree       *tree
	m          *matcher
	distro     *boltseal.Distro
	owners     *owners
	shared     shared
	spare      func(task func()) bool
	components []boltseal.Component
	gaps       []boltseal.Gap
}

// outcome is what one file gave.
type outcome struct {
	components []boltseal.Component
	gaps       []boltseal.Gap
}

func (r *reading) run(ctx context.Context) error {
	items, beside, gaps, err := r.tree.find(ctx, r.m, &r.opts.Limits)
	if err != nil {
		return err
	}
	r.gaps = gaps
	if err := r.fetch(ctx, items, beside); err != nil {
		return err
	}
	r.distro, gaps = readDistro(r.tree)
	r.gaps = append(r.gaps, gaps...)
	r.owners = newOwners(r.tree, items)
	r.owners.want(r.opts.Used)

	outcomes := make([]outcome, len(items))
	group, ctx := errgroup.WithContext(ctx)
	jobs := r.opts.Jobs
	if jobs < 1 {
		jobs = runtime.GOMAXPROCS(0)
	}
	group.SetLimit(jobs)
	r.spare = func(task func()) bool { return group.TryGo(func() error { task(); return nil }) }
	for i, it := range items {
		group.Go(func() error {
			outcomes[i] = r.file(ctx, it)
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, o := range outcomes {
		r.components = append(r.components, o.components...)
		r.gaps = append(r.gaps, o.gaps...)
	}
	r.components = undeclare(r.components, r.opts.Image, r.owners)
	r.components = attest(r.components, r.owners)
	link(r.components, r.tree.resolve)
	r.components = merge(r.components)
	for i := range r.components {
		r.components[i].OwnedBy = r.owners.owned(&r.components[i])
	}
	slices.SortFunc(r.components, boltseal.Component.Compare)
	slices.SortFunc(r.gaps, boltseal.Gap.Compare)
	r.gaps = slices.Compact(r.gaps)
	return nil
}

// fetch brings in the wanted files whose content was not kept because only a
// link tells that they are wanted.
func (r *reading) fetch(ctx context.Context, items []*item, beside []string) error {
	fetcher, ok := r.tree.FS.(interface {
		Fetch(ctx context.Context, names []string) error
	})
	if !ok {
		return nil
	}
	var names []string
	missing := func(name string) {
		f, err := r.tree.FS.Open(name)
		if err == nil {
			f.Close()
		} else if errors.Is(err, layer.ErrNotKept) {
			names = append(names, name)
		}
	}
	for _, it := range items {
		if len(it.wants) > 0 && !it.named {
			missing(it.real)
		}
	}
	for _, name := range beside {
		missing(name)
	}
	for _, name := range distroFiles {
		missing(name)
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return fetcher.Fetch(ctx, slices.Compact(names))
}

// file opens one item and lets everyone read it who wants to.
func (r *reading) file(ctx context.Context, it *item) outcome {
	var out outcome
	if it.named {
		r.all(ctx, bytes.NewReader(nil), nil, it, &out)
		return out
	}
	f, err := r.tree.FS.Open(it.real)
	switch {
	case errors.Is(err, layer.ErrNotKept) && len(it.wants) == 0:
		return out // its first bytes were looked at and nobody wanted it
	case err != nil:
		out.gaps = append(out.gaps, unreadable("file", it.real, err))
		return out
	}
	defer f.Close()
	at, err := r.randomAccess(f)
	var seen *sniffed
	if err == nil && it.sniff {
		seen, err = r.sniff(at, it)
	}
	if err != nil {
		out.gaps = append(out.gaps, unreadable("file", it.real, err))
		return out
	}
	if max := r.opts.Limits.FileBytes; max > 0 && it.size > max && len(it.wants) > 0 {
		out.gaps = append(out.gaps, unreadable("file", it.real, tooLarge(max)))
		return out
	}
	r.all(ctx, at, seen, it, &out)
	return out
}

func (r *reading) all(ctx context.Context, at io.ReaderAt, seen *sniffed, it *item, out *outcome) {
	for _, w := range it.wants {
		r.one(ctx, at, seen, it, w, out)
	}
}

func (r *reading) randomAccess(f fs.File) (io.ReaderAt, error) {
	if at, ok := f.(io.ReaderAt); ok {
		return at, nil
	}
	max := r.opts.Limits.FileBytes
	data, err := limit.ReadAll(f, max, tooLarge(max))
	return bytes.NewReader(data), err
}

// sniff adds the readers that the content calls for.
func (r *reading) sniff(at io.ReaderAt, it *item) (*sniffed, error) {
	seen := &sniffed{at: at, size: it.size, path: it.real}
	for _, reader := range r.m.sniffers {
		wants, err := seen.wanted(&r.m.readers[reader])
		if err != nil {
			return nil, err
		}
		if wants {
			it.want(reader, it.real)
		}
	}
	return seen, nil
}

// one lets one reader read one file.
func (r *reading) one(ctx context.Context, at io.ReaderAt, seen *sniffed, it *item, w want, out *outcome) {
	reader := &r.m.readers[w.reader]
	ctx, cancel := context.WithTimeoutCause(ctx, r.opts.FileTime, errTooSlow)
	defer cancel()
	in := &Input{
		Path: w.path, Size: it.size, FS: r.tree, Distro: r.distro, Image: r.opts.Image, Limits: r.opts.Limits,
		File:   &file{SectionReader: io.NewSectionReader(at, 0, it.size), stop: func() error { return context.Cause(ctx) }},
		owners: r.owners, shared: &r.shared, layerOf: r.opts.LayerOf, sniffed: seen, spare: r.spare,
	}
	found, err := call(ctx, reader, in)
	errs := separate(err)
	if reader.Versioned && r.opts.Versions != nil {
		r.date(ctx, reader, it, w, found)
	}
	for _, c := range found {
		if err := r.fill(&c, reader, it); err != nil {
			errs = append(errs, err)
			continue
		}
		out.components = append(out.components, c)
	}
	for i, err := range errs {
		if i == maxErrors {
			err = errMore
		}
		out.gaps = append(out.gaps, unreadable("file", it.real, err))
		if i == maxErrors {
			break
		}
	}
}

var errMore = errors.New("and more of the kind")

// maxErrors is how many gaps one reader may make of one file.
const maxErrors = 20

// separate takes joined errors apart: each entry that could not be read is a
// gap of its own.
func separate(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	// fmt.Errorf with several %w has the method, too, and is one error.
	parts := joined.Unwrap()
	if err.Error() != errors.Join(parts...).Error() {
		return []error{err}
	}
	return slices.Clone(parts)
}

var errTooSlow = errors.New("reading took too long")

// call runs the reader and turns its panic into an error.
func call(ctx context.Context, reader *Reader, in *Input) (found []boltseal.Component, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("reader %s gave up: %v", reader.Name, p)
		}
	}()
	return reader.Read(ctx, in)
}

// fill completes a component with what only the driver knows.
func (r *reading) fill(c *boltseal.Component, reader *Reader, it *item) error {
	purl, err := boltseal.ParsePURL(c.PURL)
	if err != nil {
		return err
	}
	if c.Name == "" {
		c.Name = purl.FullName()
	}
	if c.Version == "" {
		c.Version = purl.Version
	}
	if c.FoundBy == "" {
		c.FoundBy = reader.Name
	}
	if c.Basis == "" {
		c.Basis = boltseal.Declared
	}
	if len(c.Locations) == 0 {
		c.Locations = []boltseal.Location{{File: it.real}}
	}
	if r.opts.LayerOf == nil {
		return nil
	}
	c.Locations = slices.Clone(c.Locations)
	for i := range c.Locations {
		l := &c.Locations[i]
		if l.Layer == "" {
			l.Layer, _ = r.opts.LayerOf(outermost(l.File))
		}
	}
	return nil
}

// file is an open file whose reads fail once the reader has used up its
// time, so that a parser caught in a loop over its input comes to an end.
type file struct {
	*io.SectionReader
	stop func() error
}

func (f *file) Read(p []byte) (int, error) {
	if err := f.stop(); err != nil {
		return 0, err
	}
	return f.SectionReader.Read(p)
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	if err := f.stop(); err != nil {
		return 0, err
	}
	return f.SectionReader.ReadAt(p, off)
}

func tooLarge(max int64) *limit.Error {
	return &limit.Error{What: "file", Max: max, Unit: "bytes", Flag: "--max-file-bytes"}
}

// unreadable is the gap of something that could not be read.
func unreadable(what, name string, err error) boltseal.Gap {
	kind := "unreadable-file"
	if _, ok := errors.AsType[*limit.Error](err); ok {
		kind = "limit"
	}
	// What an error says may quote the file; no file gets to fill the report.
	why := err.Error()
	if len(why) > 300 {
		why = strings.ToValidUTF8(why[:300], "") + "…"
	}
	return boltseal.Gap{What: what + " " + path.Clean(name), Why: why, Kind: kind}
}
