package rpmdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// An SQLite file is pages of one size. A table is a tree of pages whose
// leaves hold rows; a row too long for its page goes on in a chain of
// overflow pages (sqlite.org, "Database File Format"). What is read here is
// the schema table, which starts at page 1, and in the table Packages the
// second column of each row.
const (
	sqliteMagic = "SQLite format 3\x00"

	sqliteInterior = 5
	sqliteLeaf     = 13

	sqliteMaxDepth = 20 // a tree of 2^31 pages is less deep
)

var errSQLite = errors.New("broken SQLite page")

// sqlite is an open database.
type sqlite struct {
	*file
	pageSize int64
	usable   int64
	pages    int64
	wal      map[int64]int64 // page number to its offset in the write-ahead log
	log      *file
	visits   int64 // tree pages read since the walk began
	page     [sqliteMaxDepth][]byte
	row      []byte
}

func openSQLite(f *file, opts *Options) (iter.Seq2[[]byte, error], error) {
	head, err := f.read(0, 100, nil)
	if err != nil {
		return nil, err
	}
	db := &sqlite{file: f, pageSize: int64(binary.BigEndian.Uint16(head[16:]))}
	if db.pageSize == 1 {
		db.pageSize = 64 << 10
	}
	db.usable = db.pageSize - int64(head[20])
	db.pages = f.size / db.pageSizeOr1()
	switch {
	case db.pageSize < 512 || db.pageSize&(db.pageSize-1) != 0 || db.usable < 480:
		return nil, fmt.Errorf("%w: pages of %d bytes", errSQLite, db.pageSize)
	case binary.BigEndian.Uint32(head[56:]) > 1:
		return nil, errors.New("database is not in UTF-8")
	}
	if opts.WAL != nil && opts.WALSize > 0 {
		if err := db.openLog(&file{r: opts.WAL, size: opts.WALSize}); err != nil {
			return nil, err
		}
	}
	root, err := db.packages()
	if err != nil {
		return nil, err
	}
	return func(yield func([]byte, error) bool) { db.table(root, 1, yield) }, nil
}

func (db *sqlite) pageSizeOr1() int64 { return max(db.pageSize, 1) }

// packages finds the root of the table in the schema: its rows are type,
// name, table name, root page and text.
func (db *sqlite) packages() (int64, error) {
	var root int64
	var broken error
	db.walk(1, func(row []byte, err error) bool {
		if err != nil {
			broken = err
			return false
		}
		columns, err := record(row, 4)
		if err != nil {
			broken = err
			return false
		}
		if string(columns[0].bytes) == "table" && strings.EqualFold(string(columns[1].bytes), "Packages") {
			root = columns[3].number
			return false
		}
		return true
	})
	switch {
	case broken != nil:
		return 0, broken
	case root < 1:
		return 0, fmt.Errorf("%w: there is no table Packages", ErrFormat)
	}
	return root, nil
}

// table gives one column of each row.
func (db *sqlite) table(root int64, column int, yield func([]byte, error) bool) {
	db.walk(root, func(row []byte, err error) bool {
		if err != nil {
			return yield(nil, err)
		}
		columns, err := record(row, column+1)
		if err != nil {
			return yield(nil, err)
		}
		return yield(columns[column].bytes, nil)
	})
}

// walk gives the record of each row of a table, in the order of its keys.
func (db *sqlite) walk(root int64, yield func(row []byte, err error) bool) {
	db.visits = 0
	db.tree(root, 0, yield)
}

func (db *sqlite) tree(n int64, depth int, yield func([]byte, error) bool) bool {
	// A page belongs to one place of one tree: more visits than there are
	// pages are a circle.
	if db.visits++; depth >= sqliteMaxDepth || db.visits > (db.size+db.logSize())/db.pageSize {
		yield(nil, fmt.Errorf("%w %d: its tree goes in circles", errSQLite, n))
		return false
	}
	page, err := db.readPage(n, db.page[depth])
	if err != nil {
		yield(nil, err)
		return false
	}
	db.page[depth] = page
	head := 0
	if n == 1 {
		head = 100 // the file's own header
	}
	kind, cells := page[head], int(binary.BigEndian.Uint16(page[head+3:]))
	pointers := head + 8
	if kind == sqliteInterior {
		pointers = head + 12
	}
	if kind != sqliteInterior && kind != sqliteLeaf || pointers+2*cells > len(page) {
		yield(nil, fmt.Errorf("%w %d: type %d with %d cells", errSQLite, n, kind, cells))
		return false
	}
	for i := range cells {
		at := int(binary.BigEndian.Uint16(page[pointers+2*i:]))
		if at+4 > int(db.usable) {
			yield(nil, fmt.Errorf("%w %d: cell outside", errSQLite, n))
			return false
		}
		if kind == sqliteInterior {
			if !db.tree(int64(binary.BigEndian.Uint32(page[at:])), depth+1, yield) {
				return false
			}
			continue
		}
		row, err := db.cell(page[at:db.usable])
		if err != nil {
			err = fmt.Errorf("page %d: %w", n, err)
		}
		if !yield(row, err) {
			return false
		}
	}
	if kind == sqliteInterior {
		return db.tree(int64(binary.BigEndian.Uint32(page[head+8:])), depth+1, yield)
	}
	return true
}

