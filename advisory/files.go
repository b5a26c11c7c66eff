package advisory

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/internal/unxz"
)

// A publisher's file is as large as its data. These bounds are several times
// what any of them serves, and far below what a bomb inflates to.
const (
	maxFeedFile = 4 << 30  // of one file, inflated
	maxArchive  = 64 << 30 // of one archive of documents, inflated
	maxList     = 64 << 20 // of a list of files
	maxFiles    = 100      // that one feed is cut into
)

// plainFile is a file without its compression, whichever of four it has.
type plainFile struct {
	io.Reader
	f     *os.File
	close func()
}

// Close gives the file back.
func (p *plainFile) Close() error {
	if p.close != nil {
		p.close()
	}
	return p.f.Close()
}

// openPlain opens a file of a feed, and refuses to inflate more than most.
func openPlain(name string, most int64) (*plainFile, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	p := &plainFile{f: f}
	in := bufio.NewReaderSize(f, 64<<10)
	head, _ := in.Peek(6)
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		p.Reader = z
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		p.Reader, p.close = z, z.Close
	case bytes.HasPrefix(head, []byte("BZh")):
		p.Reader = bzip2.NewReader(in)
	case unxz.Is(head):
		p.Reader = unxz.NewReader(in)
	default:
		p.Reader = in
	}
	p.Reader = bufio.NewReaderSize(limit.Reader(p.Reader, most, tooLong(filepath.Base(name), most)), 64<<10)
	return p, nil
}

// listFiles are the files of a source by their names below it, in order; a
// single file has the name that it has.
func (s Source) listFiles() (dir string, names []string, err error) {
	if s.files != nil {
		return s.At, s.files, nil
	}
	info, err := os.Stat(s.At)
	if err != nil {
		return "", nil, err
	}
	if !info.IsDir() {
		return filepath.Dir(s.At), []string{filepath.Base(s.At)}, nil
	}
	err = filepath.WalkDir(s.At, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.HasSuffix(name, ".state") {
			return err
		}
		rel, err := filepath.Rel(s.At, name)
		names = append(names, filepath.ToSlash(rel))
		return err
	})
	return s.At, names, err
}

// eachFile opens one file of a source after another. One that cannot be read
// fails the feed, because half of what a publisher says is another thing than
// what he says.
func (s Source) eachFile(ctx context.Context, do func(name string, r io.Reader) error) error {
	dir, names, err := s.listFiles()
	if err != nil {
		return fmt.Errorf("read %s: %w", s.Feed, err)
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		f, err := openPlain(filepath.Join(dir, filepath.FromSlash(name)), maxFeedFile)
		if err != nil {
			return fmt.Errorf("read %s: %w", s.Feed, err)
		}
		err = do(name, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("read %s: %s: %w", s.Feed, clip(name), err)
		}
	}
	return nil
}

// readParsed is the reading of feeds that gather what all their files say
// before they give any of it.
func readParsed(ctx context.Context, b *builder, s Source) error {
	feed, _ := feedNamed(s.Feed)
	var g byID
	err := s.eachFile(ctx, func(name string, r io.Reader) error { return feed.parse(name, r, &g) })
	if err != nil {
		return err
	}
	if len(g.list)+len(g.ratings) == 0 {
		return fmt.Errorf("read %s: %w", s.Feed, errNothing)
	}
	b.takeRatings(s.Feed, &g)
	t, err := b.taker(s.Feed)
	if err != nil {
		return err
	}
	for _, r := range g.sorted() {
		if err := t.add(r); err != nil {
			return err
		}
	}
	return t.flush()
}

// byID gathers records that several files, or several places of one, speak
// of.
type byID struct {
	index   map[string]*record
	list    []*record
	ratings map[string][]boltseal.Rating // of vulnerabilities, by feeds that say nothing else
	newest  time.Time                    // of the ratings
}

func (g *byID) of(id string) *record {
	if r := g.index[id]; r != nil {
		return r
	}
	if g.index == nil {
		g.index = map[string]*record{}
	}
	r := &record{Advisory: boltseal.Advisory{ID: id}}
	g.index[id] = r
	g.list = append(g.list, r)
	return r
}

