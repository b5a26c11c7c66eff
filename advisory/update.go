package advisory

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/atomicfile"
	"github.com/boltseal/boltseal/internal/limit"
)

// UpdateOptions are what Update does not need to be told.
type UpdateOptions struct {
	// Sources are the feeds to build from; nil takes [DefaultSources].
	Sources []Source

	// Prebuilt are places of a database that somebody else has built, tried
	// in order: a file, an http(s) URL, or "oci://" and a reference. When
	// there are any, Sources are not looked at. The file may be compressed
	// with gzip or zstd.
	Prebuilt []string

	// Digest is what the prebuilt database must have, if not empty: its
	// snapshot id, or the SHA-256 of the file as served.
	Digest boltseal.Digest

	// FetchOCI opens the one file of an OCI artifact; nil refuses "oci://".
	FetchOCI func(ctx context.Context, ref string) (io.ReadCloser, error)

	// CacheDir keeps what was downloaded, so that the next update asks only
	// for what has changed and a feed that fails keeps its last data. Empty
	// is a directory beside the database.
	CacheDir string

	Full     bool          // fetch everything anew
	Jobs     int           // as of BuildOptions
	Timeout  time.Duration // without bytes received, or hardly any; 0 is one minute
	Patience time.Duration // for all of one feed; 0 is an hour
	MaxBytes int64         // of one download; 0 is 4 GiB
	Now      time.Time     // the fetch date

	HTTPProxy, HTTPSProxy, NoProxy string         // as the environment variables of these names
	RootCAs                        *x509.CertPool // nil is the system's
	UserAgent                      string

	Progress func(Progress) // called by one goroutine at a time
	Left     func(Left)
}

// Progress is how far a download is.
type Progress struct {
	What  string // "osv/Debian"
	Bytes int64
	Total int64 // 0 when not known
}

// Update brings the database file dst up to date from the network, or leaves
// it as it was. A feed that fails keeps the data of its last success and says
// so in its [boltseal.Feed]; Update fails when nothing at all could be had,
// and when a feed that dst has data of would go missing.
func Update(ctx context.Context, dst string, opts *UpdateOptions) (*boltseal.Snapshot, error) {
	u := newUpdater(dst, opts)
	defer u.client.close()
	var snapshot *boltseal.Snapshot
	var err error
	if len(u.opts.Prebuilt) > 0 {
		snapshot, err = u.prebuilt(ctx)
	} else {
		snapshot, err = u.feeds(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("update the advisory database: %w", err)
	}
	return snapshot, nil
}

// updater is one run of Update.
type updater struct {
	dst    string
	opts   UpdateOptions
	client *client
}

func newUpdater(dst string, opts *UpdateOptions) *updater {
	u := &updater{dst: dst}
	if opts != nil {
		u.opts = *opts
	}
	if u.opts.Sources == nil {
		u.opts.Sources = DefaultSources()
	}
	if u.opts.CacheDir == "" {
		u.opts.CacheDir = dst + ".feeds"
	}
	if u.opts.Timeout <= 0 {
		u.opts.Timeout = time.Minute
	}
	if u.opts.MaxBytes <= 0 {
		u.opts.MaxBytes = 4 << 30
	}
	if u.opts.Patience <= 0 {
		u.opts.Patience = time.Hour
	}
	u.client = newClient(&u.opts)
	return u
}

// fetched is what fetching one source came to.
type fetched struct {
	source Source // what to build from, on the disk
	states []boltseal.Feed
	fresh  bool     // at least a part is what its publisher has now
	inputs []string // what the data is, to tell whether anything changed
	errs   []error
}

var errNoFeed = errors.New("no such feed")

// feeds fetches every source and builds from what there is.
func (u *updater) feeds(ctx context.Context) (*boltseal.Snapshot, error) {
	var sources []Source
	var all fetched
	results, err := u.fetchAll(ctx)
	if err != nil {
		return nil, err
	}
	for _, got := range results {
		if got.source.At != "" || len(got.source.parts) > 0 {
			sources = append(sources, got.source)
		}
		all.states = append(all.states, got.states...)
		all.inputs = append(all.inputs, got.inputs...)
		all.errs = append(all.errs, got.errs...)
		all.fresh = all.fresh || got.fresh
	}
	if !all.fresh {
		return nil, errors.Join(append([]error{errNothingFetched}, all.errs...)...)
	}
	if err := u.nothingLost(sources, all.states); err != nil {
		return nil, err
	}
	inputs := inputsDigest(all.inputs)
	if snapshot, ok := u.freshen(inputs, all.states); ok {
		return snapshot, nil
	}
	return u.rebuild(ctx, sources, all.states, inputs)
}

// fetchAll brings every source up to date, several at once: none waits for
// one that is slow.
func (u *updater) fetchAll(ctx context.Context) ([]fetched, error) {
	results := make([]fetched, len(u.opts.Sources))
	var group errgroup.Group
	group.SetLimit(feedsAtOnce)
	for i, s := range u.opts.Sources {
		feed, ok := feedNamed(s.Feed)
		if !ok {
			return nil, errors.Join(fmt.Errorf("%w: %s", errNoFeed, s.Feed), group.Wait())
		}
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, u.opts.Patience)
			defer cancel()
			results[i] = u.fetch(ctx, feed, s)
			return nil
		})
	}
	return results, errors.Join(group.Wait(), ctx.Err())
}

