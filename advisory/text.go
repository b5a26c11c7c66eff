package advisory

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/boltseal/boltseal"
)

// block is one inflated block of texts. The strings of advisories are parts
// of text.
type block struct {
	number uint64
	raw    []byte
	text   string
}

// block inflates a block of texts, or finds it among the last ones: what is
// printed together was published together.
func (db *DB) block(n uint64) (*block, error) {
	slot := &db.blocks[n%uint64(len(db.blocks))]
	if b := slot.Load(); b != nil && b.number == n {
		return b, nil
	}
	frame, err := db.frame(n)
	if err != nil {
		return nil, err
	}
	d, err := db.decoder()
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	raw, err := d.DecodeAll(frame, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: block %d: %w", ErrCorrupt, n, err)
	}
	b := &block{number: n, raw: raw, text: string(raw)}
	if len(raw) <= 4*blockSize {
		slot.Store(b)
	}
	return b, nil
}

// frame is a block as it is stored.
func (db *DB) frame(n uint64) ([]byte, error) {
	b, err := db.bytes(secBlockOffsets, 4*n, 8)
	if err != nil {
		return nil, err
	}
	from, to := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	if to < from {
		return nil, fmt.Errorf("%w: block %d ends before it begins", ErrCorrupt, n)
	}
	return db.bytes(secBlocks, uint64(from), uint64(to-from))
}

func (t *textCursor) time() time.Time {
	seconds := t.int()
	if seconds == 0 {
		return time.Time{}
	}
	const most = 253402300800 // the year 10000
	return time.Unix(max(-most, min(seconds, most)), int64(t.uint()%1e9)).UTC()
}

func (t *textCursor) advisory() *boltseal.Advisory {
	a := &boltseal.Advisory{
		Summary: t.str(), Details: t.str(), References: t.strs(),
		Published: t.time(), Modified: t.time(),
		Aliases: t.strs(), Upstream: t.strs(), Related: t.strs(), CWEs: t.strs(),
	}
	for range t.count() {
		a.Ratings = append(a.Ratings, boltseal.Rating{
			Severity: boltseal.Severity(t.byte() & 7), Score: float64(t.uint()) / 10, By: t.str(), Vector: t.str(),
		})
	}
	return a
}

// appendText is what textCursor.advisory reads.
func appendText(b []byte, a *boltseal.Advisory) []byte {
	b = appendBytes(b, a.Summary)
	b = appendBytes(b, a.Details)
	b = appendStrings(b, a.References)
	b = appendTime(b, a.Published)
	b = appendTime(b, a.Modified)
	for _, list := range [][]string{a.Aliases, a.Upstream, a.Related, a.CWEs} {
		b = appendStrings(b, list)
	}
	b = appendUints(b, uint64(len(a.Ratings)))
	for _, r := range a.Ratings {
		b = append(b, byte(r.Severity))
		b = appendUints(b, uint64(r.Score*10+0.5))
		b = appendBytes(b, r.By)
		b = appendBytes(b, r.Vector)
	}
	return b
}

func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() || t.Unix() == 0 {
		return appendInt(b, 0)
	}
	b = appendInt(b, t.Unix())
	return binary.AppendUvarint(b, uint64(t.Nanosecond()))
}

func appendUints(b []byte, all ...uint64) []byte {
	for _, v := range all {
		b = binary.AppendUvarint(b, v)
	}
	return b
}
