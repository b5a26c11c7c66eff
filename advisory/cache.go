package advisory

import (
	"bytes"
	"context"
	"crypto/sha256"
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

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/atomicfile"
)

// cached is a downloaded file and what is known of it, kept in a second file
// beside it. The two are written one after the other; the digest tells when
// they are not of each other.
type cached struct {
	name string // path of the file

	URL      string    `json:"url"`
	ETag     string    `json:"etag,omitempty"`
	Modified string    `json:"lastModified,omitempty"` // as the server writes it
	SHA256   string    `json:"sha256"`
	Fetched  time.Time `json:"fetched,omitzero"` // when it was last known to be what the server has
	Whole    time.Time `json:"whole,omitzero"`   // when it was last fetched as a whole
	Newest   time.Time `json:"newest,omitzero"`  // OSV: the newest record of it and the changes beside it
}

// loadCached reads what is known of a cached file. When there is no file, or
// not the one that is described, only the name is set.
func loadCached(name string) *cached {
	c := &cached{name: name}
	data, err := os.ReadFile(name + ".state")
	if err != nil || json.Unmarshal(data, c) != nil {
		return &cached{name: name}
	}
	if sum, err := fileSum(name); err != nil || sum != c.SHA256 {
		return &cached{name: name}
	}
	return c
}

func (c *cached) there() bool { return c.SHA256 != "" }

func (c *cached) save() error {
	data, err := json.MarshalIndent(c, "", "\t")
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(c.name+".state", 0o644, append(data, '\n'))
}

func fileSum(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// take replaces the file with what the server sends, once check has found
// nothing wrong with it.
func (c *cached) take(resp *response, address string, now time.Time, check func(path string) error) error {
	sum := sha256.New()
	err := atomicfile.Write(c.name, 0o644, func(f *os.File) error {
		if _, err := io.Copy(io.MultiWriter(f, sum), resp.body); err != nil {
			return err
		}
		return check(f.Name())
	})
	if err != nil {
		return err
	}
	c.URL, c.ETag, c.Modified = address, resp.etag, resp.modified
	c.SHA256, c.Fetched, c.Whole = hex.EncodeToString(sum.Sum(nil)), now, now
	return c.save()
}

// condition is what to tell the server at that address, which is nothing
// when the file came from another.
func (c *cached) condition(address string, full bool) condition {
	if full || !c.there() || c.URL != address {
		return condition{}
	}
	return condition{etag: c.ETag, modified: c.Modified}
}

// fetchFile is how feeds of a single file are fetched.
func fetchFile(ctx context.Context, u *updater, s Source) fetched {
	feed, _ := feedNamed(s.Feed)
	dir := filepath.Join(u.opts.CacheDir, feed.Name)
	c := loadCached(filepath.Join(dir, "data"))
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		err = u.anyOf(s.Mirrors, func(address string) error {
			return u.refresh(ctx, feed.Name, address, c, func(path string) error {
				return feed.read(ctx, newBuilder(nil), Source{Feed: feed.Name, At: path})
			})
		})
	}
	state := boltseal.Feed{Name: feed.Name, Source: redactEmpty(c.URL), Fetched: c.Fetched}
	out := fetched{fresh: err == nil}
	if err != nil {
		state.Error = err.Error()
		out.errs = []error{fmt.Errorf("%s: %w", feed.Name, err)}
	}
	out.states = []boltseal.Feed{state}
	if c.there() {
		out.source = Source{Feed: feed.Name, At: c.name}
		out.inputs = []string{feed.Name + " " + c.SHA256}
	}
	return out
}

func redactEmpty(address string) string {
	if address == "" {
		return ""
	}
	return redact(address)
}

// refresh fetches one file unless the copy in the cache is what the server
// has.
func (u *updater) refresh(ctx context.Context, what, address string, c *cached, check func(string) error) error {
	resp, err := u.client.get(ctx, what, address, c.condition(address, u.opts.Full))
	if err != nil {
		return err
	}
	if resp.same {
		c.Fetched = u.opts.Now
		return c.save()
	}
	defer resp.body.Close()
	return c.take(resp, address, u.opts.Now, check)
}

// anyOf tries one place after another until one serves, and a place whose
// answer broke off once more.
func (u *updater) anyOf(places []string, try func(address string) error) error {
	var errs []error
	for _, place := range places {
		err := try(place)
		if brokeOff(err) {
			err = try(place)
		}
		if err == nil {
			return nil
		}
		errs = append(errs, err)
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			break
		}
	}
	return errors.Join(errs...)
}

// builderRevision rises when the same input gives another database: then
// the next update builds anew though nothing was published.
const builderRevision = 1

// inputsDigest names what a database is built from.
func inputsDigest(inputs []string) string {
	if slices.Contains(inputs, "") {
		return ""
	}
	inputs = slices.Clone(inputs)
	slices.Sort(inputs)
	sum := sha256.Sum256([]byte(fmt.Sprintf("builder %d\n%s", builderRevision, strings.Join(inputs, "\n"))))
	return hex.EncodeToString(sum[:])
}

// freshen writes the dates of an update into the old database when nothing
// else is new. It is false when the database must be built.
func (u *updater) freshen(inputs string, states []boltseal.Feed) (*boltseal.Snapshot, bool) {
	old, err := Open(u.dst)
	if err != nil {
		return nil, false
	}
	defer old.Close()
	if inputs == "" || old.meta.Inputs != inputs || old.Verify() != nil {
		return nil, false
	}
	m := old.meta
	m.Feeds = slices.Clone(m.Feeds)
	for i := range m.Feeds {
		f := &m.Feeds[i]
		at := slices.IndexFunc(states, func(s boltseal.Feed) bool { return s.Name == f.Name })
		if at < 0 {
			return nil, false
		}
		f.Source, f.Fetched, f.Error = states[at].Source, states[at].Fetched, states[at].Error
	}
	for _, s := range states {
		if s.Error != "" && !slices.ContainsFunc(m.Feeds, func(f boltseal.Feed) bool { return f.Name == s.Name }) {
			return nil, false
		}
	}
	m.Built = u.opts.Now.UTC()
	var snapshot *boltseal.Snapshot
	err = atomicfile.Write(u.dst, 0o644, func(f *os.File) error {
		var err error
		snapshot, err = rewrite(f, old, &m)
		return err
	})
	return snapshot, err == nil
}

// rewrite copies a database with other words about its feeds.
func rewrite(f *os.File, old *DB, m *meta) (*boltseal.Snapshot, error) {
	metaJSON, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	p, err := newPages(f)
	if err != nil {
		return nil, err
	}
	if err := p.section(secMeta, bytes.NewReader(metaJSON)); err != nil {
		return nil, err
	}
	for kind := secEcosystems; kind < knownSections; kind++ {
		data, err := old.whole(kind)
		if err != nil {
			return nil, err
		}
		if err := p.section(uint32(kind), bytes.NewReader(data)); err != nil {
			return nil, err
		}
	}
	id, err := p.finish(f)
	return &boltseal.Snapshot{ID: string(id), Built: m.Built, Feeds: m.Feeds}, err
}