// feedsAtOnce is how many publishers are asked at the same time.
const feedsAtOnce = 8

func (u *updater) rebuild(ctx context.Context, sources []Source, states []boltseal.Feed, inputs string) (*boltseal.Snapshot, error) {
	b := newBuilder(&BuildOptions{Jobs: u.opts.Jobs, Built: u.opts.Now, Feeds: states, Left: u.opts.Left})
	b.spool.dir = filepath.Dir(u.dst)
	b.inputs = inputs
	snapshot, err := b.build(ctx, u.dst, sources)
	return snapshot, errors.Join(err, b.spool.close())
}

var errNothingFetched = errors.New("no feed could be fetched; the old database stays")

// fetch brings one source up to date, from the first of its places that
// answers. A path is taken as it is.
func (u *updater) fetch(ctx context.Context, feed Feed, s Source) fetched {
	places := append([]string{s.At}, s.Mirrors...)
	local := slices.IndexFunc(places, func(place string) bool {
		if place == "" || isURL(place) {
			return false
		}
		_, err := os.Stat(place)
		return err == nil
	})
	s.Mirrors = slices.DeleteFunc(slices.Clone(places), func(place string) bool { return !isURL(place) })
	var out fetched
	switch {
	case local == 0:
	case len(s.Mirrors) > 0:
		out = feed.fetch(ctx, u, s)
	default:
		err := fmt.Errorf("%s: %s: %w", s.Feed, s.At, os.ErrNotExist)
		out = fetched{states: []boltseal.Feed{{Name: s.Feed, Error: err.Error()}}, errs: []error{err}}
	}
	if local >= 0 && !out.fresh {
		// What a folder holds is not known without reading it: an input
		// without a name, never the same as before.
		s.At, s.Mirrors = places[local], nil
		return fetched{source: s, fresh: true, inputs: []string{""}}
	}
	return out
}

func isURL(place string) bool {
	return strings.HasPrefix(place, "http://") || strings.HasPrefix(place, "https://")
}

// nothingLost refuses to put a database in place that lacks a feed which the
// old one has, only because a server did not answer.
func (u *updater) nothingLost(sources []Source, states []boltseal.Feed) error {
	failed := map[string]string{}
	for _, f := range states {
		if f.Error != "" {
			failed[f.Name] = f.Error
		}
	}
	if len(failed) == 0 {
		return nil
	}
	for _, s := range sources {
		delete(failed, s.Feed)
		for _, p := range s.parts {
			delete(failed, "osv/"+p.ecosystem)
		}
	}
	old, err := Open(u.dst)
	if err != nil {
		return nil
	}
	defer old.Close()
	for _, f := range old.Snapshot().Feeds {
		why, gone := failed[f.Name]
		if !gone && strings.HasPrefix(f.Name, "osv/") {
			why, gone = failed["osv"]
		}
		if gone && f.Records > 0 {
			return fmt.Errorf("%s: %s; the old database stays, because it has the only copy of this feed", f.Name, why)
		}
	}
	return nil
}

