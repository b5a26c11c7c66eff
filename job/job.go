// Package job is work that must be done, whatever happens to the process that
// began it. River runs it, on the tables of the store's own database: a job is
// left in the transaction that makes it necessary, and is done in the one that
// has its effect. Start at [New] and [Queue].
package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/boltseal/boltseal/store"
)

// Work does a job. When it returns nil the job is done; after an error it is
// tried again, later each time.
type Work func(context.Context, *Job) error

// Job is one piece of work.
type Job struct {
	ID      int64
	Kind    string
	Key     string
	Attempt int

	args     json.RawMessage
	complete func(context.Context, *store.Tx) error
}

// Args reads what the job was left with.
func (j *Job) Args(v any) error {
	if err := json.Unmarshal(j.args, v); err != nil {
		return fmt.Errorf("job %s %s: %w", j.Kind, j.Key, err)
	}
	return nil
}

// Complete marks the job as done within a transaction: what else is in it
// happens exactly once, or not yet.
func (j *Job) Complete(ctx context.Context, tx *store.Tx) error { return j.complete(ctx, tx) }

// Periodic is a job that is left again and again.
type Periodic struct {
	Kind  string
	Every time.Duration
}

// Options are the optional parameters of [New].
type Options struct {
	Workers  int // jobs at once; 0 is 4
	Log      *slog.Logger
	Periodic []Periodic
	Retries  int           // tries before a job is given up; 0 is 12
	Timeout  time.Duration // of one try; 0 is an hour
}

// Queue is where jobs are left, and who does them.
type Queue struct {
	db     *store.DB
	work   map[string]Work
	opts   Options
	engine engine
}

// engine is River on one of the databases.
type engine interface {
	insert(context.Context, river.JobArgs, *river.InsertOpts) (*rivertype.JobInsertResult, error)
	insertTx(context.Context, *store.Tx, river.JobArgs, *river.InsertOpts) (*rivertype.JobInsertResult, error)
	completeTx(context.Context, *store.Tx, *river.Job[task]) error
	run(context.Context) error
	list(context.Context, *river.JobListParams) (*river.JobListResult, error)
	retry(context.Context, int64) (*rivertype.JobRow, error)
	cancel(context.Context, int64) (*rivertype.JobRow, error)
}

// task is what River keeps of a job.
type task struct {
	Name string          `json:"name" river:"unique"`
	Key  string          `json:"key" river:"unique"`
	Args json.RawMessage `json:"args,omitempty"`
}

// Kind implements river.JobArgs.
func (task) Kind() string { return "boltseal" }

// New makes the queue of a store and brings its tables to this release's
// form. Jobs of kinds that work does not have are left for another process.
func New(ctx context.Context, db *store.DB, work map[string]Work, opts *Options) (*Queue, error) {
	q := &Queue{db: db, work: work}
	if opts != nil {
		q.opts = *opts
	}
	if q.opts.Log == nil {
		q.opts.Log = slog.New(slog.DiscardHandler)
	}
	if q.opts.Workers <= 0 {
		q.opts.Workers = 4
	}
	if q.opts.Retries <= 0 {
		q.opts.Retries = 12
	}
	if q.opts.Timeout <= 0 {
		q.opts.Timeout = time.Hour
	}
	var err error
	if db.Dialect() == store.SQLite {
		q.engine, err = newSQLite(ctx, q)
	} else {
		q.engine, err = newPostgres(ctx, q)
	}
	if err != nil {
		return nil, fmt.Errorf("open the queue: %w", err)
	}
	return q, nil
}

// config is what River is told on either database.
func (q *Queue) config() *river.Config {
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{queue: q})
	c := &river.Config{
		Logger:                      slog.New(quiet{q.opts.Log.Handler()}),
		MaxAttempts:                 q.opts.Retries,
		JobTimeout:                  q.opts.Timeout,
		RescueStuckJobsAfter:        q.opts.Timeout + time.Minute,
		FetchCooldown:               50 * time.Millisecond,
		CompletedJobRetentionPeriod: time.Hour,
		FetchPollInterval:           500 * time.Millisecond,
		Workers:                     workers,
	}
	if len(q.work) > 0 {
		c.Queues = map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: q.opts.Workers}}
	}
	for _, p := range q.opts.Periodic {
		c.PeriodicJobs = append(c.PeriodicJobs, river.NewPeriodicJob(river.PeriodicInterval(p.Every), func() (river.JobArgs, *river.InsertOpts) {
			return task{Name: p.Kind}, q.insertOpts()
		}, &river.PeriodicJobOpts{RunOnStart: true}))
	}
	return c
}

// open are the states of a job that is not done.
var open = []rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateRetryable, rivertype.JobStateScheduled}

func (q *Queue) insertOpts() *river.InsertOpts {
	return &river.InsertOpts{MaxAttempts: q.opts.Retries, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: open}}
}