// sorted are the records in the order of their ids, and so independent of
// that of files and maps.
func (g *byID) sorted() []*record {
	slices.SortFunc(g.list, func(a, b *record) int { return strings.Compare(a.ID, b.ID) })
	for _, r := range g.list {
		r.sortAffected()
	}
	return g.list
}

func (r *record) sortAffected() {
	order := make([]int, len(r.Affected))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := &r.Affected[i], &r.Affected[j]
		return strings.Compare(a.Ecosystem+"\x00"+a.Name, b.Ecosystem+"\x00"+b.Name)
	})
	affected, modules := make([]boltseal.Affected, len(order)), make([][]string, len(order))
	for to, from := range order {
		affected[to], modules[to] = r.Affected[from], r.modules[from]
	}
	r.Affected, r.modules = affected, modules
}

// affect adds what a vendor says of one package. Names that cannot be ones
// are left out with a note.
func (r *record) affect(a boltseal.Affected, modules ...string) {
	a.Name = packageName(a.Ecosystem, a.Name)
	if placeholder(a.Name) || len(a.Ecosystem) > 256 {
		r.note("not a package name: " + clip(a.Name))
		return
	}
	r.Affected = append(r.Affected, a)
	r.modules = append(r.modules, modules)
}

// before is the range of all versions that are older than a fix; without one
// it never ends.
func before(fixed string) []boltseal.Range { return []boltseal.Range{{Introduced: "0", Fixed: fixed}} }

// rateWord adds the vendor's word for how bad it is.
func (r *record) rateWord(severity boltseal.Severity, by string) {
	if severity != boltseal.Unknown {
		r.addRating(boltseal.Rating{Severity: severity, By: by})
	}
}

// anyDate is a date in any of the forms that publishers write; none is zero.
func anyDate(s string) time.Time {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() > 1 {
			return t.UTC()
		}
	}
	return time.Time{}
}

