package advisory

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

const (
	blockSize = 8 << 10  // texts of one block, unless one alone is longer
	maxBlock  = 64 << 20 // what a block may inflate to
)

var kinds = [4]boltseal.AdvisoryFor{"", boltseal.Malware, boltseal.Informational}

// head is an advisory's entry without its id and its vulnerabilities.
type head struct {
	kind  byte // index into kinds
	named byte // how its vulnerabilities are named
	feed  uint64
	block uint64 // where its text is
	at    uint64
}

// Most advisories are about one vulnerability that their own id tells.
const (
	namedInList     = iota
	namedAsItself   // GHSA-… that has no CVE
	namedBehindDash // DEBIAN-CVE-2024-0727
)

// readHead reads what stands between the id and the names of the
// vulnerabilities.
func readHead(c *cursor) head {
	flags := c.byte()
	return head{kind: flags & 3, named: flags >> 2 & 3}
}

// place reads what stands behind them.
func (h *head) place(c *cursor) { h.feed, h.block, h.at = c.uint(), c.uint(), c.uint() }

// headAt is an advisory's entry at an offset.
func (db *DB) headAt(off uint64) ([]byte, error) {
	size := db.sections[secAdvisories].len
	b, err := db.bytes(secAdvisories, off, min(binary.MaxVarintLen32, size-min(off, size)))
	if err != nil {
		return nil, err
	}
	n, k := binary.Uvarint(b)
	if k <= 0 {
		return nil, fmt.Errorf("%w: an advisory has no length", ErrCorrupt)
	}
	return db.bytes(secAdvisories, off+uint64(k), n)
}

// vuln is what is known of one vulnerability, whoever wrote about it.
type vuln struct {
	name    string
	aliases []string
	ratings []boltseal.Rating
	epss    *boltseal.EPSS
	kev     *boltseal.KEV
	words   uint64 // offset of the advisory whose text describes it
	shared  bool   // that text is about others as well
}

// Advisory gives the words, ratings and dates of the advisory or the
// vulnerability of that id, without Affected. An advisory about one
// vulnerability also has what is known of that one: the ratings that others
// give, EPSS and KEV. Of an advisory about several, ask for each of
// [Record.Vulns].
func (db *DB) Advisory(id string) (*boltseal.Advisory, error) {
	a, err := db.advisory(canonicalID(id))
	if err != nil {
		return nil, fmt.Errorf("advisory %s: %w", id, err)
	}
	return a, nil
}

func (db *DB) advisory(id string) (*boltseal.Advisory, error) {
	if db.gone.Load() {
		return nil, errClosed
	}
	entry, err := db.search(secAdvisoryOffsets, db.headAt, id)
	if err != nil {
		return nil, err
	}
	if entry != nil {
		return db.own(entry)
	}
	v, err := db.vuln(id)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, ErrNotFound
	}
	return db.foreign(v)
}

// own is an advisory in its own words.
func (db *DB) own(entry []byte) (*boltseal.Advisory, error) {
	a, vulns, err := db.words(entry)
	if err != nil || len(vulns) != 1 {
		return a, err
	}
	v, err := db.vuln(vulns[0])
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, fmt.Errorf("%w: no vulnerability %s", ErrCorrupt, vulns[0])
	}
	a.EPSS, a.KEV = v.epss, v.kev
	for _, rating := range v.ratings {
		if !slices.Contains(a.Ratings, rating) {
			a.Ratings = append(a.Ratings, rating)
		}
	}
	for _, alias := range append([]string{v.name}, v.aliases...) {
		if alias != a.ID && !slices.Contains(a.Aliases, alias) && !slices.Contains(a.Upstream, alias) {
			a.Aliases = append(a.Aliases, alias)
		}
	}
	slices.Sort(a.Aliases)
	return a, nil
}

// foreign is a vulnerability that nobody published under its own name, in
// the words of whoever describes it best.
func (db *DB) foreign(v *vuln) (*boltseal.Advisory, error) {
	entry, err := db.headAt(v.words)
	if err != nil {
		return nil, err
	}
	a, _, err := db.words(entry)
	if err != nil {
		return nil, err
	}
	if v.shared {
		// What is written of ten vulnerabilities describes none.
		a.Details, a.CWEs, a.Published, a.Kind = "", nil, time.Time{}, ""
	}
	a.ID, a.Aliases, a.Upstream, a.Related = v.name, v.aliases, nil, nil
	a.Ratings, a.EPSS, a.KEV = v.ratings, v.epss, v.kev
	return a, nil
}

// words decodes an advisory's text, and which vulnerabilities it is about.
func (db *DB) words(entry []byte) (*boltseal.Advisory, []string, error) {
	id, h, vulns, err := readEntry(entry)
	if err != nil {
		return nil, nil, err
	}
	if h.feed >= uint64(len(db.meta.Feeds)) {
		return nil, nil, fmt.Errorf("%w: no feed %d", ErrCorrupt, h.feed)
	}
	blk, err := db.block(h.block)
	if err != nil {
		return nil, nil, err
	}
	if h.at > uint64(len(blk.raw)) {
		return nil, nil, fmt.Errorf("%w: a text lies outside of its block", ErrCorrupt)
	}
	t := textCursor{cursor: cursor{b: blk.raw, at: int(h.at)}, text: blk.text}
	a := t.advisory()
	a.ID, a.Kind, a.Feed = id, kinds[h.kind], db.meta.Feeds[h.feed].Name
	return a, vulns, t.err("text")
}

