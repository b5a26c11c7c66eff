package scan

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/boltseal/boltseal"
)

// What the cache keeps of an image is components more than anything else, and
// they say the same few things again and again. Each text stands once in a
// table, in the order of its first use, and components are numbers:
//
//	magic
//	length of head, head           distro, layers, gaps and findings as JSON
//	texts: count, lengths, bytes   text 0 is empty and not in the table
//	components: count, locations of all, texts in lists of all
//	each component                 see (*cacheWriter).component
//
// Reading it makes no allocation for a text or a location. Numbers are varints
// (encoding/binary), and each is checked: a file in a cache may be anybody's.
const cacheMagic = "boltseal result 4\n"

// The least that one of these takes, which bounds what a count may claim.
const (
	leastComponent = 18
	leastLocation  = 6
	leastEvidence  = 4
)

var errCache = errors.New("damaged cache entry")

// cacheHead is the part that is as long as an image has layers.
type cacheHead struct {
	Distro *boltseal.Distro `json:"distro,omitempty"`
	Layers []boltseal.Layer `json:"layers,omitempty"`
	Gaps   []boltseal.Gap   `json:"gaps,omitempty"`

	Findings []boltseal.Finding `json:"findings,omitempty"`
}

// encodeCached writes what decodeCached reads.
func encodeCached(c *cached) ([]byte, error) {
	head, err := json.Marshal(cacheHead{c.Distro, c.Layers, c.Gaps, c.Findings})
	if err != nil {
		return nil, fmt.Errorf("encode result: %w", err)
	}
	w := &cacheWriter{ids: map[string]uint64{"": 0}}
	for i := range c.Components {
		w.component(&c.Components[i])
	}
	out := append([]byte(cacheMagic), binary.AppendUvarint(nil, uint64(len(head)))...)
	out = append(out, head...)
	out = binary.AppendUvarint(out, uint64(len(w.texts)))
	for _, text := range w.texts {
		out = binary.AppendUvarint(out, uint64(len(text)))
	}
	for _, text := range w.texts {
		out = append(out, text...)
	}
	out = binary.AppendUvarint(out, uint64(len(c.Components)))
	out = binary.AppendUvarint(out, w.locations)
	out = binary.AppendUvarint(out, w.listed)
	return append(out, w.out...), nil
}

type cacheWriter struct {
	ids       map[string]uint64
	texts     []string
	out       []byte
	locations uint64
	listed    uint64
}

func (w *cacheWriter) number(n uint64) { w.out = binary.AppendUvarint(w.out, n) }

func (w *cacheWriter) text(s string) {
	id, ok := w.ids[s]
	if !ok {
		w.texts = append(w.texts, s)
		id = uint64(len(w.texts))
		w.ids[s] = id
	}
	w.number(id)
}

func textList[T ~string](w *cacheWriter, list []T) {
	w.listed += uint64(len(list))
	w.number(uint64(len(list)))
	for _, s := range list {
		w.text(string(s))
	}
}

const (
	flagDirect = 1 << iota
	flagDev
	flagSource
)

func (w *cacheWriter) component(c *boltseal.Component) {
	flags, source := uint64(0), boltseal.Source{}
	if c.Direct {
		flags |= flagDirect
	}
	if c.Dev {
		flags |= flagDev
	}
	if c.Source != nil {
		flags |= flagSource
		source = *c.Source
	}
	w.number(flags)
	for _, s := range []string{
		c.PURL, c.Name, c.Version, source.Name, source.Version, c.Supplier, c.FoundBy, string(c.Basis), c.OwnedBy, c.Module,
	} {
		w.text(s)
	}
	textList(w, c.Licenses)
	textList(w, c.DependsOn)
	textList(w, c.Hashes)
	textList(w, c.CPEs)
	w.number(uint64(len(c.Evidence)))
	for i := range c.Evidence {
		e := &c.Evidence[i]
		for _, text := range []string{string(e.Kind), string(e.Digest), e.Excerpt, e.Statement} {
			w.text(text)
		}
	}
	// Hashes ascend; nothing at all is not the same as none.
	if c.Linked == nil {
		w.number(0)
	} else {
		w.number(uint64(len(c.Linked)) + 1)
	}
	before := uint32(0)
	for _, h := range c.Linked {
		w.number(uint64(h - before))
		before = h
	}
	w.locations += uint64(len(c.Locations))
	w.number(uint64(len(c.Locations)))
	for _, l := range c.Locations {
		w.text(l.File)
		w.text(string(l.Layer))
		for _, n := range []int{l.Span.Start, l.Span.End, l.Line, l.Col} {
			w.out = binary.AppendVarint(w.out, int64(n))
		}
	}
}

