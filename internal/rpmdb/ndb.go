package rpmdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
)

// rpm's own database is pages of slots, each of which says where the blob of
// one package lies, followed by the blobs (rpm, lib/backend/ndb/rpmpkg.c).
// All numbers are little-endian.
const (
	ndbMagic     = "RpmP"
	ndbSlotMagic = "Slot"
	ndbBlobMagic = "BlbS"
	ndbTailMagic = "BlbE"

	ndbPageSize  = 4096
	ndbSlotSize  = 16
	ndbBlockSize = 16
	ndbBlobHead  = 16
	ndbBlobTail  = 12
)

var errNDB = errors.New("broken package slot")

func openNDB(f *file) (iter.Seq2[[]byte, error], error) {
	head, err := f.read(0, 32, nil)
	if err != nil {
		return nil, err
	}
	if version := binary.LittleEndian.Uint32(head[4:]); version != 0 {
		return nil, fmt.Errorf("%w: version %d of Packages.db", ErrFormat, version)
	}
	pages := int64(binary.LittleEndian.Uint32(head[12:]))
	if pages == 0 || pages > f.size/ndbPageSize {
		return nil, fmt.Errorf("database of %d bytes cannot have %d pages of slots", f.size, pages)
	}
	return func(yield func([]byte, error) bool) { ndbEntries(f, pages, yield) }, nil
}

func ndbEntries(f *file, pages int64, yield func([]byte, error) bool) {
	var page, blob []byte
	for n := range pages {
		var err error
		if page, err = f.read(n*ndbPageSize, ndbPageSize, page); err != nil {
			yield(nil, err)
			return
		}
		slots := page
		if n == 0 {
			slots = page[32:] // the file's own header
		}
		for ; len(slots) >= ndbSlotSize; slots = slots[ndbSlotSize:] {
			if string(slots[:4]) != ndbSlotMagic {
				if !yield(nil, fmt.Errorf("%w: no magic number", errNDB)) {
					return
				}
				continue
			}
			if binary.LittleEndian.Uint32(slots[4:]) == 0 {
				continue // free
			}
			blob, err = ndbBlob(f, slots[:ndbSlotSize], blob)
			if !yield(blob, err) {
				return
			}
		}
	}
}

// ndbBlob reads what a slot points at: head, content, padding and a tail that
// repeats the length.
func ndbBlob(f *file, slot, buf []byte) ([]byte, error) {
	pkg := binary.LittleEndian.Uint32(slot[4:])
	off := int64(binary.LittleEndian.Uint32(slot[8:])) * ndbBlockSize
	blocks := int64(binary.LittleEndian.Uint32(slot[12:])) * ndbBlockSize
	head, err := f.read(off, ndbBlobHead, make([]byte, 0, ndbBlobHead))
	if err != nil {
		return nil, fmt.Errorf("package %d: %w", pkg, err)
	}
	length := int64(binary.LittleEndian.Uint32(head[12:]))
	switch {
	case string(head[:4]) != ndbBlobMagic, binary.LittleEndian.Uint32(head[4:]) != pkg:
		return nil, fmt.Errorf("package %d: %w: it points at something else", pkg, errNDB)
	case length > maxHeader, length > blocks-ndbBlobHead-ndbBlobTail:
		return nil, fmt.Errorf("package %d: %w: %d bytes", pkg, errNDB, length)
	}
	tail, err := f.read(off+blocks-ndbBlobTail, ndbBlobTail, make([]byte, 0, ndbBlobTail))
	if err != nil {
		return nil, fmt.Errorf("package %d: %w", pkg, err)
	}
	if string(tail[8:]) != ndbTailMagic || int64(binary.LittleEndian.Uint32(tail[4:])) != length {
		return nil, fmt.Errorf("package %d: %w: it does not end as it begins", pkg, errNDB)
	}
	if buf, err = f.read(off+ndbBlobHead, length, buf); err != nil {
		return nil, fmt.Errorf("package %d: %w", pkg, err)
	}
	return buf, nil
}
