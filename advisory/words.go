package advisory

import (
	"fmt"
	"slices"
	"time"

	"github.com/boltseal/boltseal"
)

const (
	blockSize = 8 << 10   // texts of one block, unless one alone is longer
	maxBlock  = 256 << 20 // what a block may inflate to
)

var kinds = [4]boltseal.AdvisoryFor{"", boltseal.Malware, boltseal.Informational}

// head is the fixed part of an advisory's entry, behind its id.
type head struct {
	kind  byte
	feed  uint64
	block uint64
	at    uint64
}

func readHead(c *cursor) head {
	return head{kind: c.byte() & 3, feed: c.uint(), block: c.uint(), at: c.uint()}
}

func appendHead(b []byte, h head) []byte {
	b = append(b, h.kind)
	return appendUints(b, h.feed, h.block, h.at)
}

// vuln is what is known of one vulnerability, whoever wrote about it.
type vuln struct {
	name    string
	aliases []string
	ratings []boltseal.Rating
	epss    *boltseal.EPSS
	kev     *boltseal.KEV
	words   uint64 // number + 1 of the advisory whose text describes it
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
	n, ok, err := db.search(secAdvisoryOffsets, secAdvisories, id)
	if err != nil {
		return nil, err
	}
	if ok {
		return db.own(n)
	}
	n, ok, err = db.search(secVulnOffsets, secVulns, id)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrNotFound
	}
	return db.foreign(n)
}

// own is an advisory in its own words.
func (db *DB) own(n uint64) (*boltseal.Advisory, error) {
	a, vulns, err := db.words(n)
	if err != nil || len(vulns) != 1 {
		return a, err
	}
	v, err := db.vuln(vulns[0])
	if err != nil {
		return nil, err
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
func (db *DB) foreign(n uint64) (*boltseal.Advisory, error) {
	v, err := db.vuln(n)
	if err != nil {
		return nil, err
	}
	a := &boltseal.Advisory{}
	if v.words > 0 {
		if a, _, err = db.words(v.words - 1); err != nil {
			return nil, err
		}
		if v.shared {
			// What is written of ten vulnerabilities describes none.
			a.Details, a.CWEs, a.Published = "", nil, time.Time{}
		}
	}
	a.ID, a.Aliases, a.Upstream, a.Related, a.Kind = v.name, v.aliases, nil, nil, ""
	a.Ratings, a.EPSS, a.KEV = v.ratings, v.epss, v.kev
	return a, nil
}

// words decodes an advisory's text, and which vulnerabilities it is about.
func (db *DB) words(n uint64) (*boltseal.Advisory, []uint64, error) {
	b, err := db.between(secAdvisoryOffsets, secAdvisories, n)
	if err != nil {
		return nil, nil, err
	}
	c := cursor{b: b}
	id := string(c.bytes())
	h := readHead(&c)
	vulns := make([]uint64, c.count())
	for i := range vulns {
		vulns[i] = c.uint()
	}
	if err := c.err("advisory"); err != nil {
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
	t := textCursor{cursor: cursor{b: blk.raw[h.at:]}, whole: blk.text}
	a := t.advisory()
	a.ID, a.Kind, a.Feed = id, kinds[h.kind], db.meta.Feeds[h.feed].Name
	return a, vulns, t.err("text")
}

// search finds an id in a table that is sorted by it.
func (db *DB) search(offsets, kind int, id string) (uint64, bool, error) {
	low, high := uint64(0), uint64(db.len(offsets))
	for low < high {
		middle := (low + high) / 2
		b, err := db.between(offsets, kind, middle)
		if err != nil {
			return 0, false, err
		}
		c := cursor{b: b}
		got := string(c.bytes())
		if err := c.err("id"); err != nil {
			return 0, false, err
		}
		switch {
		case got == id:
			return middle, true, nil
		case got < id:
			low = middle + 1
		default:
			high = middle
		}
	}
	return 0, false, nil
}

func (db *DB) vulnName(n uint64) ([]byte, error) {
	b, err := db.between(secVulnOffsets, secVulns, n)
	if err != nil {
		return nil, err
	}
	c := cursor{b: b}
	name := c.bytes()
	return name, c.err("vulnerability")
}

func (db *DB) vuln(n uint64) (*vuln, error) {
	b, err := db.between(secVulnOffsets, secVulns, n)
	if err != nil {
		return nil, err
	}
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
