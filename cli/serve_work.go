package cli

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
	"github.com/boltseal/boltseal/job"
	"github.com/boltseal/boltseal/store"
)

// station is a process that does a server's work.
type station struct {
	env   *Env
	db    *store.DB
	log   *slog.Logger
	queue *job.Queue
	feed  string // the advisory database
	kept  string // what everything was matched with last, as this machine has it
}

// matchedMark is the advisory data that everything was matched with.
const matchedMark = "advisories"

// newStation opens the queue with all the work that this program knows.
func newStation(ctx context.Context, env *Env, f *serverFlags, db *store.DB, log *slog.Logger) (*station, error) {
	s := &station{env: env, db: db, log: log, feed: f.feed}
	var err error
	if s.feed == "" {
		if s.feed, err = dbPath(env); err != nil {
			return nil, err
		}
	}
	s.kept = s.feed + ".matched"
	work := map[string]job.Work{
		"advisories": s.advisories,
		"match":      s.match,
		"judge":      s.judge,
		"trend":      func(ctx context.Context, _ *job.Job) error { return db.KeepTrend(ctx) },
		"tally":      func(ctx context.Context, _ *job.Job) error { return db.KeepTally(ctx) },
		"expire":     func(ctx context.Context, _ *job.Job) error { _, err := db.Expire(ctx); return err },
		"sweep":      func(ctx context.Context, _ *job.Job) error { return db.Sweep(ctx, f.keep) },
	}
	s.queue, err = job.New(ctx, db, work, &job.Options{Workers: f.jobs, Log: log, Periodic: []job.Periodic{
		{Kind: "advisories", Every: time.Minute},
		{Kind: "judge", Every: 5 * time.Second},
		{Kind: "expire", Every: time.Minute},
		{Kind: "trend", Every: 10 * time.Minute},
		{Kind: "tally", Every: 10 * time.Minute},
		{Kind: "sweep", Every: 24 * time.Hour},
	}})
	return s, err
}

// advisories matches anew what the advisories that changed may concern.
func (s *station) advisories(ctx context.Context, j *job.Job) error {
	newer, err := advisory.Open(s.feed)
	if err != nil {
		if os.IsNotExist(unwrapAll(err)) {
			return nil // there is none yet; reports say so themselves
		}
		return err
	}
	defer newer.Close()
	matched, err := s.db.Mark(ctx, matchedMark)
	if err != nil || matched == newer.Snapshot().ID {
		return err
	}
	older := s.before(matched)
	if older != nil {
		defer older.Close()
	}
	applied, err := job.Rematch(ctx, s.db, older, newer)
	if err != nil {
		return err
	}
	s.log.Info("matched with new advisories", "snapshot", newer.Snapshot().ID, "images", applied.Images, "new", applied.New, "fixed", applied.Fixed)
	if err := s.keep(); err != nil {
		s.log.Warn("keep the advisories to compare the next ones with", "error", err.Error())
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if err := tx.SetMark(ctx, matchedMark, newer.Snapshot().ID); err != nil {
			return err
		}
		return j.Complete(ctx, tx)
	})
}

// before is the database that everything was matched with, nil where this
// machine does not have it: then everything is compared.
func (s *station) before(snapshot string) *advisory.DB {
	older, err := advisory.Open(s.kept)
	if err != nil {
		return nil
	}
	if older.Snapshot().ID != snapshot {
		_ = older.Close() // it was only read
		return nil
	}
	return older
}

// keep remembers the database as it is: a new one takes its name, and this
// one stays under another.
func (s *station) keep() error {
	next := filepath.Join(filepath.Dir(s.kept), "."+filepath.Base(s.kept)+".next")
	if err := os.Remove(next); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Link(s.feed, next); err != nil {
		return err
	}
	return os.Rename(next, s.kept)
}

// match compares one image with the advisories that everything else was
// matched with.
func (s *station) match(ctx context.Context, j *job.Job) error {
	var args struct{ Image int64 }
	if err := j.Args(&args); err != nil {
		return err
	}
	newer, err := advisory.Open(s.feed)
	if err != nil {
		return err
	}
	defer newer.Close()
	_, err = job.MatchImage(ctx, s.db, args.Image, newer)
	return err
}

// received leaves work for a report that was made with other advisories than
// those that the store was matched with.
func (s *station) received(ctx context.Context, tx *store.Tx, r *boltseal.Report, receipt *store.Receipt) error {
	matched, err := s.db.Mark(ctx, matchedMark)
	if err != nil || matched == "" || receipt.Stale || len(r.Components) == 0 {
		return err
	}
	if r.Snapshot != nil && r.Snapshot.ID == matched {
		return nil
	}
	return s.queue.AddTx(ctx, tx, "match", strconv.FormatInt(receipt.Image, 10), map[string]int64{"image": receipt.Image})
}

// judge thinks over verdicts until none is left.
func (s *station) judge(ctx context.Context, _ *job.Job) error {
	for ctx.Err() == nil {
		n, err := s.db.Rejudge(ctx, 200)
		if err != nil || n == 0 {
			return err
		}
	}
	return ctx.Err()
}

var _ = addVerb(func(env *Env) *cobra.Command {
	f := &serverFlags{}
	cmd := &cobra.Command{
		Use:   "worker",
		Short: "Do the work of a server that others answer for",
		Long: `Do the work of a server that others answer for: matching with new advisories,
trends, retention. Any number of workers share one PostgreSQL database; each
job is done once.`,
		Example: `  boltseal worker --database postgres://boltseal@db.example.org/boltseal --workers 8`,
		Args:    none,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if f.jobs < 1 {
				return usagef("--workers: want at least 1")
			}
			ctx := cmd.Context()
			db, err := f.open(ctx, env)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, db.Close()) }()
			s, err := newStation(ctx, env, f, db, f.log(env))
			if err != nil {
				return err
			}
			return s.queue.Run(ctx)
		},
	}
	f.register(cmd)
	return cmd
})
