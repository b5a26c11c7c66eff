package advisory

import (
	"cmp"
	"slices"
	"time"

	"github.com/boltseal/boltseal"
)

// builder gathers what the feeds say, in a form small enough to hold all
// there is, until it is written. Texts are compressed as they come.
type builder struct {
	opts   BuildOptions
	inputs string // what the updater calls the data
	spool  spool

	ids      *interner // of advisories and vulnerabilities
	strings  *interner // versions, symbols, modules, raters, vectors
	packages *interner // ecosystem, a zero byte, name
	entries  []entry
	latest   map[uint32]uint32 // id → entry
	rows     []row
	words    []uint32 // what rows say

	kev      map[string]boltseal.KEV
	nvd      map[string][]rating
	gone     map[string]bool // ids that their publisher deleted
	epss     map[string]epssScore
	epssDate time.Time
	feeds    map[string]*boltseal.Feed
	order    *interner // feeds, as they came
}

// entry is an advisory.
type entry struct {
	id                uint32
	modified          int64
	dead              bool // withdrawn, or a newer version of it came
	kind              byte
	feed              uint32
	block, at         uint64
	aliases, upstream []uint32
	ratings           []rating
	rows, rowsAt      int // those that it came with
	summary, details  bool
	vendor            bool
}

type rating struct {
	severity boltseal.Severity
	score    float64
	by       uint32
	vector   uint32
}

// row is one package of one advisory; what it says begins at words[at]:
// flags, counts and numbers of strings.
type row struct {
	pkg, entry uint32
	at, end    uint32
}

func newBuilder(opts *BuildOptions) *builder {
	b := &builder{
		ids: newInterner(), strings: newInterner(), packages: newInterner(), order: newInterner(),
		latest: map[uint32]uint32{}, kev: map[string]boltseal.KEV{}, nvd: map[string][]rating{}, epss: map[string]epssScore{}, feeds: map[string]*boltseal.Feed{},
	}
	if opts != nil {
		b.opts = *opts
	}
	b.strings.of("")
	b.spool.dir = b.opts.TempDir
	return b
}

// feed is the state of the feed of that name, made on first use.
func (b *builder) feed(name string) *boltseal.Feed {
	f := b.feeds[name]
	if f == nil {
		f = &boltseal.Feed{Name: name}
		b.feeds[name] = f
	}
	return f
}

func (b *builder) left(feed, id, why string) {
	if b.opts.Left != nil {
		b.opts.Left(Left{Feed: feed, ID: id, Why: why})
	}
}

// take adds one record, whose text is in a block of the spool. Of two
// versions of an advisory the newer counts, of two equally old the first.
func (b *builder) take(feed string, r *record, block, at uint64) {
	if b.gone[r.ID] {
		return
	}
	for _, why := range r.notes {
		b.left(feed, r.ID, why)
	}
	e := entry{
		id: b.ids.of(r.ID), modified: r.Modified.UnixNano(), dead: !r.Withdrawn.IsZero(), feed: b.order.of(feed),
		block: block, at: at, rows: len(r.Affected), rowsAt: len(b.rows), summary: r.Summary != "", details: r.Details != "",
		vendor: isVendor(feed),
	}
	if r.Modified.IsZero() {
		e.modified = 0
	}
	old, again := b.latest[e.id]
	overlaid := again && e.vendor && !b.entries[old].vendor
	if again {
		if !overlaid && b.entries[old].modified >= e.modified {
			return
		}
		b.forget(old)
	}
	b.latest[e.id] = uint32(len(b.entries))
	f := b.feed(feed)
	if r.Modified.After(f.Modified) {
		f.Modified = r.Modified
	}
	if !e.dead && len(r.Affected) == 0 && !r.bare {
		e.dead = true // all that it said of packages was left out
	}
	if !e.dead {
		f.Records++
		b.fill(&e, r)
		if overlaid {
			b.overlay(&e, old)
		}
	}
	b.entries = append(b.entries, e)
}

// overlay lets a vendor's record take the place of another feed's one of the
// same id. What the other says of packages that the vendor is silent about
// stays, as do its ratings.
func (b *builder) overlay(e *entry, old uint32) {
	o := &b.entries[old]
	spoken := map[uint32]bool{}
	for _, r := range b.rows[e.rowsAt:] {
		spoken[r.pkg] = true
	}
	for i := o.rowsAt; i < o.rowsAt+o.rows; i++ {
		if !spoken[b.rows[i].pkg] {
			b.rows[i].entry = uint32(len(b.entries))
			e.rows++
		}
	}
	for _, r := range o.ratings {
		if !slices.Contains(e.ratings, r) {
			e.ratings = append(e.ratings, r)
		}
	}
	e.aliases, e.upstream = union(e.aliases, o.aliases), union(e.upstream, o.upstream)
	if !e.details && (o.details || o.summary && !e.summary) {
		e.block, e.at, e.summary, e.details = o.block, o.at, o.summary, o.details
	}
}

func union(a, b []uint32) []uint32 {
	for _, id := range b {
		if !slices.Contains(a, id) {
			a = append(a, id)
		}
	}
	return a
}

// overrule drops rows of other feeds about vulnerabilities of a package that
// its vendor speaks of itself under another id.
func (b *builder) overrule(k *known) {
	said := map[uint64]bool{} // package and vulnerability
	each := func(r row, do func(uint64)) {
		for _, v := range k.about[k.number[r.entry]] {
			do(uint64(r.pkg)<<32 | uint64(v))
		}
	}
	for _, r := range b.rows {
		if e := &b.entries[r.entry]; !e.dead && e.vendor {
			each(r, func(key uint64) { said[key] = true })
		}
	}
	if len(said) == 0 {
		return
	}
	b.rows = slices.DeleteFunc(b.rows, func(r row) bool {
		if e := &b.entries[r.entry]; e.dead || e.vendor {
			return false
		}
		all := true
		each(r, func(key uint64) { all = all && said[key] })
		return all
	})
}

