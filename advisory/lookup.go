package advisory

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math/bits"
	"strings"

	"github.com/boltseal/boltseal"
)

// Lookup gives the records of the package of that name in the ecosystem, in
// the order of their ids. Both names may be in any spelling that the
// ecosystem takes for the same. An error ends the sequence.
func (db *DB) Lookup(ecosystem, name string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		if err := db.lookup(ecosystem, name, yield); err != nil {
			yield(Record{}, fmt.Errorf("look up %s %s: %w", ecosystem, name, err))
		}
	}
}

func (db *DB) lookup(ecosystem, name string, yield func(Record, error) bool) error {
	if db.gone.Load() {
		return errClosed
	}
	number, ok := db.byName[ecosystem]
	if !ok {
		ecosystem = Ecosystem(ecosystem)
		if number, ok = db.byName[ecosystem]; !ok {
			return nil
		}
	}
	name = packageName(ecosystem, name)
	rows, err := db.find(number, name)
	if err != nil || rows == nil {
		return err
	}
	r := rowReader{db: db, c: textCursor{cursor: cursor{b: rows}, text: string(rows)}, ecosystem: ecosystem, name: name}
	return r.all(yield)
}

// find gives the rows of a package, nil when there is none.
func (db *DB) find(ecosystem uint32, name string) ([]byte, error) {
	slots := db.sections[secIndex].len / 8
	if slots == 0 {
		return nil, nil
	}
	hash := hashKey(ecosystem, name)
	slot, _ := bits.Mul64(hash, slots)
	for range slots {
		b, err := db.bytes(secIndex, 8*slot, 8)
		if err != nil {
			return nil, err
		}
		at := binary.LittleEndian.Uint32(b[4:])
		if at == 0 {
			return nil, nil
		}
		if binary.LittleEndian.Uint32(b) == uint32(hash) {
			p, err := db.packageAt(uint64(at - 1))
			if err != nil {
				return nil, err
			}
			if p.ecosystem == ecosystem && string(p.name) == name {
				return p.rows, nil
			}
		}
		if slot++; slot == slots {
			slot = 0
		}
	}
	return nil, nil
}

// packed is a package as it is stored.
type packed struct {
	ecosystem uint32
	name      []byte
	rows      []byte
	end       uint64
}

// packageAt decodes the package at an offset.
func (db *DB) packageAt(off uint64) (packed, error) {
	b, err := db.bytes(secPackages, off, 4)
	if err != nil {
		return packed{}, err
	}
	size := uint64(binary.LittleEndian.Uint32(b))
	if b, err = db.bytes(secPackages, off+4, size); err != nil {
		return packed{}, err
	}
	c := cursor{b: b}
	p := packed{ecosystem: uint32(c.uint()), name: c.bytes(), end: off + 4 + size}
	p.rows = b[c.at:]
	if int(p.ecosystem) >= len(db.ecosystems) {
		c.fail()
	}
	return p, c.err("package")
}

// Keys gives every ecosystem and package name of the database in order.
func (db *DB) Keys() iter.Seq2[Key, error] {
	return func(yield func(Key, error) bool) {
		if db.gone.Load() {
			yield(Key{}, errClosed)
			return
		}
		for off := uint64(0); off < db.sections[secPackages].len; {
			p, err := db.packageAt(off)
			if err != nil {
				yield(Key{}, fmt.Errorf("list packages: %w", err))
				return
			}
			c := cursor{b: p.rows}
			k := Key{Ecosystem: db.ecosystems[p.ecosystem].Ecosystem, Name: string(p.name), Records: c.count()}
			if !yield(k, nil) {
				return
			}
			off = p.end
		}
	}
}

// The flags of a row, above three bits of status and three of severity.
const (
	rowVersions = 1 << (6 + iota)
	rowSymbols
	rowModules
	rowSimple // one range, from the beginning to a fix
)

// The flags of a range.
const (
	rangeIntroduced = 1 << iota // otherwise "0"
	rangeFixed
	rangeLast
)

var statuses = [8]boltseal.Status{
	"", boltseal.StatusFixed, boltseal.StatusWillNotFix, boltseal.StatusDeferred, boltseal.StatusNotAffected, boltseal.StatusUnderReview,
}

