// Package boltfile reads bbolt databases that another program has open. It
// takes no lock, which the owner would not give, and maps no memory, which a
// torn page could fault: every offset in the file is checked before it is
// followed. Start from [Open].
//
// The owner may write meanwhile. bbolt never overwrites what the newest
// transaction can reach, only what older ones could, so a reading is whole if
// [DB.Changed] is false at its end.
package boltfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"iter"
)

// The file format, version 2, on little-endian machines (bbolt,
// internal/common/{page,meta,inode}.go).
const (
	magic       = 0xED0CDAED
	version     = 2
	headerSize  = 16 // of a page: id, flags, count, overflow
	elementSize = 16
	metaSize    = 64 // of a meta page's content, its checksum included
	branchPage  = 0x01
	leafPage    = 0x02
	bucketFlag  = 0x01
	minPage     = 1 << 10
	maxPage     = 64 << 10
	maxRun      = 256 << 20 // bytes of one page with its overflow
	maxDepth    = 64        // of a tree: far more than any file can need
)

var (
	// ErrCorrupt is in errors about a file that contradicts itself.
	ErrCorrupt = errors.New("corrupt bolt database")
	errMeta    = fmt.Errorf("%w: no valid meta page", ErrCorrupt)
)

// DB is one state of a database.
type DB struct {
	r    io.ReaderAt
	size int64
	page int64
	root uint64
	txid uint64
}

// Bucket is a named collection of keys, values and further buckets.
type Bucket struct {
	db     *DB
	root   uint64
	inline []byte // the page itself, of a small bucket that lies in its parent
}

// Open reads the newest state of the database in the size bytes of r.
func Open(r io.ReaderAt, size int64) (*DB, error) {
	db := &DB{r: r, size: size}
	found := false
	// The second meta page is one page into the file, and only the first says
	// how long a page is; when it is torn, every length has to be tried.
	for at := int64(0); at <= maxPage && at < size; at = max(2*at, minPage) {
		m, ok := db.meta(at)
		if ok && (at == 0 || at == m.page) && (!found || m.txid > db.txid) {
			db.page, db.root, db.txid, found = m.page, m.root, m.txid, true
		}
	}
	if !found {
		return nil, errMeta
	}
	return db, nil
}

type meta struct {
	page int64
	root uint64
	txid uint64
}

func (db *DB) meta(at int64) (meta, bool) {
	var b [headerSize + metaSize]byte
	if _, err := db.r.ReadAt(b[:], at); err != nil {
		return meta{}, false
	}
	c := b[headerSize:]
	h := fnv.New64a()
	h.Write(c[:metaSize-8])
	le := binary.LittleEndian
	page := int64(le.Uint32(c[8:]))
	ok := le.Uint32(c) == magic && le.Uint32(c[4:]) == version && le.Uint64(c[56:]) == h.Sum64() &&
		page >= minPage && page <= maxPage && page&(page-1) == 0
	return meta{page: page, root: le.Uint64(c[16:]), txid: le.Uint64(c[48:])}, ok
}

// Changed tells whether the owner has written since Open: what was read in
// between may be of no one state.
func (db *DB) Changed() bool {
	now, err := Open(db.r, db.size)
	return err != nil || now.txid != db.txid
}

// Root is the bucket that holds all others.
func (db *DB) Root() Bucket { return Bucket{db: db, root: db.root} }

// Bucket is the bucket of that name inside b.
func (b Bucket) Bucket(name string) (Bucket, bool, error) {
	for e, err := range b.All() {
		if err != nil {
			return Bucket{}, false, err
		}
		if e.IsBucket && string(e.Key) == name {
			sub, err := e.Bucket()
			return sub, err == nil, err
		}
	}
	return Bucket{}, false, nil
}

// Get is the value of a key in b.
func (b Bucket) Get(key string) ([]byte, bool, error) {
	for e, err := range b.All() {
		if err != nil {
			return nil, false, err
		}
		if !e.IsBucket && string(e.Key) == key {
			return e.Value, true, nil
		}
	}
	return nil, false, nil
}

// Entry is a key with its value, or a bucket in a bucket.
type Entry struct {
	Key, Value []byte
	IsBucket   bool
	db         *DB
}

