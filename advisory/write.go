package advisory

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"math"
	"math/bits"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

// pages writes sections one behind the other and sums every page.
type pages struct {
	w        *bufio.Writer
	sums     []byte
	page     []byte // the one being filled
	at       uint64 // bytes written
	sections []section
	digest   hash.Hash
}

// newPages begins a file. The header's page stays empty until the end.
func newPages(f *os.File) (*pages, error) {
	p := &pages{w: bufio.NewWriterSize(f, 1<<20), digest: sha256.New()}
	return p, p.raw(make([]byte, pageSize))
}

// Write adds to the section that is being written.
func (p *pages) Write(b []byte) (int, error) {
	p.digest.Write(b)
	return len(b), p.raw(b)
}

func (p *pages) raw(b []byte) error {
	p.at += uint64(len(b))
	for len(b) > 0 {
		n := min(pageSize-len(p.page), len(b))
		p.page, b = append(p.page, b[:n]...), b[n:]
		if len(p.page) == pageSize {
			if _, err := p.w.Write(p.page); err != nil {
				return err
			}
			p.sums = binary.LittleEndian.AppendUint32(p.sums, crc32.Checksum(p.page, castagnoli))
			p.page = p.page[:0]
		}
	}
	return nil
}

// section writes one section and fills its last page with zeros.
func (p *pages) section(kind uint32, from io.WriterTo) error {
	s := section{kind: kind, off: p.at}
	p.digest = sha256.New()
	if _, err := from.WriteTo(p); err != nil {
		return err
	}
	s.len = p.at - s.off
	p.digest.Sum(s.sum[:0])
	p.sections = append(p.sections, s)
	return p.raw(make([]byte, (pageSize-p.at%pageSize)%pageSize))
}

// finish writes the sums, of all pages before them, and the header.
func (p *pages) finish(f *os.File) (boltseal.Digest, error) {
	total := p.at/pageSize + 1
	for total < p.at/pageSize+(4*total+pageSize-1)/pageSize {
		total++
	}
	// The header's sum is its own, those of the sums are in the table.
	sums := make([]byte, 4*total)
	copy(sums[4:], p.sums[4:])
	if err := p.section(secSums, bytes.NewReader(sums)); err != nil {
		return "", err
	}
	p.sections[len(p.sections)-1].crc = crc32.Checksum(sums, castagnoli)
	if err := p.w.Flush(); err != nil {
		return "", err
	}
	h := header{size: p.at, sections: p.sections}
	page := h.encode()
	_, err := f.WriteAt(page, 0)
	return digestOf(page), err
}

// write lays out everything that was gathered.
func (b *builder) write(f *os.File) (*boltseal.Snapshot, error) { return b.content().write(f) }

// content is what the builder has gathered, ready to be laid out.
func (b *builder) content() *content {
	known := b.resolve()
	b.overrule(known)
	feeds, feedNumber := b.states()
	c := &content{
		built: b.built(feeds), feeds: feeds, inputs: b.inputs, vulns: known.vulns, texts: &b.spool,
		row: func(out []byte, r contentRow) []byte { return b.appendRow(out, b.words[r.at:r.end]) },
	}
	for n, i := range known.entries {
		e := &b.entries[i]
		c.advisories = append(c.advisories, contentAdvisory{
			id: b.ids.list[e.id], kind: e.kind, about: known.about[n], feed: feedNumber[e.feed], block: e.block, at: e.at,
		})
	}
	c.packages = b.sortRows(known)
	return c
}

// content is everything that a database file says, whatever it was made of.
type content struct {
	built      time.Time
	feeds      []boltseal.Feed
	inputs     string
	advisories []contentAdvisory // by id
	vulns      []vuln            // by name; words is the number of an advisory
	packages   []contentPackage  // by ecosystem and name, see compareStored
	row        func(out []byte, r contentRow) []byte
	texts      texts
}

type contentAdvisory struct {
	id        string
	kind      byte
	about     []uint32 // vulnerabilities
	feed      uint64
	block, at uint64
}

type contentPackage struct {
	ecosystem, name string
	rows            []contentRow
}

// contentRow is what one advisory says of a package; what that is, row knows.
type contentRow struct{ advisory, at, end uint32 }

// texts are the compressed blocks.
type texts interface {
	io.WriterTo
	offsets() []uint64 // where each ends
}

