package advisory

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math/bits"

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
	r := rowReader{db: db, c: cursor{b: rows}, ecosystem: ecosystem, name: name}
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
	p.rows = c.b
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

// rowReader decodes the rows of one package. It makes one buffer for all
// strings and one slice for all ranges, however many rows there are.
type rowReader struct {
	db              *DB
	c               cursor
	ecosystem, name string
	text            arena
	ranges          []boltseal.Range
	lists           []string
	fault           error
}

func (r *rowReader) all(yield func(Record, error) bool) error {
	n := r.c.count()
	advisory := uint64(0)
	for range n {
		advisory += r.c.uint()
		rec, err := r.row(advisory)
		if err != nil {
			return err
		}
		if !yield(rec, nil) {
			return nil
		}
	}
	return r.c.err("rows")
}

func (r *rowReader) row(advisory uint64) (Record, error) {
	var rec Record
	flags := r.c.uint()
	rec.Affected = boltseal.Affected{
		Ecosystem: r.ecosystem, Name: r.name,
		Status: statuses[flags&7], Severity: boltseal.Severity(flags >> 3 & 7),
	}
	if flags&rowSimple != 0 {
		rec.Affected.Ranges = r.makeRanges(1)
		rec.Affected.Ranges[0] = boltseal.Range{Introduced: "0", Fixed: r.str()}
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
	if err := r.c.err("row"); err != nil {
		return rec, err
	}
	if r.fault != nil {
		return rec, r.fault
	}
	return rec, r.head(&rec, advisory)
}

// head fills in what the advisory's own entry says.
func (r *rowReader) head(rec *Record, advisory uint64) error {
	b, err := r.db.between(secAdvisoryOffsets, secAdvisories, advisory)
	if err != nil {
		return err
	}
	c := cursor{b: b}
	rec.ID = r.text.add(c.bytes())
	h := readHead(&c)
	rec.Kind = kinds[h.kind]
	n := c.count()
	rec.Vulns = r.makeList(n)
	for i := range n {
		name, err := r.db.vulnName(c.uint())
		if err != nil {
			return err
		}
		rec.Vulns[i] = r.text.add(name)
	}
	return c.err("advisory")
}

func (r *rowReader) readRange() boltseal.Range {
	flags := r.c.byte()
	out := boltseal.Range{Introduced: "0"}
	if flags&rangeIntroduced != 0 {
		out.Introduced = r.str()
	}
	if flags&rangeFixed != 0 {
		out.Fixed = r.str()
	}
	if flags&rangeLast != 0 {
		out.LastAffected = r.str()
	}
	return out
}

func (r *rowReader) str() string {
	off := r.c.uint()
	if r.c.bad || r.fault != nil {
		return ""
	}
	b, err := r.db.str(off)
	if err != nil {
		r.fault = err
		return ""
	}
	return r.text.add(b)
}

func (r *rowReader) strs() []string {
	n := r.c.count()
	out := r.makeList(n)
	for i := range n {
		out[i] = r.str()
	}
	return out
}

func (r *rowReader) makeRanges(n int) []boltseal.Range {
	if n == 0 {
		return nil
	}
	if len(r.ranges) < n {
		r.ranges = make([]boltseal.Range, max(n, min(64, 1+len(r.c.b)/4)))
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
		r.lists = make([]string, max(n, min(64, 1+len(r.c.b)/4)))
	}
	out := r.lists[:n:n]
	r.lists = r.lists[n:]
	return out
}
