package advisory

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"iter"
	"strings"
)

// Changed gives the packages about which two databases do not say the same,
// in the order of [DB.Keys]: those whose records were added, withdrawn or
// written anew, or whose vulnerabilities were rated otherwise or seen
// exploited. Records is how many the newer database has, 0 for a package that
// it does not know any more.
//
// EPSS is left out on purpose. Its scores move every day for every
// vulnerability and decide nothing about who is affected: whoever shows them
// reads them when it does.
//
// What was matched with the older database and has none of these packages
// would match no differently with the newer one. A nil database is an empty
// one.
func Changed(older, newer *DB) iter.Seq2[Key, error] {
	return func(yield func(Key, error) bool) {
		c := changes{seed: maphash.MakeSeed(), sides: [2]changeSide{{db: older}, {db: newer}}}
		if err := c.run(yield); err != nil {
			yield(Key{}, fmt.Errorf("compare advisory databases: %w", err))
		}
	}
}

// changes is one comparison of two databases.
type changes struct {
	seed  maphash.Seed
	sides [2]changeSide
}

// changeSide is one of the two databases and the package that it is at.
type changeSide struct {
	db    *DB
	at    uint64 // offset of the package behind the one at hand
	p     packed
	key   Key
	done  bool
	prior map[uint64]uint64 // what was hashed of an advisory, by its offset
}

func (c *changes) run(yield func(Key, error) bool) error {
	for i := range c.sides {
		s := &c.sides[i]
		s.prior = map[uint64]uint64{}
		if s.db != nil && s.db.gone.Load() {
			return errClosed
		}
		if err := s.next(); err != nil {
			return err
		}
	}
	older, newer := &c.sides[0], &c.sides[1]
	for !older.done || !newer.done {
		order := older.compare(newer)
		key, differ := newer.key, true
		switch {
		case order < 0:
			key = Key{Ecosystem: older.key.Ecosystem, Name: older.key.Name}
		case order == 0:
			var err error
			if differ, err = c.differ(); err != nil {
				return err
			}
		}
		if differ && !yield(key, nil) {
			return nil
		}
		if order <= 0 {
			if err := older.next(); err != nil {
				return err
			}
		}
		if order >= 0 {
			if err := newer.next(); err != nil {
				return err
			}
		}
	}
	return nil
}

// compare puts the side first that is at the smaller key, in the order in
// which packages are stored.
func (s *changeSide) compare(t *changeSide) int {
	switch {
	case s.done:
		return 1
	case t.done:
		return -1
	}
	return cmp.Or(compareStored(s.key.Ecosystem, t.key.Ecosystem), strings.Compare(s.key.Name, t.key.Name))
}

// compareStored orders ecosystems as their packages are stored: with a zero
// byte behind the name.
func compareStored(a, b string) int { return strings.Compare(a+"\x00", b+"\x00") }

func (s *changeSide) next() error {
	if s.db == nil || s.at >= s.db.sections[secPackages].len {
		s.done = true
		return nil
	}
	p, err := s.db.packageAt(s.at)
	if err != nil {
		return err
	}
	rows := cursor{b: p.rows}
	s.p, s.at = p, p.end
	s.key = Key{Ecosystem: s.db.ecosystems[p.ecosystem].Ecosystem, Name: string(p.name), Records: rows.count()}
	return nil
}

func (c *changes) differ() (bool, error) {
	if c.sides[0].key.Records != c.sides[1].key.Records {
		return true, nil
	}
	var sums [2]uint64
	for i := range c.sides {
		var err error
		if sums[i], err = c.sides[i].sum(c.seed); err != nil {
			return false, err
		}
	}
	return sums[0] != sums[1], nil
}

// sum hashes what the database says of the package at hand.
func (s *changeSide) sum(seed maphash.Seed) (uint64, error) {
	var h maphash.Hash
	h.SetSeed(seed)
	r := rowReader{db: s.db, c: textCursor{cursor: cursor{b: s.p.rows}, text: string(s.p.rows)}, slots: make([]slot, 1)}
	advisory := uint64(0)
	var number [8]byte
	for range r.c.count() {
		advisory += uint64(r.c.int())
		from := r.c.at
		r.row(&Record{})
		if err := r.c.err("row"); err != nil {
			return 0, err
		}
		h.Write(s.p.rows[from:r.c.at])
		sum, err := s.advisory(seed, advisory)
		if err != nil {
			return 0, err
		}
		binary.LittleEndian.PutUint64(number[:], sum)
		h.Write(number[:])
	}
	return h.Sum64(), nil
}

// advisory hashes what one advisory says, and what is known of its
// vulnerabilities.
func (s *changeSide) advisory(seed maphash.Seed, off uint64) (uint64, error) {
	if sum, ok := s.prior[off]; ok {
		return sum, nil
	}
	entry, err := s.db.headAt(off)
	if err != nil {
		return 0, err
	}
	a, vulns, err := s.db.words(entry)
	if err != nil {
		return 0, err
	}
	words := appendBytes(appendBytes(nil, a.ID), a.Kind)
	words = appendText(words, a)
	for _, name := range vulns {
		v, err := s.db.vuln(name)
		if err != nil {
			return 0, err
		}
		if v == nil {
			return 0, fmt.Errorf("%w: no vulnerability %s", ErrCorrupt, name)
		}
		v.epss, v.words = nil, 0
		words = appendVuln(words, v, func(string) uint64 { return 0 })
		for _, r := range v.ratings {
			words = appendBytes(appendBytes(words, r.By), r.Vector)
		}
	}
	sum := maphash.Bytes(seed, words)
	s.prior[off] = sum
	return sum, nil
}