// Add leaves a job. Of one kind and key there is at most one that is not done.
func (q *Queue) Add(ctx context.Context, kind, key string, args any) error {
	t, err := newTask(kind, key, args)
	if err == nil {
		_, err = q.engine.insert(ctx, t, q.insertOpts())
	}
	if err != nil {
		return fmt.Errorf("leave job %s %s: %w", kind, key, err)
	}
	return nil
}

// AddTx leaves a job in a transaction: it is there when that is committed.
func (q *Queue) AddTx(ctx context.Context, tx *store.Tx, kind, key string, args any) error {
	t, err := newTask(kind, key, args)
	if err == nil {
		_, err = q.engine.insertTx(ctx, tx, t, q.insertOpts())
	}
	if err != nil {
		return fmt.Errorf("leave job %s %s: %w", kind, key, err)
	}
	return nil
}

func newTask(kind, key string, args any) (task, error) {
	t := task{Name: kind, Key: key}
	if args == nil {
		return t, nil
	}
	var err error
	t.Args, err = json.Marshal(args)
	return t, err
}

// Run does jobs until the context ends, and then finishes what it has begun.
func (q *Queue) Run(ctx context.Context) error {
	if err := q.engine.run(ctx); err != nil {
		return fmt.Errorf("work: %w", err)
	}
	return nil
}

// stopTime is how long jobs may go on after they were told to end.
const stopTime = 20 * time.Second

// runner is what both kinds of River's client can.
type runner interface {
	Start(context.Context) error
	Stop(context.Context) error
	StopAndCancel(context.Context) error
}

func runUntil(ctx context.Context, r runner) error {
	if err := r.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	<-ctx.Done()
	soft, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	err := r.Stop(soft)
	if errors.Is(err, context.DeadlineExceeded) {
		hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer cancel()
		err = r.StopAndCancel(hard)
	}
	return err
}

// worker does every kind of job.
type worker struct {
	river.WorkerDefaults[task]
	queue *Queue
}

// Work implements river.Worker.
func (w *worker) Work(ctx context.Context, j *river.Job[task]) error {
	work, ok := w.queue.work[j.Args.Name]
	if !ok {
		return river.JobSnooze(time.Minute) // another process may know how
	}
	done := &Job{ID: j.ID, Kind: j.Args.Name, Key: j.Args.Key, Attempt: j.Attempt, args: j.Args.Args}
	done.complete = func(ctx context.Context, tx *store.Tx) error { return w.queue.engine.completeTx(ctx, tx, j) }
	err := work(ctx, done)
	if err != nil {
		w.queue.opts.Log.Warn("a job failed", "kind", done.Kind, "key", done.Key, "attempt", done.Attempt, "error", err.Error())
	}
	return err
}

// State is a job as it stands.
type State struct {
	ID      int64     `json:"id"`
	Kind    string    `json:"kind"`
	Key     string    `json:"key,omitempty"`
	State   string    `json:"state"` // available, running, retryable, completed, discarded, …
	Attempt int       `json:"attempt"`
	At      time.Time `json:"at"` // when it is or was due
	Done    time.Time `json:"done,omitzero"`
	Error   string    `json:"error,omitempty"` // of the last try
}

// List lists jobs, newest first. state narrows it to one, such as discarded.
func (q *Queue) List(ctx context.Context, state string, limit int) ([]State, error) {
	params := river.NewJobListParams().First(max(1, min(limit, 1000))).OrderBy(river.JobListOrderByID, river.SortOrderDesc)
	if state != "" {
		params = params.States(rivertype.JobState(state))
	}
	got, err := q.engine.list(ctx, params)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	list := []State{}
	for _, row := range got.Jobs {
		list = append(list, stateOf(row))
	}
	return list, nil
}

func stateOf(row *rivertype.JobRow) State {
	var t task
	_ = json.Unmarshal(row.EncodedArgs, &t) // what cannot be read has no name
	s := State{ID: row.ID, Kind: t.Name, Key: t.Key, State: string(row.State), Attempt: row.Attempt, At: row.ScheduledAt}
	if row.FinalizedAt != nil {
		s.Done = *row.FinalizedAt
	}
	if n := len(row.Errors); n > 0 {
		s.Error = row.Errors[n-1].Error
	}
	return s
}

// Retry makes a job due now.
func (q *Queue) Retry(ctx context.Context, id int64) error { return q.one(ctx, id, q.engine.retry) }

// Cancel gives a job up.
func (q *Queue) Cancel(ctx context.Context, id int64) error { return q.one(ctx, id, q.engine.cancel) }

func (q *Queue) one(ctx context.Context, id int64, fn func(context.Context, int64) (*rivertype.JobRow, error)) error {
	_, err := fn(ctx, id)
	if errors.Is(err, rivertype.ErrNotFound) {
		err = store.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("job %d: %w", id, err)
	}
	return nil
}

// quiet leaves out what River says about its own health at every turn.
type quiet struct{ slog.Handler }

// Enabled implements slog.Handler.
func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelError && q.Handler.Enabled(ctx, level)
}
