package advisory

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/boltseal/boltseal"
)

// content reads all of a database back into the form that it was written
// from. It refers to the mapped file: the database must stay open as long as
// it is used.
func (db *DB) content() (*content, error) {
	if db.gone.Load() {
		return nil, errClosed
	}
	c := &content{built: db.meta.Built, feeds: slices.Clone(db.meta.Feeds), inputs: db.meta.Inputs}
	number, err := db.contentAdvisories(c)
	if err != nil {
		return nil, err
	}
	if err := db.contentPackages(c, number); err != nil {
		return nil, err
	}
	return c, db.contentTexts(c)
}

// contentAdvisories reads advisories and vulnerabilities, and gives the number
// of each advisory by its offset.
func (db *DB) contentAdvisories(c *content) (map[uint64]uint32, error) {
	number := map[uint64]uint32{}
	n := db.sections[secAdvisoryOffsets].len / 4
	for i := range n {
		off, err := db.u32(secAdvisoryOffsets, i)
		if err != nil {
			return nil, err
		}
		number[uint64(off)] = uint32(i)
	}
	place := map[string]uint32{}
	for i := range db.sections[secVulnOffsets].len / 4 {
		off, err := db.u32(secVulnOffsets, i)
		if err != nil {
			return nil, err
		}
		v, err := db.readVuln(uint64(off))
		if err != nil {
			return nil, err
		}
		words, ok := number[v.words]
		if _, twice := place[v.name]; twice || !ok {
			return nil, fmt.Errorf("%w: vulnerability %s", ErrCorrupt, v.name)
		}
		v.words = uint64(words)
		place[v.name] = uint32(i)
		c.vulns = append(c.vulns, *v)
	}
	for i := range n {
		off, _ := db.u32(secAdvisoryOffsets, i)
		a, err := db.contentAdvisory(uint64(off), place)
		if err != nil {
			return nil, err
		}
		c.advisories = append(c.advisories, a)
	}
	return number, nil
}

func (db *DB) readVuln(off uint64) (*vuln, error) {
	b, err := db.vulnAt(off)
	if err != nil {
		return nil, err
	}
	return db.decodeVuln(b)
}

func (db *DB) contentAdvisory(off uint64, place map[string]uint32) (contentAdvisory, error) {
	entry, err := db.headAt(off)
	if err != nil {
		return contentAdvisory{}, err
	}
	id, h, vulns, err := readEntry(entry)
	if err != nil {
		return contentAdvisory{}, err
	}
	if h.feed >= uint64(len(db.meta.Feeds)) {
		return contentAdvisory{}, fmt.Errorf("%w: no feed %d", ErrCorrupt, h.feed)
	}
	a := contentAdvisory{id: id, kind: h.kind, feed: h.feed, block: h.block, at: h.at}
	for _, name := range vulns {
		v, ok := place[name]
		if !ok {
			return a, fmt.Errorf("%w: no vulnerability %s", ErrCorrupt, name)
		}
		a.about = append(a.about, v)
	}
	return a, nil
}

// contentPackages reads the packages; what their rows say stays in the file.
func (db *DB) contentPackages(c *content, number map[uint64]uint32) error {
	all, err := db.whole(secPackages)
	if err != nil {
		return err
	}
	c.row = func(out []byte, r contentRow) []byte { return append(out, all[r.at:r.end]...) }
	for off := uint64(0); off < uint64(len(all)); {
		p, err := db.packageAt(off)
		if err != nil {
			return err
		}
		out := contentPackage{ecosystem: db.ecosystems[p.ecosystem].Ecosystem, name: string(p.name)}
		base := p.end - uint64(len(p.rows))
		r := rowReader{db: db, c: textCursor{cursor: cursor{b: p.rows}, text: string(p.rows)}, slots: make([]slot, 1)}
		advisory := uint64(0)
		for range r.c.count() {
			advisory += uint64(r.c.int())
			from := r.c.at
			r.row(&Record{})
			n, ok := number[advisory]
			if err := r.c.err("row"); err != nil || !ok {
				return fmt.Errorf("%w: a row of %s", ErrCorrupt, out.name)
			}
			out.rows = append(out.rows, contentRow{n, uint32(base) + uint32(from), uint32(base) + uint32(r.c.at)})
		}
		c.packages = append(c.packages, out)
		off = p.end
	}
	return nil
}

// frames are compressed blocks, wherever each lies.
type frames [][]byte