// readEntry is an advisory's entry without its text.
func readEntry(entry []byte) (id string, h head, vulns []string, err error) {
	c := cursor{b: entry}
	id = string(c.bytes())
	h = readHead(&c)
	vulns = []string{id}
	switch h.named {
	case namedBehindDash:
		_, vulns[0], _ = strings.Cut(id, "-")
	case namedInList:
		vulns = make([]string, c.count())
		for i := range vulns {
			vulns[i] = string(c.bytes())
		}
	}
	h.place(&c)
	return id, h, vulns, c.err("advisory")
}

// search finds the entry of an id in a section that is sorted by it; nil is
// none.
func (db *DB) search(offsets int, at func(uint64) ([]byte, error), id string) ([]byte, error) {
	low, high := uint64(0), db.sections[offsets].len/4
	for low < high {
		middle := (low + high) / 2
		off, err := db.u32(offsets, middle)
		if err != nil {
			return nil, err
		}
		b, err := at(uint64(off))
		if err != nil {
			return nil, err
		}
		c := cursor{b: b}
		got := c.bytes()
		if err := c.err("id"); err != nil {
			return nil, err
		}
		switch order := strings.Compare(string(got), id); {
		case order == 0:
			return b, nil
		case order < 0:
			low = middle + 1
		default:
			high = middle
		}
	}
	return nil, nil
}

func (db *DB) vulnAt(off uint64) ([]byte, error) {
	b, err := db.bytes(secVulns, off, 4)
	if err != nil {
		return nil, err
	}
	return db.bytes(secVulns, off+4, uint64(binary.LittleEndian.Uint32(b)))
}

// vuln is the vulnerability of that name, nil when nobody knows it.
func (db *DB) vuln(name string) (*vuln, error) {
	b, err := db.search(secVulnOffsets, db.vulnAt, name)
	if b == nil || err != nil {
		return nil, err
	}
	return db.decodeVuln(b)
}

// decodeVuln reads what appendVuln wrote.
func (db *DB) decodeVuln(b []byte) (*vuln, error) {
	c := cursor{b: b}
	v := &vuln{name: string(c.bytes())}
	for range c.count() {
		v.aliases = append(v.aliases, string(c.bytes()))
	}
	for range c.count() {
		r := boltseal.Rating{Severity: boltseal.Severity(c.byte() & 7), Score: float64(c.uint()) / 10}
		by, err := db.str(c.uint())
		if err != nil {
			return nil, err
		}
		vector, err := db.str(c.uint())
		if err != nil {
			return nil, err
		}
		r.By, r.Vector = string(by), string(vector)
		v.ratings = append(v.ratings, r)
	}
	flags := c.byte()
	if flags&1 != 0 {
		v.epss = &boltseal.EPSS{Score: float64(c.uint()) / micro, Percentile: float64(c.uint()) / micro, Date: day(c.int())}
	}
	if flags&2 != 0 {
		v.kev = &boltseal.KEV{Added: day(c.int()), Due: day(c.int()), Ransomware: flags&4 != 0}
	}
	v.words, v.shared = c.uint(), flags&8 != 0
	return v, c.err("vulnerability")
}

// appendVuln is what vuln reads. The offset of a string is what str gives.
func appendVuln(b []byte, v *vuln, str func(string) uint64) []byte {
	b = appendBytes(b, v.name)
	b = appendStrings(b, v.aliases)
	b = appendUints(b, uint64(len(v.ratings)))
	for _, r := range v.ratings {
		b = append(b, byte(r.Severity))
		b = appendUints(b, uint64(r.Score*10+0.5), str(r.By), str(r.Vector))
	}
	var flags byte
	if v.epss != nil {
		flags |= 1
	}
	if v.kev != nil {
		flags |= 2
		if v.kev.Ransomware {
			flags |= 4
		}
	}
	if v.shared {
		flags |= 8
	}
	b = append(b, flags)
	if v.epss != nil {
		b = appendUints(b, uint64(v.epss.Score*micro+0.5), uint64(v.epss.Percentile*micro+0.5))
		b = appendInt(b, days(v.epss.Date))
	}
	if v.kev != nil {
		b = appendInt(b, days(v.kev.Added))
		b = appendInt(b, days(v.kev.Due))
	}
	return appendUints(b, v.words)
}

// micro is the unit in which probabilities are stored.
const micro = 1e6

// days counts from 1970-01-01, plus one; 0 is no date.
func days(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	d := t.Unix() / 86400
	if t.Unix() < 0 && t.Unix()%86400 != 0 {
		d--
	}
	if d >= 0 {
		d++
	}
	return d
}

func day(d int64) time.Time {
	if d == 0 {
		return time.Time{}
	}
	if d > 0 {
		d--
	}
	const most = 3_000_000 // the year 10183
	return time.Unix(max(-most, min(d, most))*86400, 0).UTC()
}
