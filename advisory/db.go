package advisory

import (
	"iter"

	"github.com/boltseal/boltseal"
)

// DB is an open advisory database. All methods may be called from several
// goroutines at once, and any number of processes may have one file open:
// nobody locks anything.
type DB struct{}

// Open maps the database file of that name. Replacing the file afterwards
// does not disturb an open DB.
func Open(path string) (*DB, error) { return nil, ErrFormat }

// Close gives the mapping back. Nothing that came from the database refers
// to it, so records outlive it.
func (db *DB) Close() error { return nil }

// Snapshot names the data: content digest, age and state of every feed.
func (db *DB) Snapshot() *boltseal.Snapshot { return nil }

// Covers says whether the database has any record of the ecosystem, its
// release included: where it has none, having found nothing means nothing.
func (db *DB) Covers(ecosystem string) bool { return false }

// Releases lists every ecosystem and release that the database has records
// of, in the order of their names.
func (db *DB) Releases() []Release { return nil }

// Lookup gives the records of the package of that name in the ecosystem, in
// the order of their ids. Both names may be in any spelling that the
// ecosystem takes for the same. An error ends the sequence.
func (db *DB) Lookup(ecosystem, name string) iter.Seq2[Record, error] {
	return func(func(Record, error) bool) {}
}

// Keys gives every ecosystem and package name of the database in order.
func (db *DB) Keys() iter.Seq2[Key, error] { return func(func(Key, error) bool) {} }

// Advisory gives the words, ratings and dates of the advisory or the
// vulnerability of that id, without Affected. An advisory about one
// vulnerability also has what is known of that one: the ratings that others
// give, EPSS and KEV. Of an advisory about several, ask for each of
// [Record.Vulns].
func (db *DB) Advisory(id string) (*boltseal.Advisory, error) { return nil, ErrNotFound }

// Verify reads the whole file and compares every checksum.
func (db *DB) Verify() error { return nil }
