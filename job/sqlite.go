package job

import (
	"context"
	"database/sql"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"github.com/boltseal/boltseal/store"
)

type sqliteEngine struct{ client *river.Client[*sql.Tx] }

func newSQLite(ctx context.Context, q *Queue) (engine, error) {
	driver := riversqlite.New(q.db.Writer())
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: q.config().Logger})
	if err != nil {
		return nil, err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, err
	}
	client, err := river.NewClient(driver, q.config())
	if err != nil {
		return nil, err
	}
	return &sqliteEngine{client}, nil
}

func (e *sqliteEngine) insert(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error) {
	return e.client.Insert(ctx, args, opts)
}

func (e *sqliteEngine) insertTx(ctx context.Context, tx *store.Tx, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error) {
	return e.client.InsertTx(ctx, tx.SQL(), args, opts)
}

func (e *sqliteEngine) completeTx(ctx context.Context, tx *store.Tx, j *river.Job[task]) error {
	_, err := river.JobCompleteTx[*riversqlite.Driver](ctx, tx.SQL(), j)
	return err
}

func (e *sqliteEngine) run(ctx context.Context) error { return runUntil(ctx, e.client) }

func (e *sqliteEngine) list(ctx context.Context, p *river.JobListParams) (*river.JobListResult, error) {
	return e.client.JobList(ctx, p)
}

func (e *sqliteEngine) retry(ctx context.Context, id int64) (*rivertype.JobRow, error) {
	return e.client.JobRetry(ctx, id)
}

func (e *sqliteEngine) cancel(ctx context.Context, id int64) (*rivertype.JobRow, error) {
	return e.client.JobCancel(ctx, id)
}