// decodeCached reads what encodeCached wrote, and nothing else.
func decodeCached(data []byte) (*cached, error) {
	r := &cacheReader{rest: data}
	if string(r.take(uint64(len(cacheMagic)))) != cacheMagic {
		return nil, errCache
	}
	var head cacheHead
	if err := json.Unmarshal(r.take(r.number()), &head); err != nil {
		return nil, errors.Join(errCache, err)
	}
	r.readTexts()
	count := r.count(leastComponent)
	r.locations = make([]boltseal.Location, r.count(leastLocation))
	r.listed = make([]string, r.count(1))
	if r.bad {
		return nil, errCache
	}
	c := &cached{Distro: head.Distro, Layers: head.Layers, Gaps: head.Gaps, Findings: head.Findings, Components: make([]boltseal.Component, count)}
	sources := make([]boltseal.Source, 0, count)
	for i := range c.Components {
		sources = r.component(&c.Components[i], sources)
	}
	if r.bad || len(r.rest) > 0 {
		return nil, errCache
	}
	return c, nil
}

// cacheReader gives zeros once anything was wrong, and says so in bad.
type cacheReader struct {
	rest      []byte
	texts     []string
	locations []boltseal.Location // not given out yet
	listed    []string            // the same
	bad       bool
}

func (r *cacheReader) number() uint64 {
	n, length := binary.Uvarint(r.rest)
	if length <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[length:]
	return n
}

func (r *cacheReader) signed() int {
	n, length := binary.Varint(r.rest)
	if length <= 0 || int64(int(n)) != n {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[length:]
	return int(n)
}

// count reads how many things follow, each of at least so many bytes.
func (r *cacheReader) count(least int) int {
	n := r.number()
	if n > uint64(len(r.rest)/least) {
		r.bad, r.rest = true, nil
		return 0
	}
	return int(n)
}

func (r *cacheReader) take(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *cacheReader) readTexts() {
	lengths := make([]uint64, r.count(1))
	total := uint64(0)
	for i := range lengths {
		lengths[i] = r.number()
		if total += lengths[i]; lengths[i] > uint64(len(r.rest)) || total > uint64(len(r.rest)) {
			r.bad, r.rest = true, nil
			return
		}
	}
	all := string(r.take(total)) // one piece of memory for all
	r.texts = make([]string, 1+len(lengths))
	for i, n := range lengths {
		r.texts[1+i], all = all[:n], all[n:]
	}
}

func (r *cacheReader) text() string {
	n := r.number()
	if n >= uint64(len(r.texts)) {
		r.bad = true
		return ""
	}
	return r.texts[n]
}

// list gives a part of what is listed, as nothing when it is empty.
func (r *cacheReader) list() []string {
	n := r.number()
	if n > uint64(len(r.listed)) {
		r.bad = true
		return nil
	}
	if n == 0 {
		return nil
	}
	list := r.listed[:n:n]
	r.listed = r.listed[n:]
	for i := range list {
		list[i] = r.text()
	}
	return list
}

func (r *cacheReader) evidence(c *boltseal.Component) {
	n := r.number()
	if n > uint64(len(r.rest)/leastEvidence) {
		r.bad = true
		return
	}
	if n > 0 {
		c.Evidence = make([]boltseal.Evidence, n)
	}
	for i := range c.Evidence {
		e := &c.Evidence[i]
		e.Kind, e.Digest, e.Excerpt, e.Statement = boltseal.EvidenceKind(r.text()), boltseal.Digest(r.text()), r.text(), r.text()
	}
}

func (r *cacheReader) linked(c *boltseal.Component) {
	n := r.number()
	if n == 0 {
		return
	}
	if n-1 > uint64(len(r.rest)) {
		r.bad = true
		return
	}
	c.Linked = make(boltseal.Symbols, n-1)
	at := uint64(0)
	for i := range c.Linked {
		at += r.number()
		c.Linked[i] = uint32(at)
		r.bad = r.bad || at > 1<<32-1
	}
}

func (r *cacheReader) component(c *boltseal.Component, sources []boltseal.Source) []boltseal.Source {
	flags := r.number()
	source := boltseal.Source{}
	basis := ""
	for _, s := range []*string{
		&c.PURL, &c.Name, &c.Version, &source.Name, &source.Version, &c.Supplier, &c.FoundBy, &basis, &c.OwnedBy, &c.Module,
	} {
		*s = r.text()
	}
	c.Basis = boltseal.Basis(basis)
	c.Direct, c.Dev = flags&flagDirect != 0, flags&flagDev != 0
	if flags&flagSource != 0 {
		sources = append(sources, source) // it has room for one of each component
		c.Source = &sources[len(sources)-1]
	} else if flags > flagDirect|flagDev|flagSource || source != (boltseal.Source{}) {
		r.bad = true
	}
	c.Licenses, c.DependsOn = r.list(), r.list()
	if hashes := r.list(); hashes != nil {
		c.Hashes = make([]boltseal.Digest, len(hashes))
		for i, h := range hashes {
			c.Hashes[i] = boltseal.Digest(h)
		}
	}
	c.CPEs = r.list()
	r.evidence(c)
	r.linked(c)
	n := r.number()
	if n > uint64(len(r.locations)) {
		r.bad = true
		return sources
	}
	if n > 0 {
		c.Locations, r.locations = r.locations[:n:n], r.locations[n:]
	}
	for i := range c.Locations {
		l := &c.Locations[i]
		l.File, l.Layer = r.text(), boltseal.Digest(r.text())
		l.Span.Start, l.Span.End, l.Line, l.Col = r.signed(), r.signed(), r.signed(), r.signed()
	}
	return sources
}