// prebuilt puts a database that somebody else built in place.
func (u *updater) prebuilt(ctx context.Context) (*boltseal.Snapshot, error) {
	var errs []error
	for _, place := range u.opts.Prebuilt {
		snapshot, err := u.takeOver(ctx, place)
		if err == nil {
			return snapshot, nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", place, err))
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(errs...)
}

var (
	errNoOCI  = errors.New("this program cannot read OCI references here")
	errDigest = errors.New("it is another database than the one that was asked for")
)

// takeOver puts the database of one place in place, unless it is the one
// that is there.
func (u *updater) takeOver(ctx context.Context, place string) (*boltseal.Snapshot, error) {
	have := u.lastPrebuilt(place)
	body, err := u.openPrebuilt(ctx, place, have)
	if err != nil {
		return nil, err
	}
	if body == nil {
		db, err := Open(u.dst)
		if err != nil {
			return nil, err
		}
		return db.Snapshot(), db.Close()
	}
	defer body.Close()
	var snapshot *boltseal.Snapshot
	err = atomicfile.Write(u.dst, 0o644, func(f *os.File) error {
		sum, err := u.copyPlain(f, body)
		if err != nil {
			return err
		}
		db, err := openFile(f)
		if err != nil {
			return err
		}
		defer db.Close()
		if err := db.Verify(); err != nil {
			return err
		}
		snapshot = db.Snapshot()
		if want := string(u.opts.Digest); want != "" && want != snapshot.ID && want != sum {
			return fmt.Errorf("%w: want %s, have snapshot %s in file %s", errDigest, want, snapshot.ID, sum)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if r, ok := body.(*servedBody); ok {
		u.rememberPrebuilt(prebuiltState{URL: place, ETag: r.etag, Modified: r.modified, ID: snapshot.ID})
	}
	return snapshot, nil
}

// prebuiltState is what is known of the server that the database came from.
type prebuiltState struct {
	URL      string `json:"url"`
	ETag     string `json:"etag,omitempty"`
	Modified string `json:"lastModified,omitempty"`
	ID       string `json:"id"`
}

func (u *updater) prebuiltFile() string { return filepath.Join(u.opts.CacheDir, "prebuilt.state") }

// lastPrebuilt is what to tell the server, which is nothing when the
// database is not the one that it served, or when a certain one is wanted.
func (u *updater) lastPrebuilt(place string) condition {
	var state prebuiltState
	data, err := os.ReadFile(u.prebuiltFile())
	if err != nil || json.Unmarshal(data, &state) != nil || state.URL != place || u.opts.Full || u.opts.Digest != "" {
		return condition{}
	}
	db, err := Open(u.dst)
	if err != nil {
		return condition{}
	}
	defer db.Close()
	if string(db.id) != state.ID || db.Verify() != nil {
		return condition{}
	}
	return condition{etag: state.ETag, modified: state.Modified}
}

// rememberPrebuilt only saves a download: without it, the next update
// fetches the file once more.
func (u *updater) rememberPrebuilt(state prebuiltState) {
	data, err := json.Marshal(state)
	if err == nil && os.MkdirAll(u.opts.CacheDir, 0o755) == nil {
		_ = atomicfile.WriteBytes(u.prebuiltFile(), 0o644, append(data, '\n'))
	}
}

// copyPlain writes what is served, without its compression, and returns the
// digest of it with that.
func (u *updater) copyPlain(w io.Writer, served io.Reader) (string, error) {
	most := &limit.Error{What: "advisory database", Max: u.opts.MaxBytes, Unit: "bytes", Flag: "the limit"}
	sum := sha256.New()
	in := bufio.NewReaderSize(io.TeeReader(limit.Reader(served, u.opts.MaxBytes, most), sum), 64<<10)
	plain, err := inflate(in)
	if err != nil {
		return "", err
	}
	if _, err := io.Copy(w, limit.Reader(plain, u.opts.MaxBytes, most)); err != nil {
		return "", err
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return "", err
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil)), nil
}

// servedBody is a file that an HTTP server gave, with what it calls it.
type servedBody struct {
	io.ReadCloser
	etag, modified string
}

// openPrebuilt opens a database file; nil is the one that we have.
func (u *updater) openPrebuilt(ctx context.Context, place string, have condition) (io.ReadCloser, error) {
	if ref, ok := strings.CutPrefix(place, "oci://"); ok {
		if u.opts.FetchOCI == nil {
			return nil, errNoOCI
		}
		return u.opts.FetchOCI(ctx, ref)
	}
	if !isURL(place) {
		return os.Open(place)
	}
	resp, err := u.client.get(ctx, "database", place, have)
	if err != nil || resp.same {
		return nil, err
	}
	return &servedBody{resp.body, resp.etag, resp.modified}, nil
}

// inflate undoes gzip or zstd, if there is any.
func inflate(in *bufio.Reader) (io.Reader, error) {
	head, _ := in.Peek(4)
	switch {
	case strings.HasPrefix(string(head), "\x1f\x8b"):
		return gzip.NewReader(in)
	case string(head) == "\x28\xb5\x2f\xfd":
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	}
	return in, nil
}
