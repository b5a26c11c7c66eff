package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Tx is one transaction. Its statements are written with ? as place holders.
type Tx struct {
	db   *DB
	tx   *sql.Tx
	conn *sql.Conn // PostgreSQL only
}

// tries is how often a transaction is begun that another one got in the way of.
const tries = 8

// Update runs fn in a transaction that may write, and commits it when fn gives
// no error. Where the database says that two transactions got in each other's
// way it runs fn again, so fn must not do what a roll-back does not undo.
func (d *DB) Update(ctx context.Context, fn func(*Tx) error) error {
	return d.updates(ctx, true, fn)
}

// write is Update for what nothing is lost with: words, which are written
// again when they are needed. Its commit does not wait for the disk. The next
// one that does brings it there too, because both databases write one log.
func (d *DB) write(ctx context.Context, fn func(*Tx) error) error {
	return d.updates(ctx, false, fn)
}

func (d *DB) updates(ctx context.Context, wait bool, fn func(*Tx) error) error {
	var err error
	for n := range tries {
		if err = d.update(ctx, wait, fn); err == nil || !again(err) || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(1<<n) * time.Millisecond):
		}
	}
	return err
}

func (d *DB) update(ctx context.Context, wait bool, fn func(*Tx) error) (err error) {
	if d.dialect == SQLite {
		defer d.prepareWanted(ctx)
	}
	conn, err := d.writer.Conn(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if !wait && d.dialect == SQLite {
		if _, err := conn.ExecContext(ctx, "PRAGMA synchronous = NORMAL"); err != nil {
			return fmt.Errorf("begin: %w", err)
		}
		defer func() {
			// A connection that does not wait any more must not be used for what must be there.
			if _, full := conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA synchronous = FULL"); full != nil {
				err = errors.Join(err, full, conn.Raw(func(any) error { return driver.ErrBadConn }))
			}
		}()
	}
	// What was begun is ended whole: a statement that is interrupted half-way
	// would cost a goroutine for each, and the statements here are short.
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if err != nil {
			if rollback := tx.Rollback(); rollback != nil && !errors.Is(rollback, sql.ErrTxDone) {
				err = errors.Join(err, rollback)
			}
		}
	}()
	if !wait && d.dialect == Postgres {
		if _, err := tx.ExecContext(ctx, "SET LOCAL synchronous_commit = off"); err != nil {
			return fmt.Errorf("begin: %w", err)
		}
	}
	if err := fn(&Tx{db: d, tx: tx, conn: conn}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// View runs fn on one state of the database; it cannot write.
func (d *DB) View(ctx context.Context, fn func(*Tx) error) error {
	tx, err := d.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: d.snapshot()})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	return fn(&Tx{db: d, tx: tx})
}

// snapshot is the isolation in which one transaction sees one state.
func (d *DB) snapshot() sql.IsolationLevel {
	if d.dialect == Postgres {
		return sql.LevelRepeatableRead
	}
	return sql.LevelDefault
}

// SQL is the transaction as database/sql knows it.
func (t *Tx) SQL() *sql.Tx { return t.tx }

// Raw runs fn with the driver's connection that the transaction is on.
func (t *Tx) Raw(fn func(driverConn any) error) error { return t.conn.Raw(fn) }

// Exec runs a statement and tells how many rows it changed.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	ctx = t.context(ctx)
	var result sql.Result
	var err error
	if s := t.statement(ctx, query); s != nil {
		result, err = s.ExecContext(ctx, args...)
	} else {
		result, err = t.tx.ExecContext(ctx, t.db.rebind(query), args...)
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", verb(query), err)
	}
	return result.RowsAffected()
}

// Query runs a query. The caller closes the rows.
func (t *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx = t.context(ctx)
	var rows *sql.Rows
	var err error
	if s := t.statement(ctx, query); s != nil {
		rows, err = s.QueryContext(ctx, args...)
	} else {
		rows, err = t.tx.QueryContext(ctx, t.db.rebind(query), args...)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", verb(query), err)
	}
	return rows, nil
}

// Get reads the one row that a query gives into dest, or returns
// [ErrNotFound].
func (t *Tx) Get(ctx context.Context, dest []any, query string, args ...any) error {
	rows, err := t.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return fmt.Errorf("%s: %w", verb(query), err)
		}
		return ErrNotFound
	}
	if err := rows.Scan(dest...); err != nil {
		return fmt.Errorf("%s: %w", verb(query), err)
	}
	return rows.Close()
}

// Each calls fn for every row of a query; fn reads it with scan.
func (t *Tx) Each(ctx context.Context, fn func(scan func(...any) error) error, query string, args ...any) error {
	rows, err := t.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return fmt.Errorf("%s: %w", verb(query), err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("%s: %w", verb(query), err)
	}
	return nil
}

// Insert adds a row and gives its id.
func (t *Tx) Insert(ctx context.Context, query string, args ...any) (int64, error) {
	var id int64
	return id, t.Get(ctx, []any{&id}, query+" RETURNING id", args...)
}

// context leaves a reader's patience to the reader, and ends what was begun.
func (t *Tx) context(ctx context.Context) context.Context {
	if t.conn == nil {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

// maxPrepared bounds the statements that are kept compiled.
const maxPrepared = 200

// statement gives the compiled form of a query of SQLite's writer. Compiling
// needs the one connection, so a query that is new is compiled after the
// transaction. PostgreSQL's driver does the like by itself.
func (t *Tx) statement(ctx context.Context, query string) *sql.Stmt {
	d := t.db
	if d.dialect != SQLite || t.conn == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if s, ok := d.prepared[query]; ok {
		return t.tx.StmtContext(ctx, s)
	}
	if len(d.prepared)+len(d.wanted) < maxPrepared {
		d.wanted[query] = true
	}
	return nil
}

func (d *DB) prepareWanted(ctx context.Context) {
	d.mu.Lock()
	var queries []string
	for query := range d.wanted {
		queries = append(queries, query)
	}
	clear(d.wanted)
	d.mu.Unlock()
	for _, query := range queries {
		s, err := d.writer.PrepareContext(ctx, query)
		if err != nil {
			continue // running it will say what is wrong
		}
		d.mu.Lock()
		if _, ok := d.prepared[query]; ok {
			_ = s.Close()
		} else {
			d.prepared[query] = s
		}
		d.mu.Unlock()
	}
}

// verb names a statement in an error: its first words and no value.
func verb(query string) string {
	fields := strings.Fields(query)
	return strings.ToLower(strings.Join(fields[:min(3, len(fields))], " "))
}

// rows writes many rows with few statements.
type rows struct {
	tx      *Tx
	insert  string // "INSERT INTO t (a, b) VALUES"
	after   string // "ON CONFLICT DO NOTHING"
	columns int
	args    []any
}

// rowsAtOnce are the numbers of rows in one statement: few, so that each is
// compiled once.
var rowsAtOnce = []int{64, 8, 1}

func (r *rows) add(values ...any) { r.args = append(r.args, values...) }

func (r *rows) flush(ctx context.Context) error {
	args := r.args
	row := "(" + strings.TrimSuffix(strings.Repeat("?,", r.columns), ",") + ")"
	for _, n := range rowsAtOnce {
		var query string
		for len(args) >= n*r.columns {
			if query == "" {
				query = r.insert + " " + strings.TrimSuffix(strings.Repeat(row+",", n), ",") + " " + r.after
			}
			if _, err := r.tx.Exec(ctx, query, args[:n*r.columns]...); err != nil {
				return err
			}
			args = args[n*r.columns:]
		}
	}
	r.args = r.args[:0]
	return nil
}
