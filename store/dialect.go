package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Dialect is a kind of database.
type Dialect string

// The dialects.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

func systemClock() time.Time { return time.Now() } //nolint:forbidigo // the default of Options.Now

// openSQLite opens a file: one connection that writes, several that read. A
// write-ahead log lets them work at once, and a commit is on the disk when it
// returns.
func (d *DB) openSQLite(path string) error {
	if path == "" {
		return errors.New("want sqlite:PATH")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	dsn := func(more ...string) string {
		q := url.Values{"_pragma": append([]string{"busy_timeout(30000)", "journal_mode(WAL)", "synchronous(FULL)", "temp_store(MEMORY)"}, more...)}
		return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
	}
	d.dialect = SQLite
	if d.writer, err = sql.Open("sqlite", dsn("cache_size(-65536)", "wal_autocheckpoint(4000)")+"&_txlock=immediate"); err != nil {
		return err
	}
	d.writer.SetMaxOpenConns(1)
	d.writer.SetConnMaxLifetime(0)
	if d.reader, err = sql.Open("sqlite", dsn("cache_size(-16384)", "query_only(1)")); err != nil {
		return err
	}
	readers := max(4, runtime.NumCPU())
	d.reader.SetMaxOpenConns(readers)
	d.reader.SetMaxIdleConns(readers)
	return nil
}

func (d *DB) openPostgres(url string) error {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return errors.New("the address of the PostgreSQL database cannot be read") // the cause would print its password
	}
	config.MaxConns = max(config.MaxConns, int32(min(64, 8*runtime.NumCPU())))
	config.MaxConnIdleTime = 5 * time.Minute
	if d.pool, err = pgxpool.NewWithConfig(context.Background(), config); err != nil {
		return err
	}
	d.dialect = Postgres
	d.writer = stdlib.OpenDBFromPool(d.pool)
	d.writer.SetMaxOpenConns(int(config.MaxConns) - 4) // the rest is for jobs
	d.writer.SetMaxIdleConns(0)                        // the pool keeps them
	d.reader = d.writer
	return nil
}

// rebind writes ? as the dialect's place holders.
func (d *DB) rebind(query string) string {
	if d.dialect == SQLite {
		return query
	}
	var b strings.Builder
	b.Grow(len(query) + 16)
	n := 0
	for {
		i := strings.IndexByte(query, '?')
		if i < 0 {
			b.WriteString(query)
			return b.String()
		}
		n++
		b.WriteString(query[:i])
		fmt.Fprintf(&b, "$%d", n)
		query = query[i+1:]
	}
}

// again tells whether a transaction that failed so may succeed when it is
// tried again from its start.
func again(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pg.Code {
		case "40001", "40P01", "55P03": // serialization failure, deadlock, lock not available
			return true
		}
		return false
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		code := lite.Code() & 0xff
		return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
	}
	return errors.Is(err, driver.ErrBadConn)
}

// taken tells whether a row was refused because its key is there already.
func taken(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23505"
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// list is how a column is compared with many numbers, given as one parameter.
func (d *DB) list(column string) string {
	if d.dialect == Postgres {
		return column + " = ANY(?)"
	}
	return column + " IN (SELECT value FROM json_each(?))"
}

// listArg is the parameter of list.
func (d *DB) listArg(ids []int64) any {
	if d.dialect == Postgres {
		return ids
	}
	b := make([]byte, 0, 8*len(ids)+2)
	b = append(b, '[')
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, "%d", id)
	}
	return string(append(b, ']'))
}