// rowReader decodes the rows of one package. All their strings are parts of
// one copy of the rows, and their ranges of one slice, however many there
// are.
type rowReader struct {
	db              *DB
	c               textCursor
	ecosystem, name string
	text            arena // ids
	ranges          []boltseal.Range
	lists           []string
	coming          int // rows from here on
}

func (r *rowReader) all(yield func(Record, error) bool) error {
	n := r.c.count()
	advisory := uint64(0)
	for i := range n {
		r.coming = n - i
		advisory += uint64(r.c.int())
		rec := r.row()
		if err := r.c.err("row"); err != nil {
			return err
		}
		if err := r.head(&rec, advisory); err != nil {
			return err
		}
		if !yield(rec, nil) {
			return nil
		}
	}
	return r.c.err("rows")
}

func (r *rowReader) row() Record {
	var rec Record
	flags := r.c.uint()
	rec.Affected = boltseal.Affected{
		Ecosystem: r.ecosystem, Name: r.name,
		Status: statuses[flags&7], Severity: boltseal.Severity(flags >> 3 & 7),
	}
	if flags&rowSimple != 0 {
		rec.Affected.Ranges = r.makeRanges(1)
		rec.Affected.Ranges[0] = boltseal.Range{Introduced: "0", Fixed: r.c.str()}
	} else {
		n := r.c.count()
		rec.Affected.Ranges = r.makeRanges(n)
		for i := range n {
			rec.Affected.Ranges[i] = r.readRange()
		}
	}
	if flags&rowVersions != 0 {
		rec.Affected.Versions = r.strs()
	}
	if flags&rowSymbols != 0 {
		rec.Affected.Symbols = r.strs()
	}
	if flags&rowModules != 0 {
		rec.Modules = r.strs()
	}
	return rec
}

// head fills in what the advisory's own entry says.
func (r *rowReader) head(rec *Record, off uint64) error {
	b, err := r.db.headAt(off)
	if err != nil {
		return err
	}
	c := cursor{b: b}
	id := c.bytes()
	r.text.reserve(len(id), min(len(b), 40)*min(64, r.coming))
	rec.ID = r.text.add(id)
	h := readHead(&c)
	rec.Kind = kinds[h.kind]
	n := 1
	if h.named == namedInList {
		n = c.count()
	}
	rec.Vulns = r.makeList(n)
	for i := range rec.Vulns {
		switch h.named {
		case namedAsItself:
			rec.Vulns[i] = rec.ID
		case namedBehindDash:
			_, rec.Vulns[i], _ = strings.Cut(rec.ID, "-")
		default:
			rec.Vulns[i] = r.text.add(c.bytes())
		}
	}
	return c.err("advisory")
}

func (r *rowReader) readRange() boltseal.Range {
	flags := r.c.byte()
	out := boltseal.Range{Introduced: "0"}
	if flags&rangeIntroduced != 0 {
		out.Introduced = r.c.str()
	}
	if flags&rangeFixed != 0 {
		out.Fixed = r.c.str()
	}
	if flags&rangeLast != 0 {
		out.LastAffected = r.c.str()
	}
	return out
}

func (r *rowReader) strs() []string {
	out := r.makeList(r.c.count())
	for i := range out {
		out[i] = r.c.str()
	}
	return out
}

// makeRanges gives room for n ranges. Most rows have one, so the room for
// those of the coming rows is made at once.
func (r *rowReader) makeRanges(n int) []boltseal.Range {
	if n == 0 {
		return nil
	}
	if len(r.ranges) < n {
		r.ranges = make([]boltseal.Range, max(n, min(64, r.coming)))
	}
	out := r.ranges[:n:n]
	r.ranges = r.ranges[n:]
	return out
}

func (r *rowReader) makeList(n int) []string {
	if n == 0 {
		return nil
	}
	if len(r.lists) < n {
		r.lists = make([]string, max(n, min(64, r.coming)))
	}
	out := r.lists[:n:n]
	r.lists = r.lists[n:]
	return out
}
