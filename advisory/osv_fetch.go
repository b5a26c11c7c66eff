package advisory

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/atomicfile"
	"github.com/boltseal/boltseal/internal/limit"
)

const (
	downloads     = 4                  // at once
	wholeEvery    = 7 * 24 * time.Hour // records that vanish are in no list of changes
	worthChanges  = 4 << 20            // bytes of an archive below which it is fetched as a whole
	maxChanges    = 500                // records fetched one by one
	maxEcosystems = 1000
	maxInflated   = 64 << 30 // bytes of one archive
	listName      = "modified_id.csv"
)

// fetchOSV brings one archive for each ecosystem up to date. Each succeeds
// or fails alone.
func fetchOSV(ctx context.Context, u *updater, s Source) fetched {
	out := fetched{source: Source{Feed: s.Feed}}
	names, err := u.ecosystems(ctx, s)
	if err != nil {
		for _, name := range u.cachedEcosystems() {
			e := u.cachedEcosystem(name)
			e.err = err
			out.add(e)
		}
		if len(out.states) == 0 {
			out.states = []boltseal.Feed{{Name: "osv", Error: err.Error()}}
			out.errs = []error{fmt.Errorf("osv: %w", err)}
		}
		return out
	}
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(downloads)
	for _, name := range names {
		group.Go(func() error {
			e := u.ecosystem(ctx, s.Mirrors, name)
			mu.Lock()
			defer mu.Unlock()
			out.add(e)
			return nil
		})
	}
	_ = group.Wait() // none returns an error
	slices.SortFunc(out.source.parts, func(a, b part) int { return strings.Compare(a.ecosystem, b.ecosystem) })
	slices.SortFunc(out.states, func(a, b boltseal.Feed) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// fetchedEcosystem is what fetching one ecosystem came to.
type fetchedEcosystem struct {
	part
	cached *cached
	err    error
}

func (f *fetched) add(e fetchedEcosystem) {
	state := boltseal.Feed{Name: "osv/" + e.ecosystem, Source: redactEmpty(e.cached.URL), Fetched: e.cached.Fetched}
	if e.err != nil {
		state.Error = e.err.Error()
		f.errs = append(f.errs, fmt.Errorf("osv/%s: %w", e.ecosystem, e.err))
	} else {
		f.fresh = true
	}
	f.states = append(f.states, state)
	if e.cached.there() {
		f.source.parts = append(f.source.parts, e.part)
		f.inputs = append(f.inputs, e.ecosystem+" "+e.cached.SHA256+" "+e.cached.Newest.Format(time.RFC3339Nano))
	}
}

var errNoList = errors.New("more ecosystems than there can be")

// ecosystems are the names to fetch: those asked for, or those of the
// default ones that the server has. A server without a list is asked for
// each.
func (u *updater) ecosystems(ctx context.Context, s Source) ([]string, error) {
	all := slices.Contains(s.Ecosystems, "*")
	if len(s.Ecosystems) > 0 && !all {
		names := slices.Clone(s.Ecosystems)
		for i := range names {
			names[i] = base(strings.TrimSpace(names[i]))
		}
		return unique(names), nil
	}
	var served []string
	err := u.anyOf(s.Mirrors, func(address string) error {
		resp, err := u.client.get(ctx, "osv", join(address, "ecosystems.txt"), condition{})
		if err != nil {
			return err
		}
		defer resp.body.Close()
		served, err = readNames(resp.body)
		return err
	})
	switch {
	case missing(err) && !all:
		return DefaultEcosystems(), nil
	case err != nil:
		return nil, err
	case all:
		return served, nil
	}
	return slices.DeleteFunc(DefaultEcosystems(), func(name string) bool { return !slices.Contains(served, name) }), nil
}

func unique(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return slices.Compact(names)
}

func readNames(r io.Reader) ([]string, error) {
	const most = 1 << 20
	data, err := limit.ReadAll(r, most, tooLong("list of ecosystems", most))
	if err != nil {
		return nil, err
	}
	var names []string
	for line := range strings.Lines(string(data)) {
		if name := strings.TrimSpace(line); name != "" && name != nowhere {
			names = append(names, name)
		}
	}
	if len(names) > maxEcosystems {
		return nil, errNoList
	}
	return unique(names), nil
}

// join is the address of a file below a base. The names of ecosystems have
// spaces and brackets in them.
func join(base string, names ...string) string {
	var b strings.Builder
	b.WriteString(strings.TrimRight(base, "/"))
	for _, name := range names {
		b.WriteByte('/')
		b.WriteString(strings.NewReplacer("[", "%5B", "]", "%5D").Replace(url.PathEscape(name)))
	}
	return b.String()
}

// safeName is a foreign name as the name of a file of ours.
func safeName(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' && i > 0
		if plain {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// cachedEcosystems are those of an earlier update.
func (u *updater) cachedEcosystems() []string {
	entries, err := os.ReadDir(filepath.Join(u.opts.CacheDir, "osv"))
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if name, err := url.PathUnescape(e.Name()); err == nil && u.cachedEcosystem(name).cached.there() {
			names = append(names, name)
		}
	}
	return names
}

func (u *updater) cachedEcosystem(name string) fetchedEcosystem {
	archive := filepath.Join(u.opts.CacheDir, "osv", safeName(name), archiveName)
	return fetchedEcosystem{part: part{ecosystem: name, archive: archive}, cached: loadCached(archive)}
}

// ecosystem brings one archive up to date.
func (u *updater) ecosystem(ctx context.Context, bases []string, name string) fetchedEcosystem {
	e := u.cachedEcosystem(name)
	if e.err = os.MkdirAll(filepath.Dir(e.archive), 0o755); e.err == nil {
		e.err = u.anyOf(bases, func(base string) error { return u.refreshArchive(ctx, base, &e) })
	}
	docs, err := walk(e.changes())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		e.err = errors.Join(e.err, err)
	}
	for _, d := range docs {
		e.changed = append(e.changed, string(d.(loose)))
	}
	return e
}

// changes is the folder of the records that are newer than the archive.
func (e *fetchedEcosystem) changes() string { return filepath.Join(filepath.Dir(e.archive), "changed") }

// refreshArchive fetches the archive if the server has another than we, or
// only the records that changed where that is much less.
func (u *updater) refreshArchive(ctx context.Context, base string, e *fetchedEcosystem) error {
	what, address := "osv/"+e.ecosystem, join(base, e.ecosystem, archiveName)
	c := e.cached
	have := c.condition(address, u.opts.Full)
	resp, err := u.client.get(ctx, what, address, have)
	if err != nil {
		return err
	}
	if resp.same {
		c.Fetched = u.opts.Now
		return c.save()
	}
	defer func() { resp.body.Close() }()
	if (have != condition{}) && resp.size > worthChanges && !c.Newest.IsZero() && u.opts.Now.Sub(c.Whole) < wholeEvery {
		_ = resp.body.Close()
		if done, err := u.fetchChanges(ctx, base, e); done || err != nil && ctx.Err() != nil {
			return err
		}
		if resp, err = u.client.get(ctx, what, address, condition{}); err != nil {
			return err
		}
	}
	var newest time.Time
	check := func(path string) error {
		var err error
		newest, err = checkArchive(path)
		return err
	}
	if err := c.take(resp, address, u.opts.Now, check); err != nil {
		return err
	}
	if err := os.RemoveAll(e.changes()); err != nil {
		return err
	}
	c.Newest = newest
	return c.save()
}

// checkArchive inflates everything, because what is broken must be known
// before it takes the place of what is whole. It returns the date of the
// newest record.
func checkArchive(path string) (newest time.Time, err error) {
	a, err := openArchive(path)
	if err != nil {
		return newest, err
	}
	defer a.close()
	docs := a.documents()
	if len(docs) == 0 {
		return newest, errNothing
	}
	var buf []byte
	total := int64(0)
	for _, d := range docs {
		if buf, err = d.read(buf[:0]); err != nil {
			return newest, fmt.Errorf("%s: %w", clip(d.label()), err)
		}
		if total += int64(len(buf)); total > maxInflated {
			return newest, tooLong("OSV archive", maxInflated)
		}
		var dated struct {
			Modified time.Time `json:"modified"`
		}
		// A record that is none is the builder's to tell of.
		if json.Unmarshal(buf, &dated) == nil && dated.Modified.After(newest) {
			newest = dated.Modified
		}
	}
	return newest, nil
}

// change is one line of modified_id.csv.
type change struct {
	id   string
	when time.Time
}

var errTooManyChanges = errors.New("too many changes")

// listed reads a list of changes, newest first, until it comes to what is no
// newer than known, or has most of them.
func (u *updater) listed(ctx context.Context, base, ecosystem string, known time.Time, most int) ([]change, error) {
	resp, err := u.client.get(ctx, "osv/"+ecosystem, join(base, ecosystem, listName), condition{})
	if err != nil {
		return nil, err
	}
	defer resp.body.Close()
	var out []change
	lines := bufio.NewScanner(resp.body)
	for lines.Scan() {
		date, id, ok := strings.Cut(lines.Text(), ",")
		when, err := time.Parse(time.RFC3339, date)
		if !ok || err != nil || id == "" || len(id) > 200 {
			return nil, fmt.Errorf("%s: line %q is not a date and an id", listName, clip(lines.Text()))
		}
		if !when.After(known) {
			return out, nil
		}
		if len(out) == most {
			return out, errTooManyChanges
		}
		out = append(out, change{id: strings.TrimSpace(id), when: when})
	}
	return out, lines.Err()
}

// fetchChanges fetches the records that are newer than what we have, one by
// one. It is false when the archive as a whole is the better way.
func (u *updater) fetchChanges(ctx context.Context, base string, e *fetchedEcosystem) (bool, error) {
	list, err := u.listed(ctx, base, e.ecosystem, e.cached.Newest, maxChanges)
	if err != nil || len(list) == 0 {
		return false, err
	}
	if err := os.MkdirAll(e.changes(), 0o755); err != nil {
		return false, err
	}
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(downloads)
	for _, c := range list {
		group.Go(func() error { return u.fetchRecord(inner, base, e, c.id) })
	}
	if err := group.Wait(); err != nil {
		return false, err
	}
	e.cached.Newest, e.cached.Fetched = list[0].when, u.opts.Now
	return true, e.cached.save()
}

func (u *updater) fetchRecord(ctx context.Context, base string, e *fetchedEcosystem, id string) error {
	resp, err := u.client.get(ctx, "osv/"+e.ecosystem, join(base, e.ecosystem, id+".json"), condition{})
	if err != nil {
		return err
	}
	defer resp.body.Close()
	data, err := appendAll(nil, resp.body)
	if err != nil {
		return err
	}
	if r, err := decodeOSV(data); err != nil {
		return fmt.Errorf("%s: %w", clip(id), err)
	} else if r.ID != canonicalID(id) {
		return fmt.Errorf("%s: it is the record of %s", clip(id), clip(r.ID))
	}
	return atomicfile.WriteBytes(filepath.Join(e.changes(), safeName(id)+".json"), 0o644, data)
}