// objectMembers walks over the members of a JSON object that is too large to
// be held.
func objectMembers(d *json.Decoder, each func(key string) error) error {
	if err := opening(d, '{'); err != nil {
		return err
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		key, _ := t.(string)
		if err := each(key); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// arrayElements walks over a JSON array that is too large to be held.
func arrayElements(d *json.Decoder, each func() error) error {
	if err := opening(d, '['); err != nil {
		return err
	}
	for d.More() {
		if err := each(); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

var errShape = errors.New("not of the shape that this feed has")

func opening(d *json.Decoder, want json.Delim) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	if t != want {
		return errShape
	}
	return nil
}

// inMemory is a document that came out of an archive without an index.
type inMemory struct {
	name string
	data []byte
}

func (m inMemory) label() string { return strings.TrimSuffix(path.Base(m.name), ".json") }

func (m inMemory) read(buf []byte) ([]byte, error) { return append(buf, m.data...), nil }

// tarDocuments gives the documents of a tar archive in groups that fit into
// memory.
func tarDocuments(r io.Reader, wanted func(name string) bool, take func([]document) error) error {
	const group = 32 << 20
	archive := tar.NewReader(r)
	var docs []document
	size := 0
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg || !wanted(h.Name) {
			continue
		}
		data, err := limit.ReadAll(archive, maxRecordBytes, tooLong(clip(h.Name), maxRecordBytes))
		if err != nil {
			return err
		}
		docs, size = append(docs, inMemory{h.Name, data}), size+len(data)
		if size >= group || len(docs) >= 4*batchSize {
			if err := take(docs); err != nil {
				return err
			}
			docs, size = nil, 0
		}
	}
	return take(docs)
}

// remoteFile is one file of a feed.
type remoteFile struct {
	name     string // below the cache, with slashes
	address  string // where it is served
	optional bool   // a server that does not have it is not broken
}

// fetchFiles is how feeds of several files are fetched: each into the cache,
// by itself. Where one fails, its last copy stays and the feed says so.
func fetchFiles(list func(ctx context.Context, u *updater, base string) ([]remoteFile, error)) func(context.Context, *updater, Source) fetched {
	return func(ctx context.Context, u *updater, s Source) fetched {
		var errs []error
		var names []string
		var first *cached
		dir := filepath.Join(u.opts.CacheDir, s.Feed)
		got := map[string]*cached{}
		err := u.anyOf(s.Mirrors, func(base string) error {
			files, err := list(ctx, u, strings.TrimRight(base, "/"))
			if err != nil {
				return err
			}
			if len(files) > maxFiles {
				return fmt.Errorf("%d files: %w", len(files), errTooManyChanges)
			}
			clear(got)
			errs, names = nil, nil
			for _, f := range files {
				c, err := u.fetchOne(ctx, s.Feed, dir, f)
				if err != nil && !(f.optional && missing(err)) {
					errs = append(errs, fmt.Errorf("%s: %w", clip(f.name), err))
				}
				if c.there() {
					got[f.name] = c
					names = append(names, f.name)
				}
			}
			if len(names) == 0 {
				return errors.Join(errs...)
			}
			return nil
		})
		if err != nil {
			errs = append(errs[:0:0], err)
			names = u.cachedFiles(dir, got)
		}
		slices.Sort(names)
		state := boltseal.Feed{Name: s.Feed}
		out := fetched{fresh: err == nil && len(errs) == 0, errs: errs}
		for _, name := range names {
			c := got[name]
			if first == nil || c.Fetched.Before(first.Fetched) {
				first = c
			}
			if t, err := http.ParseTime(c.Modified); err == nil && t.After(state.Modified) {
				state.Modified = t.UTC()
			}
			out.inputs = append(out.inputs, s.Feed+"/"+name+" "+c.SHA256)
		}
		if first != nil {
			state.Source, state.Fetched = redactEmpty(first.URL), first.Fetched
			out.source = Source{Feed: s.Feed, At: dir, files: names}
		}
		if joined := errors.Join(errs...); joined != nil {
			state.Error = joined.Error()
		}
		out.states = []boltseal.Feed{state}
		return out
	}
}

// fetchOne brings one file of a feed up to date. It must be whole before it
// takes the place of the last one: what it says is the reader's to judge.
func (u *updater) fetchOne(ctx context.Context, feed, dir string, f remoteFile) (*cached, error) {
	path := filepath.Join(dir, filepath.FromSlash(safePath(f.name)))
	c := loadCached(path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return c, err
	}
	return c, u.refresh(ctx, feed, f.address, c, func(path string) error { return wholeFile(path, feed, safePath(f.name)) })
}

// wholeFile reads a file to its end as its feed does.
func wholeFile(path, feed, name string) error {
	f, err := openPlain(path, maxFeedFile)
	if err != nil {
		return err
	}
	family, _ := feedNamed(feed)
	err = family.parse(name, f, &byID{})
	if err == nil {
		_, err = io.Copy(io.Discard, f) // what it left has a checksum behind it
	}
	return errors.Join(err, f.Close())
}

func (u *updater) cachedFiles(dir string, got map[string]*cached) (names []string) {
	_ = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.HasSuffix(name, ".state") {
			return nil //nolint:nilerr // what cannot be listed is not there
		}
		if c := loadCached(name); c.there() {
			rel, err := filepath.Rel(dir, name)
			if err == nil {
				got[filepath.ToSlash(rel)] = c
				names = append(names, filepath.ToSlash(rel))
			}
		}
		return nil
	})
	return names
}

// safePath is a foreign path below a folder of ours.
func safePath(name string) string {
	parts := strings.Split(name, "/")
	for i := range parts {
		parts[i] = safeName(parts[i])
	}
	return strings.Join(parts, "/")
}

// small fetches a short file into memory.
func (u *updater) small(ctx context.Context, feed, address string) ([]byte, error) {
	resp, err := u.client.get(ctx, feed, address, condition{})
	if err != nil {
		return nil, err
	}
	defer resp.body.Close()
	return limit.ReadAll(resp.body, maxList, tooLong(feed+" list", maxList))
}