// cell reads a leaf's cell: the record's length, the key, as much of the
// record as the page holds, and the page where it goes on.
func (db *sqlite) cell(cell []byte) ([]byte, error) {
	length, n := varint(cell)
	_, m := varint(cell[n:])
	if n == 0 || m == 0 || length < 0 || length > maxHeader || length > db.size+db.logSize() {
		return nil, fmt.Errorf("%w: row of %d bytes", errSQLite, length)
	}
	cell = cell[n+m:]
	local := db.local(length)
	if local > int64(len(cell)) {
		return nil, fmt.Errorf("%w: row of %d bytes", errSQLite, length)
	}
	if local == length {
		return cell[:length], nil
	}
	db.row = append(slices.Grow(db.row[:0], int(length)), cell[:local]...)
	if int64(len(cell)) < local+4 {
		return nil, fmt.Errorf("%w: row of %d bytes", errSQLite, length)
	}
	next := int64(binary.BigEndian.Uint32(cell[local:]))
	for int64(len(db.row)) < length {
		src, off, err := db.locate(next)
		if err != nil {
			return nil, err
		}
		here := min(db.usable-4, length-int64(len(db.row)))
		link, err := src.read(off, 4, make([]byte, 0, 4))
		if err != nil {
			return nil, err
		}
		if db.row, err = src.extend(db.row, off+4, here); err != nil {
			return nil, err
		}
		next = int64(binary.BigEndian.Uint32(link))
	}
	return db.row, nil
}

// local is how much of a record lies in its leaf ("B-tree Cell Format").
func (db *sqlite) local(length int64) int64 {
	most := db.usable - 35
	if length <= most {
		return length
	}
	least := (db.usable-12)*32/255 - 23
	if k := least + (length-least)%(db.usable-4); k <= most {
		return k
	}
	return least
}

func (db *sqlite) readPage(n int64, buf []byte) ([]byte, error) {
	src, off, err := db.locate(n)
	if err != nil {
		return nil, err
	}
	return src.read(off, db.pageSize, buf)
}

// locate says where a page lies: in the log if it was written since the log
// was begun, else in the database.
func (db *sqlite) locate(n int64) (*file, int64, error) {
	if n < 1 || n > db.pages {
		return nil, 0, fmt.Errorf("%w: there is no page %d", errSQLite, n)
	}
	if off, ok := db.wal[n]; ok {
		return db.log, off, nil
	}
	return db.file, (n - 1) * db.pageSize, nil
}

func (db *sqlite) logSize() int64 {
	if db.log == nil {
		return 0
	}
	return db.log.size
}

// value is one column of a row.
type value struct {
	number int64
	bytes  []byte
}

// record takes the first columns of a row apart ("Record Format"). Columns
// that the row lacks are empty.
func record(row []byte, columns int) ([]value, error) {
	length, n := varint(row)
	if n == 0 || length < int64(n) || length > int64(len(row)) {
		return nil, fmt.Errorf("%w: row without a header", errSQLite)
	}
	types, body := row[n:length], row[length:]
	all := make([]value, columns)
	for i := 0; i < columns && len(types) > 0; i++ {
		kind, n := varint(types)
		if n == 0 {
			return nil, fmt.Errorf("%w: column %d", errSQLite, i)
		}
		types = types[n:]
		size := columnSize(kind)
		if size < 0 || size > int64(len(body)) {
			return nil, fmt.Errorf("%w: column %d of %d bytes", errSQLite, i, size)
		}
		all[i].bytes = body[:size]
		if kind <= 6 {
			for _, b := range body[:size] {
				all[i].number = all[i].number<<8 | int64(b)
			}
		} else if kind == 9 {
			all[i].number = 1
		}
		body = body[size:]
	}
	return all, nil
}

// columnSize is how many bytes a column of this serial type takes.
func columnSize(kind int64) int64 {
	switch {
	case kind < 0, kind == 10, kind == 11:
		return -1
	case kind <= 4:
		return kind
	case kind == 5:
		return 6
	case kind <= 7:
		return 8
	case kind <= 9:
		return 0
	}
	return (kind - 12) / 2
}

// varint reads a number of one to nine bytes, high ones first; n is zero when
// the bytes end before it does.
func varint(b []byte) (v int64, n int) {
	for n < len(b) && n < 8 {
		v = v<<7 | int64(b[n]&0x7f)
		if n++; b[n-1] < 0x80 {
			return v, n
		}
	}
	if n == 8 && len(b) > 8 {
		return v<<8 | int64(b[8]), 9
	}
	return 0, 0
}
