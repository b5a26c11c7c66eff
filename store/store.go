// Package store is what is remembered: reports and what follows from them -
// images, layers, components, findings with their life cycle, waivers, who
// runs what, alerts - for many projects that know nothing of each other. It
// lies on SQLite or PostgreSQL with the same tables and the same SQL. Start at
// [Open]; [DB.Ingest] puts a report in and the rest reads.
//
// It scans nothing, judges nothing and speaks to nobody but its database: the
// order and the rights of callers are for package serve.
// docs/design/0008-server.md says why the tables are as they are.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/klauspost/compress/zstd"

	"github.com/boltseal/boltseal"
)

// ErrNotFound says that there is no such thing in the project that was asked.
var ErrNotFound = errors.New("not found")

// ErrConflict says that somebody else changed the thing first, or that a name
// is taken.
var ErrConflict = errors.New("conflict")

// ErrInvalid says that what was given cannot be kept as it is.
var ErrInvalid = errors.New("invalid")

// Options are the optional parameters of [Open].
type Options struct {
	// Now is the clock; nil is the system's.
	Now func() time.Time

	// Judge lays the project's waivers and its policy document (nil when
	// there is none) over a report that was uploaded; nil leaves reports as
	// they were made.
	Judge func(r *boltseal.Report, waivers []boltseal.Waiver, policy []byte) error

	// Keys are what a component is filed under, to be found again when
	// advisories change: check/vuln's Keys. Nil files it under its names only.
	Keys func(c *boltseal.Component, distro *boltseal.Distro) []string
}

// DB is an open store. Its methods may be called from many goroutines.
type DB struct {
	opts    Options
	dialect Dialect
	writer  *sql.DB
	reader  *sql.DB
	pool    *pgxpool.Pool // PostgreSQL only
	encoder *zstd.Encoder
	decoder *zstd.Decoder

	words *words

	mu       sync.Mutex
	prepared map[string]*sql.Stmt // on the writer; SQLite only
	wanted   map[string]bool
}

// Open opens the database at url - "sqlite:PATH" or "postgres://…" - and
// brings its tables to this release's form.
func Open(ctx context.Context, url string, opts *Options) (*DB, error) {
	d := &DB{words: newWords(), prepared: map[string]*sql.Stmt{}, wanted: map[string]bool{}}
	if opts != nil {
		d.opts = *opts
	}
	if d.opts.Now == nil {
		d.opts.Now = systemClock
	}
	var err error
	if d.encoder, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(4), zstd.WithWindowSize(1<<20)); err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	if d.decoder, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(4), zstd.WithDecoderMaxMemory(maxChunk)); err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	switch {
	case strings.HasPrefix(url, "sqlite:"):
		err = d.openSQLite(strings.TrimPrefix(url, "sqlite:"))
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		err = d.openPostgres(url)
	default:
		return nil, errors.New("open the store: want sqlite:PATH or postgres://…")
	}
	if err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	if err := d.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open the store: %w", err), d.Close())
	}
	err = d.Update(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO project (name, created) VALUES (?, ?) ON CONFLICT DO NOTHING", DefaultProject, d.now())
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the store: %w", err), d.Close())
	}
	return d, nil
}

// Close ends all connections.
func (d *DB) Close() error {
	d.mu.Lock()
	for _, s := range d.prepared {
		_ = s.Close()
	}
	d.prepared = map[string]*sql.Stmt{}
	d.mu.Unlock()
	d.decoder.Close()
	err := d.writer.Close()
	if d.reader != d.writer {
		err = errors.Join(err, d.reader.Close())
	}
	if d.pool != nil {
		d.pool.Close()
	}
	return err
}

// Ping asks whether the database answers.
func (d *DB) Ping(ctx context.Context) error {
	var one int
	if err := d.reader.QueryRowContext(ctx, "SELECT 1").Scan(&one); err != nil {
		return fmt.Errorf("ask the store: %w", err)
	}
	return nil
}

// Dialect says which database it is.
func (d *DB) Dialect() Dialect { return d.dialect }

// Writer is the pool of connections that write, for parts that bring their
// own tables and statements.
func (d *DB) Writer() *sql.DB { return d.writer }

// Pool is the pool of PostgreSQL's own driver, nil on SQLite.
func (d *DB) Pool() *pgxpool.Pool { return d.pool }

// Now is the store's clock.
func (d *DB) Now() time.Time { return d.opts.Now() }

func (d *DB) now() int64 { return d.opts.Now().UnixMilli() }