func (b *builder) forget(old uint32) {
	e := &b.entries[old]
	if !e.dead {
		b.feed(b.order.list[e.feed]).Records--
	}
	e.dead = true
}

func (b *builder) fill(e *entry, r *record) {
	e.kind = byte(slices.Index(kinds[:], r.Kind))
	e.aliases, e.upstream = b.ids.all(r.Aliases), b.ids.all(r.Upstream)
	for _, rated := range r.Ratings {
		e.ratings = append(e.ratings, rating{rated.Severity, rated.Score, b.strings.of(rated.By), b.strings.of(rated.Vector)})
	}
	for i := range r.Affected {
		a := &r.Affected[i]
		w := row{pkg: b.packages.of(a.Ecosystem + "\x00" + a.Name), entry: uint32(len(b.entries)), at: uint32(len(b.words))}
		b.say(a, r.modules[i])
		w.end = uint32(len(b.words))
		b.rows = append(b.rows, w)
	}
}

// say appends what a row says to the words.
func (b *builder) say(a *boltseal.Affected, modules []string) {
	flags := uint32(max(0, slices.Index(statuses[:], a.Status))) | uint32(a.Severity&7)<<3
	simple := len(a.Ranges) == 1 && a.Ranges[0].Introduced == "0" && a.Ranges[0].Fixed != "" && a.Ranges[0].LastAffected == ""
	if simple {
		flags |= rowSimple
	}
	if len(a.Versions) > 0 {
		flags |= rowVersions
	}
	if len(a.Symbols) > 0 {
		flags |= rowSymbols
	}
	if len(modules) > 0 {
		flags |= rowModules
	}
	b.words = append(b.words, flags)
	if simple {
		b.words = append(b.words, b.strings.of(a.Ranges[0].Fixed))
	} else {
		b.words = append(b.words, uint32(len(a.Ranges)))
		for _, r := range a.Ranges {
			introduced := r.Introduced
			if introduced == "0" {
				introduced = ""
			}
			b.words = append(b.words, b.strings.of(introduced), b.strings.of(r.Fixed), b.strings.of(r.LastAffected))
		}
	}
	for _, list := range [][]string{a.Versions, a.Symbols, modules} {
		if len(list) > 0 {
			b.words = append(b.words, uint32(len(list)))
			b.words = append(b.words, b.strings.all(list)...)
		}
	}
}

// known is the finished knowledge, numbered as it is stored.
type known struct {
	entries []uint32   // live advisories in the order of their ids
	about   [][]uint32 // of each: numbers of vulnerabilities
	number  []uint32   // of an entry: its place in entries
	vulns   []vuln
}

// resolve runs the alias graph and gathers what is known of each
// vulnerability that a package can have.
func (b *builder) resolve() *known {
	g := newGraph(b.ids.list)
	said := make([]names, len(b.entries))
	var edges []edge
	for i := range b.entries {
		if e := &b.entries[i]; !e.dead {
			said[i] = g.sort(e.id, e.aliases, e.upstream)
			for _, other := range said[i].same {
				edges = append(edges, edge{e.id, other})
			}
		}
	}
	g.join(edges)
	about := make([][]uint32, len(b.entries))
	wanted := map[uint32]bool{}
	for i := range b.entries {
		if e := &b.entries[i]; !e.dead {
			about[i] = vulnsOf(g, e.id, said[i])
			for _, v := range about[i] {
				wanted[v] = wanted[v] || e.rows > 0
			}
		}
	}
	return b.number(g, said, about, wanted)
}

func vulnsOf(g *graph, id uint32, n names) []uint32 {
	if len(n.about) == 0 {
		return []uint32{g.vuln(id)}
	}
	out := make([]uint32, len(n.about))
	for i, v := range n.about {
		out[i] = g.vuln(v)
	}
	slices.SortFunc(out, func(x, y uint32) int { return cmp.Compare(g.ids[x], g.ids[y]) })
	return slices.Compact(out)
}

// number drops what no package can have and sorts the rest.
func (b *builder) number(g *graph, said []names, about [][]uint32, wanted map[uint32]bool) *known {
	k := &known{number: make([]uint32, len(b.entries))}
	var named []uint32
	for v, ok := range wanted {
		if ok {
			named = append(named, v)
		}
	}
	byID := func(x, y uint32) int { return cmp.Compare(g.ids[x], g.ids[y]) }
	slices.SortFunc(named, byID)
	place := make(map[uint32]uint32, len(named))
	k.vulns = make([]vuln, len(named))
	for i, v := range named {
		place[v] = uint32(i)
		k.vulns[i].name = g.ids[v]
	}
	for i := range b.entries {
		e := &b.entries[i]
		e.dead = e.dead || !slices.ContainsFunc(about[i], func(v uint32) bool { return wanted[v] })
		if !e.dead {
			k.entries = append(k.entries, uint32(i))
		}
	}
	slices.SortFunc(k.entries, func(x, y uint32) int { return byID(b.entries[x].id, b.entries[y].id) })
	k.about = make([][]uint32, len(k.entries))
	for n, i := range k.entries {
		k.number[i] = uint32(n)
		for _, v := range about[i] {
			if p, ok := place[v]; ok {
				k.about[n] = append(k.about[n], p)
			}
		}
	}
	b.describe(k, g, said)
	return k
}