// write lays the content out.
func (c *content) write(f *os.File) (*boltseal.Snapshot, error) {
	l := layout{c: c}
	l.layStrings()
	l.layAdvisories()
	l.layVulns()
	if err := l.layPackages(); err != nil {
		return nil, err
	}
	m := meta{
		Built: c.built, Feeds: c.feeds,
		Inputs: c.inputs, Advisories: len(c.advisories), Vulns: len(c.vulns), Packages: len(c.packages), Records: l.records,
	}
	metaJSON, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	p, err := newPages(f)
	if err != nil {
		return nil, err
	}
	for _, s := range []struct {
		kind uint32
		data io.WriterTo
	}{
		{secMeta, bytes.NewReader(metaJSON)},
		{secEcosystems, bytes.NewReader(l.ecosystems)},
		{secIndex, bytes.NewReader(l.index)},
		{secPackages, bytes.NewReader(l.packages)},
		{secStrings, bytes.NewReader(l.strings)},
		{secAdvisoryOffsets, bytes.NewReader(l.advisoryOffsets)},
		{secAdvisories, bytes.NewReader(l.advisories)},
		{secVulnOffsets, bytes.NewReader(l.vulnOffsets)},
		{secVulns, bytes.NewReader(l.vulns)},
		{secBlockOffsets, bytes.NewReader(l.blockOffsets())},
		{secBlocks, c.texts},
	} {
		if err := p.section(s.kind, s.data); err != nil {
			return nil, err
		}
		if n := p.sections[len(p.sections)-1].len; n > math.MaxUint32 {
			return nil, fmt.Errorf("section %d: %d bytes: %w", s.kind, n, errTooLarge)
		}
	}
	id, err := p.finish(f)
	return &boltseal.Snapshot{ID: string(id), Built: m.Built, Feeds: m.Feeds}, err
}

var errTooLarge = errors.New("more than the format can hold: take fewer ecosystems")

func (b *builder) built(feeds []boltseal.Feed) time.Time {
	if !b.opts.Built.IsZero() {
		return b.opts.Built.UTC()
	}
	var newest time.Time
	for _, f := range feeds {
		if f.Modified.After(newest) {
			newest = f.Modified
		}
	}
	return newest
}

func (l *layout) blockOffsets() []byte {
	out := binary.LittleEndian.AppendUint32(nil, 0)
	for _, end := range l.c.texts.offsets() {
		out = binary.LittleEndian.AppendUint32(out, uint32(end))
	}
	return out
}

// sortRows groups what is left by package.
func (b *builder) sortRows(k *known) []contentPackage {
	rows := slices.DeleteFunc(b.rows, func(r row) bool { return b.entries[r.entry].dead })
	rank := make([]uint32, len(b.packages.list))
	for i := range rank {
		rank[i] = uint32(i)
	}
	slices.SortFunc(rank, func(x, y uint32) int { return strings.Compare(b.packages.list[x], b.packages.list[y]) })
	place := make([]uint32, len(rank))
	for at, i := range rank {
		place[i] = uint32(at)
	}
	slices.SortFunc(rows, func(x, y row) int {
		return cmp.Or(cmp.Compare(place[x.pkg], place[y.pkg]), cmp.Compare(k.number[x.entry], k.number[y.entry]), cmp.Compare(x.at, y.at))
	})
	// A publisher may name one package twice for no reason.
	rows = slices.CompactFunc(rows, func(x, y row) bool {
		return x.pkg == y.pkg && x.entry == y.entry && slices.Equal(b.words[x.at:x.end], b.words[y.at:y.end])
	})
	var out []contentPackage
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].pkg == rows[0].pkg {
			n++
		}
		p := contentPackage{rows: make([]contentRow, n)}
		p.ecosystem, p.name, _ = strings.Cut(b.packages.list[rows[0].pkg], "\x00")
		for i, r := range rows[:n] {
			p.rows[i] = contentRow{k.number[r.entry], r.at, r.end}
		}
		out = append(out, p)
		rows = rows[n:]
	}
	return out
}

// layout turns numbers into bytes.
type layout struct {
	c *content

	ecosystems, index, packages []byte
	strings                     []byte
	advisoryOffsets, advisories []byte
	vulnOffsets, vulns          []byte
	stringAt                    map[string]uint64
	advisoryAt                  []uint64 // of each of c.advisories
	records                     int
}

// layStrings writes raters and vectors, the most used first, because their
// offsets are the shortest to write.
func (l *layout) layStrings() {
	uses := map[string]int{"": 0}
	for i := range l.c.vulns {
		for _, r := range l.c.vulns[i].ratings {
			uses[r.By]++
			uses[r.Vector]++
		}
	}
	order := make([]string, 0, len(uses))
	for s := range uses {
		order = append(order, s)
	}
	slices.SortFunc(order, func(x, y string) int { return cmp.Or(-cmp.Compare(uses[x], uses[y]), strings.Compare(x, y)) })
	l.stringAt = make(map[string]uint64, len(order))
	for _, s := range order {
		l.stringAt[s] = uint64(len(l.strings))
		l.strings = appendBytes(l.strings, s)
	}
}

// layAdvisories writes the entries in the order in which the packages speak
// of them, so that the entries of one package lie side by side.
func (l *layout) layAdvisories() {
	const unset = math.MaxUint64
	l.advisoryAt = slices.Repeat([]uint64{unset}, len(l.c.advisories))
	place := func(n uint32) {
		if l.advisoryAt[n] == unset {
			l.advisoryAt[n] = uint64(len(l.advisories))
			l.advisories = appendBytes(l.advisories, l.entry(n))
		}
	}
	for _, p := range l.c.packages {
		for _, r := range p.rows {
			place(r.advisory)
		}
	}
	for n := range l.c.advisories {
		place(uint32(n))
		l.advisoryOffsets = binary.LittleEndian.AppendUint32(l.advisoryOffsets, uint32(l.advisoryAt[n]))
	}
}

