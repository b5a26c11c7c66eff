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
	return db.LookupWhere(ecosystem, name, nil)
}

// LookupWhere is Lookup for the records that want says yes to. It is asked
// with Affected and Modules alone, before the rest of a record is read: most
// records speak of versions long gone, and cost little then. It must not hold
// on to what it is given.
func (db *DB) LookupWhere(ecosystem, name string, want func(*Record) bool) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		if err := db.lookup(ecosystem, name, want, yield); err != nil {
			yield(Record{}, fmt.Errorf("look up %s %s: %w", ecosystem, name, err))
		}
	}
}

func (db *DB) lookup(ecosystem, name string, want func(*Record) bool, yield func(Record, error) bool) error {
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
	name = fold(db.folds[number], name)
	rows, err := db.find(number, name)
	if err != nil || rows == nil {
		return err
	}
	r, _ := db.readers.Get().(*rowReader)
	if r == nil {
		r = &rowReader{db: db}
	}
	defer r.done()
	r.c, r.ecosystem, r.name, r.want = textCursor{cursor: cursor{b: rows}}, ecosystem, name, want
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

// rowReader decodes the rows of one package, with few allocations however
// many rows there are: one buffer holds all strings, and one slice what most
// rows have, which is one range and one vulnerability. What is left of both
// serves the next package.
type rowReader struct {
	db              *DB
	c               textCursor
	ecosystem, name string
	text            arena
	slots           []slot
	used            bool // of the first slot, by a record that was given out
	coming          int  // rows from here on
	want            func(*Record) bool
	rec             Record // the one at hand; here, so that it is allocated once
}

type slot struct {
	ranges [1]boltseal.Range
	vulns  [1]string
}

const (
	ahead    = 64      // rows for which room is made at once
	idBytes  = 24      // that the id of an advisory is likely to have
	someRoom = 4 << 10 // least room for strings that is made at once
)

// done leaves the reader to the next look-up.
func (r *rowReader) done() {
	r.taken()
	r.c, r.name, r.want, r.rec = textCursor{}, "", nil, Record{}
	r.db.readers.Put(r)
}

// taken gives the first slot up to the record that was given out with it.
func (r *rowReader) taken() {
	if r.used {
		r.slots, r.used = r.slots[1:], false
	}
}

func (r *rowReader) all(yield func(Record, error) bool) error {
	n := r.c.count()
	expected := n // rows that are given out
	if r.want != nil {
		expected = 1
	}
	r.text.reserve(len(r.c.b)+idBytes*min(ahead, expected), someRoom)
	r.c.text = r.text.add(r.c.b)
	advisory := uint64(0)
	for i := range n {
		r.coming = min(n-i, expected)
		r.taken()
		if len(r.slots) == 0 {
			r.slots = make([]slot, max(ahead/4, min(ahead, r.coming)))
		}
		advisory += uint64(r.c.int())
		rec := &r.rec
		*rec = Record{}
		r.row(rec)
		if err := r.c.err("row"); err != nil {
			return err
		}
		if r.want != nil && !r.want(rec) {
			continue
		}
		if err := r.head(rec, advisory); err != nil {
			return err
		}
		r.used = true
		if !yield(*rec, nil) {
			return nil
		}
	}
	return r.c.err("rows")
}

func (r *rowReader) row(rec *Record) {
	flags := r.c.uint()
	a := &rec.Affected
	a.Ecosystem, a.Name = r.ecosystem, r.name
	a.Status, a.Severity = statuses[flags&7], boltseal.Severity(flags>>3&7)
	if flags&rowSimple != 0 {
		a.Ranges = r.slots[0].ranges[:]
		a.Ranges[0] = boltseal.Range{Introduced: "0", Fixed: r.c.str()}
	} else {
		switch n := r.c.count(); n {
		case 0:
		case 1:
			a.Ranges = r.slots[0].ranges[:]
		default:
			a.Ranges = make([]boltseal.Range, n)
		}
		for i := range a.Ranges {
			a.Ranges[i] = r.readRange()
		}
	}
	if flags&rowVersions != 0 {
		a.Versions = r.c.strs()
	}
	if flags&rowSymbols != 0 {
		a.Symbols = r.c.strs()
	}
	if flags&rowModules != 0 {
		rec.Modules = r.c.strs()
	}
}

// head fills in what the advisory's own entry says.
func (r *rowReader) head(rec *Record, off uint64) error {
	b, err := r.db.headAt(off)
	if err != nil {
		return err
	}
	c := cursor{b: b}
	id := c.bytes()
	r.text.reserve(len(id), max(someRoom, idBytes*min(ahead, r.coming)))
	rec.ID = r.text.add(id)
	h := readHead(&c)
	rec.Kind = kinds[h.kind]
	rec.Vulns = r.slots[0].vulns[:]
	switch h.named {
	case namedAsItself:
		rec.Vulns[0] = rec.ID
	case namedBehindDash:
		_, rec.Vulns[0], _ = strings.Cut(rec.ID, "-")
	default:
		if n := c.count(); n != 1 {
			rec.Vulns = make([]string, n)
		}
		for i := range rec.Vulns {
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
