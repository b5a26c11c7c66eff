package rpmdb

import (
	"encoding/binary"
	"fmt"
	"maps"
)

// A write-ahead log is a header and frames, each a page that replaces the
// database's own. Frames count when their salt is the header's, their
// checksums run on from it, and a later one ends the transaction
// (sqlite.org, "WAL-mode File Format").
const (
	walMagic       = 0x377f0682 // the lowest bit is the checksums' byte order
	walHeaderSize  = 32
	walFrameHeader = 24
)

// openLog notes where the log has newer pages. A log that was begun for
// another database or never finished a transaction changes nothing, as in
// SQLite itself.
func (db *sqlite) openLog(log *file) error {
	if log.size < walHeaderSize+walFrameHeader {
		return nil
	}
	head, err := log.read(0, walHeaderSize, nil)
	if err != nil {
		return err
	}
	magic := binary.BigEndian.Uint32(head)
	if magic&^1 != walMagic {
		return nil
	}
	if size := int64(binary.BigEndian.Uint32(head[8:])); size != db.pageSize {
		return fmt.Errorf("write-ahead log has pages of %d bytes, its database of %d", size, db.pageSize)
	}
	var order binary.ByteOrder = binary.LittleEndian
	if magic&1 == 1 {
		order = binary.BigEndian
	}
	sum := walSum(order, [2]uint32{}, head[:24])
	if sum != [2]uint32{binary.BigEndian.Uint32(head[24:]), binary.BigEndian.Uint32(head[28:])} {
		return nil
	}
	committed, pages := map[int64]int64{}, int64(0)
	pending := map[int64]int64{}
	frame := make([]byte, walFrameHeader+db.pageSize)
	for off := int64(walHeaderSize); off+int64(len(frame)) <= log.size; off += int64(len(frame)) {
		if frame, err = log.read(off, int64(len(frame)), frame); err != nil {
			return err
		}
		if string(frame[8:16]) != string(head[16:24]) {
			break
		}
		sum = walSum(order, walSum(order, sum, frame[:8]), frame[walFrameHeader:])
		if sum != [2]uint32{binary.BigEndian.Uint32(frame[16:]), binary.BigEndian.Uint32(frame[20:])} {
			break
		}
		pending[int64(binary.BigEndian.Uint32(frame))] = off + walFrameHeader
		if after := int64(binary.BigEndian.Uint32(frame[4:])); after > 0 {
			pages = after
			maps.Copy(committed, pending)
			clear(pending)
		}
	}
	if pages > 0 {
		// The database has as many pages as the last transaction says; those
		// that are in neither file fail when they are read.
		db.wal, db.log, db.pages = committed, log, pages
	}
	return nil
}

// walSum goes on with a checksum over b, whose length is a multiple of 8.
func walSum(order binary.ByteOrder, s [2]uint32, b []byte) [2]uint32 {
	for ; len(b) >= 8; b = b[8:] {
		s[0] += order.Uint32(b) + s[1]
		s[1] += order.Uint32(b[4:]) + s[0]
	}
	return s
}