// entry is what is stored of one advisory beside its text.
func (l *layout) entry(n uint32) []byte {
	e := &l.c.advisories[n]
	id, about := e.id, e.about
	kind, named := e.kind, byte(namedInList)
	if len(about) == 1 {
		name := l.c.vulns[about[0]].name
		if _, behind, ok := strings.Cut(id, "-"); name == id {
			named = namedAsItself
		} else if ok && name == behind {
			named = namedBehindDash
		}
	}
	out := append(appendBytes(nil, id), kind|named<<2)
	if named == namedInList {
		out = binary.AppendUvarint(out, uint64(len(about)))
		for _, v := range about {
			out = appendBytes(out, l.c.vulns[v].name)
		}
	}
	return appendUints(out, e.feed, e.block, e.at)
}

func (l *layout) layVulns() {
	str := func(s string) uint64 { return l.stringAt[s] }
	for i := range l.c.vulns {
		v := l.c.vulns[i]
		v.words = l.advisoryAt[v.words]
		at := len(l.vulns)
		l.vulnOffsets = binary.LittleEndian.AppendUint32(l.vulnOffsets, uint32(at))
		l.vulns = appendVuln(append(l.vulns, 0, 0, 0, 0), &v, str)
		binary.LittleEndian.PutUint32(l.vulns[at:], uint32(len(l.vulns)-at-4))
	}
}

// layPackages writes the packages, the index over them and the ecosystems.
func (l *layout) layPackages() error {
	pkgs := l.c.packages
	slots := uint64(len(pkgs))*10/7 + 1
	l.index = make([]byte, 8*slots)
	var releases []Release
	for i, p := range pkgs {
		if i == 0 || pkgs[i-1].ecosystem != p.ecosystem {
			releases = append(releases, Release{Ecosystem: p.ecosystem})
		}
		r := &releases[len(releases)-1]
		r.Packages++
		r.Records += len(p.rows)
		l.records += len(p.rows)
		number := uint32(len(releases) - 1)
		at := len(l.packages)
		if at >= math.MaxUint32 {
			return errTooLarge
		}
		l.layPackage(number, p)
		l.insert(number, p.name, uint32(at)+1, slots)
	}
	l.ecosystems = binary.AppendUvarint(nil, uint64(len(releases)))
	for _, r := range releases {
		l.ecosystems = appendBytes(l.ecosystems, r.Ecosystem)
		l.ecosystems = appendUints(l.ecosystems, uint64(r.Packages), uint64(r.Records))
	}
	return nil
}

func (l *layout) layPackage(ecosystem uint32, p contentPackage) {
	out, at := l.packages, len(l.packages)
	out = append(out, 0, 0, 0, 0) // the length
	out = binary.AppendUvarint(out, uint64(ecosystem))
	out = appendBytes(out, p.name)
	out = binary.AppendUvarint(out, uint64(len(p.rows)))
	last := uint64(0)
	for _, r := range p.rows {
		advisory := l.advisoryAt[r.advisory]
		out = appendInt(out, int64(advisory-last))
		out = l.c.row(out, r)
		last = advisory
	}
	binary.LittleEndian.PutUint32(out[at:], uint32(len(out)-at-4))
	l.packages = out
}

// insert puts a package into the first free slot from where its hash points.
func (l *layout) insert(ecosystem uint32, name string, at uint32, slots uint64) {
	hash := hashKey(ecosystem, name)
	slot, _ := bits.Mul64(hash, slots)
	for binary.LittleEndian.Uint32(l.index[8*slot+4:]) != 0 {
		if slot++; slot == slots {
			slot = 0
		}
	}
	binary.LittleEndian.PutUint32(l.index[8*slot:], uint32(hash))
	binary.LittleEndian.PutUint32(l.index[8*slot+4:], at)
}

// appendRow spells out what a row's words say.
func (b *builder) appendRow(out []byte, words []uint32) []byte {
	flags, words := words[0], words[1:]
	out = binary.AppendUvarint(out, uint64(flags))
	str := func(s uint32) { out = appendBytes(out, b.strings.list[s]) }
	if flags&rowSimple != 0 {
		str(words[0])
		words = words[1:]
	} else {
		n := words[0]
		out = binary.AppendUvarint(out, uint64(n))
		for words = words[1:]; n > 0; n, words = n-1, words[3:] {
			out = append(out, byte(truth(words[0] != 0)*rangeIntroduced|truth(words[1] != 0)*rangeFixed|truth(words[2] != 0)*rangeLast))
			for _, s := range words[:3] {
				if s != 0 {
					str(s)
				}
			}
		}
	}
	for len(words) > 0 {
		n := words[0]
		out = binary.AppendUvarint(out, uint64(n))
		for _, s := range words[1 : 1+n] {
			str(s)
		}
		words = words[1+n:]
	}
	return out
}
