package rpmdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// A Berkeley DB hash file is pages of one size. The first describes the file;
// hash pages hold pairs of key and value, in place or, when they are large,
// as the number of the first of a chain of overflow pages (libdb,
// src/dbinc/db_page.h).
const (
	bdbHashMagic = 0x00061561

	bdbPageHash     = 13
	bdbPageUnsorted = 2 // hash pages written before version 4.6
	bdbPageOverflow = 7
	bdbPageMeta     = 8

	bdbItemInPlace = 1
	bdbItemOffPage = 3

	bdbHeaderSize = 26
)

var errBDB = errors.New("broken Berkeley DB page")

// bdb is an open file of one byte order.
type bdb struct {
	*file
	order    binary.ByteOrder
	pageSize int64
	pages    int64
	scratch  []byte // one page
}

// bdbAhead is how much is read at once while every page is looked at.
const bdbAhead = 256 << 10

func openBDB(f *file, order binary.ByteOrder) (iter.Seq2[[]byte, error], error) {
	head, err := f.read(0, 72, nil)
	if err != nil {
		return nil, err
	}
	db := &bdb{file: f, order: order, pageSize: int64(order.Uint32(head[20:]))}
	switch {
	case head[24] != 0:
		return nil, errors.New("database is encrypted")
	case head[25] != bdbPageMeta:
		return nil, fmt.Errorf("%w: page 0 is of type %d", errBDB, head[25])
	case db.pageSize < 512 || db.pageSize > 64<<10 || db.pageSize&(db.pageSize-1) != 0:
		return nil, fmt.Errorf("%w: pages of %d bytes", errBDB, db.pageSize)
	}
	last := int64(order.Uint32(head[32:]))
	if db.pages = f.size / db.pageSize; last+1 > db.pages {
		return nil, fmt.Errorf("database of %d pages ends after %d", last+1, db.pages)
	}
	db.pages = last + 1
	return db.entries, nil
}

// entries looks at every page once: which bucket a package is in does not
// matter.
func (db *bdb) entries(yield func([]byte, error) bool) {
	var ahead, value []byte
	for n := int64(1); n < db.pages; n++ {
		var err error
		if at := (n - 1) * db.pageSize % bdbAhead; at == 0 || ahead == nil {
			if ahead, err = db.read(n*db.pageSize, min(bdbAhead, (db.pages-n)*db.pageSize), ahead); err != nil {
				yield(nil, err)
				return
			}
		}
		page := ahead[(n-1)*db.pageSize%bdbAhead:][:db.pageSize]
		if page[25] != bdbPageHash && page[25] != bdbPageUnsorted {
			continue
		}
		count := int(db.order.Uint16(page[20:]))
		if bdbHeaderSize+2*count > len(page) {
			if !yield(nil, fmt.Errorf("%w %d: %d entries", errBDB, n, count)) {
				return
			}
			continue
		}
		// Keys and values take turns; items grow down from the page's end.
		for i := 1; i < count; i += 2 {
			value, err = db.value(page, i, value)
			if err != nil {
				err = fmt.Errorf("page %d: %w", n, err)
			} else if len(value) < 16 {
				continue // the record that counts package numbers
			}
			if !yield(value, err) {
				return
			}
		}
	}
}

// value reads the page's i-th item.
func (db *bdb) value(page []byte, i int, buf []byte) ([]byte, error) {
	start := int(db.order.Uint16(page[bdbHeaderSize+2*i:]))
	end := int(db.order.Uint16(page[bdbHeaderSize+2*(i-1):]))
	if start < bdbHeaderSize || start >= end || end > len(page) {
		return buf[:0], errBDB
	}
	item := page[start:end]
	switch {
	case item[0] == bdbItemInPlace:
		return append(buf[:0], item[1:]...), nil
	case item[0] == bdbItemOffPage && len(item) >= 12:
		return db.overflow(int64(db.order.Uint32(item[4:])), int64(db.order.Uint32(item[8:])), buf)
	}
	return buf[:0], fmt.Errorf("%w: item of type %d", errBDB, item[0])
}

// overflow follows a chain of pages that hold length bytes. Each page must
// hold some of them, so that a chain in a circle comes to an end.
func (db *bdb) overflow(n, length int64, buf []byte) ([]byte, error) {
	buf = buf[:0]
	if length > maxHeader || length > db.size {
		return buf, fmt.Errorf("%w: entry of %d bytes", errBDB, length)
	}
	buf = slices.Grow(buf, int(length))
	for int64(len(buf)) < length {
		if n < 1 || n >= db.pages {
			return buf, fmt.Errorf("%w: entry goes on at page %d", errBDB, n)
		}
		page, err := db.read(n*db.pageSize, db.pageSize, db.scratch)
		if err != nil {
			return buf, err
		}
		db.scratch = page
		here := int64(db.order.Uint16(page[22:]))
		if page[25] != bdbPageOverflow || here == 0 || here > db.pageSize-bdbHeaderSize || here > length-int64(len(buf)) {
			return buf, fmt.Errorf("%w %d: %d bytes of type %d", errBDB, n, here, page[25])
		}
		buf = append(buf, page[bdbHeaderSize:bdbHeaderSize+here]...)
		n = int64(db.order.Uint32(page[16:]))
	}
	return buf, nil
}