// WriteTo writes them one behind the other.
func (f frames) WriteTo(w io.Writer) (int64, error) {
	total := int64(0)
	for _, frame := range f {
		n, err := w.Write(frame)
		total += int64(n)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

func (f frames) offsets() []uint64 {
	out, end := make([]uint64, len(f)), uint64(0)
	for i, frame := range f {
		end += uint64(len(frame))
		out[i] = end
	}
	return out
}

func (db *DB) contentTexts(c *content) error {
	n := db.sections[secBlockOffsets].len / 4
	if n == 0 {
		return fmt.Errorf("%w: no table of blocks", ErrCorrupt)
	}
	var f frames
	for i := range n - 1 {
		frame, err := db.frame(i)
		if err != nil {
			return err
		}
		f = append(f, frame)
	}
	c.texts = f
	return nil
}

// inflateBlock gives the texts of one frame, no more than a block may hold.
func (db *DB) inflateBlock(frame []byte) ([]byte, error) {
	d, err := db.decoder()
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	raw, err := d.DecodeAll(frame, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: a block: %w", ErrCorrupt, err)
	}
	return raw, nil
}

// Part writes to path a database of some ecosystems of this one: their
// packages, the advisories that speak of them and the vulnerabilities that
// those are about, word for word. Ecosystems are named without their
// releases. The same database gives the same bytes.
func (db *DB) Part(path string, ecosystems []string) error {
	c, err := db.content()
	if err == nil {
		err = c.part(db, path, ecosystems)
	}
	if err != nil {
		return fmt.Errorf("take a part of the advisory database: %w", err)
	}
	return nil
}

// part writes what some ecosystems need, and leaves the content as it is.
func (c *content) part(db *DB, path string, ecosystems []string) error {
	out := *c
	out.packages = nil
	for _, p := range c.packages {
		if slices.Contains(ecosystems, base(p.ecosystem)) {
			p.rows = slices.Clone(p.rows)
			out.packages = append(out.packages, p)
		}
	}
	if err := out.only(db); err != nil {
		return err
	}
	return out.save(path)
}

// only drops what the packages that are left do not need.
func (c *content) only(db *DB) error {
	if len(c.packages) == 0 {
		return errNothing
	}
	wantedAdvisory, wantedVuln := make([]bool, len(c.advisories)), make([]bool, len(c.vulns))
	for _, p := range c.packages {
		for _, r := range p.rows {
			wantedAdvisory[r.advisory] = true
			for _, v := range c.advisories[r.advisory].about {
				wantedVuln[v] = true
			}
		}
	}
	c.closure(wantedAdvisory, wantedVuln)
	c.renumber(wantedAdvisory, wantedVuln)
	c.fewerFeeds()
	return c.repack(db)
}

// fewerFeeds drops the feeds that nothing is left of, and counts the others
// anew. Those that speak of vulnerabilities alone stay as they are.
func (c *content) fewerFeeds() {
	records := make([]int, len(c.feeds))
	for i := range c.advisories {
		records[c.advisories[i].feed]++
	}
	to := make([]uint64, len(c.feeds))
	var kept []boltseal.Feed
	for i, f := range c.feeds {
		about := slices.Contains([]string{"kev", "epss", "nvd"}, f.Name)
		if records[i] == 0 && !about {
			continue
		}
		if !about {
			f.Records = records[i]
		}
		to[i] = uint64(len(kept))
		kept = append(kept, f)
	}
	for i := range c.advisories {
		c.advisories[i].feed = to[c.advisories[i].feed]
	}
	c.feeds = kept
}

// closure adds what the wanted ones refer to: an advisory all that it is
// about, a vulnerability the advisory that describes it best, whatever
// packages that speaks of.
func (c *content) closure(advisories, vulns []bool) {
	for changed := true; changed; {
		changed = false
		for i := range c.advisories {
			for _, v := range c.advisories[i].about {
				if advisories[i] && !vulns[v] {
					vulns[v], changed = true, true
				}
			}
		}
		for v := range c.vulns {
			if vulns[v] && !advisories[c.vulns[v].words] {
				advisories[c.vulns[v].words], changed = true, true
			}
		}
	}
}

func (c *content) renumber(advisories, vulns []bool) {
	newAdvisory, newVuln := make([]uint32, len(advisories)), make([]uint32, len(vulns))
	keptA, keptV := c.advisories[:0:0], c.vulns[:0:0]
	for i, wanted := range advisories {
		if wanted {
			newAdvisory[i] = uint32(len(keptA))
			keptA = append(keptA, c.advisories[i])
		}
	}
	for i, wanted := range vulns {
		if wanted {
			newVuln[i] = uint32(len(keptV))
			v := c.vulns[i]
			v.words = uint64(newAdvisory[v.words])
			keptV = append(keptV, v)
		}
	}
	for i := range keptA {
		about := make([]uint32, len(keptA[i].about))
		for j, v := range keptA[i].about {
			about[j] = newVuln[v]
		}
		keptA[i].about = about
	}
	for i := range c.packages {
		for j := range c.packages[i].rows {
			c.packages[i].rows[j].advisory = newAdvisory[c.packages[i].rows[j].advisory]
		}
	}
	c.advisories, c.vulns = keptA, keptV
}

// repack puts the texts of the advisories that are left into blocks of their
// own, in the order of their ids.
func (c *content) repack(db *DB) error {
	old := c.texts.(frames)
	w, err := newWorker(nil, nil)
	if err != nil {
		return err
	}
	order := make([]int, len(c.advisories))
	for i := range order {
		order[i] = i
	}
	// What lay together is read together.
	slices.SortStableFunc(order, func(i, j int) int {
		return int(min(1, max(-1, int64(c.advisories[i].block)-int64(c.advisories[j].block))))
	})
	var next batch
	last, raw := uint64(math.MaxUint64), []byte(nil)
	for _, i := range order {
		a := &c.advisories[i]
		if a.block >= uint64(len(old)) {
			return fmt.Errorf("%w: no block %d", ErrCorrupt, a.block)
		}
		if a.block != last {
			if raw, err = db.inflateBlock(old[a.block]); err != nil {
				return err
			}
			last = a.block
		}
		text, err := oneText(raw, a.at)
		if err != nil {
			return err
		}
		a.block, a.at = uint64(len(next.frames)), uint64(len(w.text))
		w.text = append(w.text, text...)
		w.close(&next, a.id)
	}
	w.flush(&next)
	c.texts = frames(next.frames)
	return nil
}

// oneText is the bytes of the text that begins there.
func oneText(raw []byte, at uint64) ([]byte, error) {
	if at > uint64(len(raw)) {
		return nil, fmt.Errorf("%w: a text lies outside of its block", ErrCorrupt)
	}
	t := textCursor{cursor: cursor{b: raw, at: int(at)}, text: string(raw)}
	t.advisory()
	return bytes.Clone(raw[at:t.at]), t.err("text")
}