// Bucket is the bucket that the entry is.
func (e Entry) Bucket() (Bucket, error) {
	if !e.IsBucket || len(e.Value) < 16 {
		return Bucket{}, fmt.Errorf("%w: %q is no bucket", ErrCorrupt, e.Key)
	}
	if root := binary.LittleEndian.Uint64(e.Value); root != 0 {
		return Bucket{db: e.db, root: root}, nil
	}
	return Bucket{db: e.db, inline: e.Value[16:]}, nil
}

// All gives the entries of the bucket in the order of their keys. An error
// ends it.
func (b Bucket) All() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		var err error
		if b.inline != nil {
			_, err = b.db.leaf(b.inline, yield)
		} else {
			// No tree has more pages than the file.
			left := b.db.size / b.db.page
			_, err = b.db.walk(b.root, 0, &left, yield)
		}
		if err != nil {
			yield(Entry{}, err)
		}
	}
}

// walk gives the entries below a page; more is false when yield wants no more.
func (db *DB) walk(id uint64, depth int, left *int64, yield func(Entry, error) bool) (more bool, err error) {
	if *left--; *left < 0 || depth > maxDepth {
		return false, fmt.Errorf("%w: its pages form a loop", ErrCorrupt)
	}
	p, err := db.read(id)
	if err != nil {
		return false, err
	}
	le := binary.LittleEndian
	if le.Uint16(p[8:])&leafPage != 0 {
		return db.leaf(p, yield)
	}
	if le.Uint16(p[8:])&branchPage == 0 {
		return false, fmt.Errorf("%w: page %d is of another kind", ErrCorrupt, id)
	}
	elements, err := table(p)
	if err != nil {
		return false, err
	}
	for ; len(elements) > 0; elements = elements[elementSize:] {
		if more, err := db.walk(le.Uint64(elements[8:]), depth+1, left, yield); !more || err != nil {
			return false, err
		}
	}
	return true, nil
}

// leaf gives the entries of a leaf page.
func (db *DB) leaf(p []byte, yield func(Entry, error) bool) (more bool, err error) {
	elements, err := table(p)
	if err != nil {
		return false, err
	}
	le := binary.LittleEndian
	for at := headerSize; len(elements) > 0; at, elements = at+elementSize, elements[elementSize:] {
		pos, klen, vlen := int64(le.Uint32(elements[4:])), int64(le.Uint32(elements[8:])), int64(le.Uint32(elements[12:]))
		start := int64(at) + pos
		if start+klen+vlen > int64(len(p)) {
			return false, fmt.Errorf("%w: an entry reaches beyond its page", ErrCorrupt)
		}
		e := Entry{Key: p[start : start+klen], Value: p[start+klen : start+klen+vlen],
			IsBucket: le.Uint32(elements)&bucketFlag != 0, db: db}
		if !yield(e, nil) {
			return false, nil
		}
	}
	return true, nil
}

// table is the part of a page that lists its elements.
func table(p []byte) ([]byte, error) {
	if len(p) < headerSize {
		return nil, fmt.Errorf("%w: a page of %d bytes", ErrCorrupt, len(p))
	}
	n := int(binary.LittleEndian.Uint16(p[10:])) * elementSize
	if headerSize+n > len(p) {
		return nil, fmt.Errorf("%w: more elements than fit into a page", ErrCorrupt)
	}
	return p[headerSize : headerSize+n], nil
}

// read reads a page with its overflow.
func (db *DB) read(id uint64) ([]byte, error) {
	var head [headerSize]byte
	if id >= uint64(db.size/db.page) {
		return nil, fmt.Errorf("%w: page %d is beyond the end", ErrCorrupt, id)
	}
	at := int64(id) * db.page
	if _, err := db.r.ReadAt(head[:], at); err != nil {
		return nil, err
	}
	length := (int64(binary.LittleEndian.Uint32(head[12:])) + 1) * db.page
	if binary.LittleEndian.Uint64(head[:]) != id || length > maxRun || at+length > db.size {
		return nil, fmt.Errorf("%w: page %d is not what it says", ErrCorrupt, id)
	}
	p := make([]byte, length)
	_, err := db.r.ReadAt(p, at)
	return p, err
}
