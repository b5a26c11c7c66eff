package advisory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/atomicfile"
)

// Source is where the data of one feed is.
type Source struct {
	Feed string // name of a [Feed]: "osv", "debian", "kev"

	// At is a file or a directory. For Update it may be the address of a
	// server (http or https) as well.
	At string

	// Mirrors are further places of the same data, tried in order when At
	// does not answer.
	Mirrors []string

	// Ecosystems are the ones to take of an OSV source, without their
	// releases; nil takes [DefaultEcosystems] from a server and all there
	// are from a disk. "*" takes all from both.
	Ecosystems []string

	parts []part   // of an OSV source, when the updater knows them
	files []string // of a feed of several files, when the updater knows them
}

// BuildOptions are what Build does not need to be told.
type BuildOptions struct {
	Jobs    int             // goroutines that decode; 0 is one for each processor
	Built   time.Time       // written into the file; zero takes the newest record's date, so that same data gives same bytes
	TempDir string          // for the spool; empty is the destination's directory
	Feeds   []boltseal.Feed // where the feeds of these names came from, when, and what failed
	Left    func(Left)      // told what was left out, in order
}

// Left is a record, or a part of one, that Build did not take.
type Left struct {
	Feed string
	ID   string
	Why  string
}

var errNothing = errors.New("no advisories in it")

// Build makes the database file dst of what the sources hold on disk, or
// leaves dst as it was. The same sources give the same bytes. A source that
// cannot be read fails it; one broken ecosystem of many does not, and says
// so in its [boltseal.Feed].
func Build(ctx context.Context, dst string, feeds []Source, opts *BuildOptions) (*boltseal.Snapshot, error) {
	b := newBuilder(opts)
	if b.spool.dir == "" {
		b.spool.dir = filepath.Dir(dst)
	}
	snapshot, err := b.build(ctx, dst, feeds)
	if err := errors.Join(err, b.spool.close()); err != nil {
		return nil, fmt.Errorf("build the advisory database: %w", err)
	}
	return snapshot, nil
}

func (b *builder) build(ctx context.Context, dst string, sources []Source) (*boltseal.Snapshot, error) {
	sources = slices.Clone(sources)
	slices.SortStableFunc(sources, func(x, y Source) int {
		return cmp.Or(cmp.Compare(x.standing(), y.standing()), cmp.Compare(x.Feed, y.Feed))
	})
	var failures []error
	for _, s := range sources {
		feed, ok := feedNamed(s.Feed)
		if !ok {
			return nil, fmt.Errorf("no feed %q", s.Feed)
		}
		if slices.Contains(s.Ecosystems, "*") {
			s.Ecosystems = nil
		}
		if err := feed.read(ctx, b, s); err != nil {
			if feed.parse == nil || ctx.Err() != nil {
				return nil, err
			}
			// It gave nothing, and the others are whole without it.
			b.feed(feed.Name).Error = err.Error()
			failures = append(failures, err)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(b.rows) == 0 {
		return nil, errors.Join(append([]error{errNothing}, failures...)...)
	}
	var snapshot *boltseal.Snapshot
	err := atomicfile.Write(dst, 0o644, func(f *os.File) error {
		var err error
		snapshot, err = b.write(f)
		return err
	})
	return snapshot, err
}

// states are the feeds as the file names them, and the number of each as
// they came.
func (b *builder) states() (list []boltseal.Feed, number []uint64) {
	for _, given := range b.opts.Feeds {
		f := b.feed(given.Name)
		f.Source, f.Fetched, f.Error = given.Source, given.Fetched, cmp.Or(f.Error, given.Error)
		if f.Modified.IsZero() {
			f.Modified = given.Modified // what the server calls its date
		}
	}
	for _, f := range b.feeds {
		if f.Records > 0 || f.Error != "" {
			list = append(list, *f)
		}
	}
	slices.SortFunc(list, func(x, y boltseal.Feed) int { return cmp.Compare(x.Name, y.Name) })
	for _, name := range b.order.list {
		i, _ := slices.BinarySearchFunc(list, name, func(f boltseal.Feed, name string) int { return cmp.Compare(f.Name, name) })
		number = append(number, uint64(i))
	}
	return list, number
}
