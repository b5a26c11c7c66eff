package job

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"github.com/boltseal/boltseal/store"
)

type postgresEngine struct{ client *river.Client[pgx.Tx] }

func newPostgres(ctx context.Context, q *Queue) (engine, error) {
	driver := riverpgxv5.New(q.db.Pool())
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: q.config().Logger})
	if err != nil {
		return nil, err
	}
	// Several servers may start at once.
	err = q.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(?)", int64(0x626f6c74)); err != nil {
			return err
		}
		_, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	client, err := river.NewClient(driver, q.config())
	if err != nil {
		return nil, err
	}
	return &postgresEngine{client}, nil
}

func (e *postgresEngine) insert(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error) {
	return e.client.Insert(ctx, args, opts)
}

func (e *postgresEngine) insertTx(ctx context.Context, tx *store.Tx, args river.JobArgs, opts *river.InsertOpts) (result *rivertype.JobInsertResult, err error) {
	err = within(tx, func(own pgx.Tx) error {
		result, err = e.client.InsertTx(ctx, own, args, opts)
		return err
	})
	return result, err
}

func (e *postgresEngine) completeTx(ctx context.Context, tx *store.Tx, j *river.Job[task]) error {
	return within(tx, func(own pgx.Tx) error {
		_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, own, j)
		return err
	})
}

func (e *postgresEngine) run(ctx context.Context) error { return runUntil(ctx, e.client) }

func (e *postgresEngine) list(ctx context.Context, p *river.JobListParams) (*river.JobListResult, error) {
	return e.client.JobList(ctx, p)
}

func (e *postgresEngine) retry(ctx context.Context, id int64) (*rivertype.JobRow, error) {
	return e.client.JobRetry(ctx, id)
}

func (e *postgresEngine) cancel(ctx context.Context, id int64) (*rivertype.JobRow, error) {
	return e.client.JobCancel(ctx, id)
}

// within gives the store's transaction to River, which speaks to PostgreSQL's
// own driver: it is whatever the connection is in.
func within(tx *store.Tx, fn func(pgx.Tx) error) error {
	return tx.Raw(func(driverConn any) error {
		conn, ok := driverConn.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("the store's connection is a %T", driverConn)
		}
		return fn(borrowed{conn.Conn()})
	})
}

var errBorrowed = errors.New("the transaction belongs to the store")

// borrowed is a transaction that somebody else began and will end.
type borrowed struct{ conn *pgx.Conn }

func (b borrowed) Begin(context.Context) (pgx.Tx, error) { return nil, errBorrowed }
func (b borrowed) Commit(context.Context) error          { return errBorrowed }
func (b borrowed) Rollback(context.Context) error        { return errBorrowed }
func (b borrowed) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error) {
	return b.conn.CopyFrom(ctx, table, columns, rows)
}
func (b borrowed) SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults {
	return b.conn.SendBatch(ctx, batch)
}
func (b borrowed) LargeObjects() pgx.LargeObjects { return pgx.LargeObjects{} }
func (b borrowed) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	return b.conn.Prepare(ctx, name, sql)
}
func (b borrowed) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return b.conn.Exec(ctx, sql, args...)
}
func (b borrowed) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return b.conn.Query(ctx, sql, args...)
}
func (b borrowed) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return b.conn.QueryRow(ctx, sql, args...)
}
func (b borrowed) Conn() *pgx.Conn { return b.conn }
