package advisory

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/bits"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/atomicfile"
	"github.com/boltseal/boltseal/internal/limit"
)

// A delta turns one database into another. It does not speak of bytes of the
// file, where one advisory more moves everything behind it, but of what is in
// it: which vulnerabilities, advisories and rows come and go, which blocks of
// texts stay, and what is in those that do not, said in words of those that
// went. The file is then laid out anew, and must have the digest that the
// delta names. docs/design/0009-db-distribution.md has the figures.
const (
	deltaMagic   = "boltdlt\x01"
	maxDelta     = 1 << 30  // bytes of a delta, and of what it inflates to
	maxDictonary = 64 << 20 // of old texts that new ones are described with
)

// ErrDelta says that a delta does not lead from this database to that one.
var ErrDelta = errors.New("the delta does not fit this database")

// Diff writes the delta that turns older into newer.
func Diff(w io.Writer, older, newer *DB) error {
	data, err := diff(older, newer)
	if err != nil {
		return fmt.Errorf("compare advisory databases: %w", err)
	}
	_, err = w.Write(data)
	return err
}

func diff(older, newer *DB) ([]byte, error) {
	a, err := older.content()
	if err != nil {
		return nil, err
	}
	b, err := newer.content()
	if err != nil {
		return nil, err
	}
	metaJSON, err := json.Marshal(meta{Built: b.built, Feeds: b.feeds, Inputs: b.inputs})
	if err != nil {
		return nil, err
	}
	t := planTexts(a.texts.(frames), b.texts.(frames))
	body := appendBytes(nil, metaJSON)
	body = appendChanges(body, a.vulnItems(), b.vulnItems())
	body = appendEPSS(body, a, b)
	body = appendChanges(body, a.advisoryItems(), b.advisoryItems())
	body = appendChanges(body, a.rowItems(), b.rowItems())
	body = t.append(body)
	body = appendPlaces(body, a, b, t)
	fresh, lens, err := t.rawOf(newer, b.texts.(frames), t.fresh, -1)
	if err != nil {
		return nil, err
	}
	dictionary, _, err := t.rawOf(older, a.texts.(frames), t.gone, maxDictonary)
	if err != nil {
		return nil, err
	}
	body = binary.AppendUvarint(body, uint64(len(lens)))
	body = appendUints(body, lens...)
	packed, err := pack(body, nil)
	if err != nil {
		return nil, err
	}
	texts, err := pack(fresh, dictionary)
	if err != nil {
		return nil, err
	}
	out := append([]byte(deltaMagic), older.id...)
	out = append(append(append(out, '\n'), newer.id...), '\n')
	out = appendBytes(out, packed)
	return appendBytes(out, texts), nil
}

// pack compresses as well as it can, with the dictionary's own bytes in reach.
func pack(data, dictionary []byte) ([]byte, error) {
	options := []zstd.EOption{
		zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBestCompression),
		zstd.WithWindowSize(windowFor(len(data) + len(dictionary))),
	}
	if len(dictionary) >= 8 {
		options = append(options, zstd.WithEncoderDictRaw(1, dictionary))
	}
	z, err := zstd.NewWriter(nil, options...)
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	return z.EncodeAll(data, nil), z.Close()
}

func windowFor(n int) int {
	return min(max(zstd.MinWindowSize, 1<<bits.Len(uint(n))), 128<<20)
}

func unpack(data, dictionary []byte) ([]byte, error) {
	options := []zstd.DOption{zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxDelta), zstd.WithDecoderMaxWindow(128 << 20)}
	if len(dictionary) >= 8 {
		options = append(options, zstd.WithDecoderDictRaw(1, dictionary))
	}
	z, err := zstd.NewReader(nil, options...)
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	defer z.Close()
	return z.DecodeAll(data, nil)
}

// item is one thing of a table that is sorted by its keys.
type item struct{ key, value []byte }

func (c *content) vulnItems() iter.Seq[item] {
	return func(yield func(item) bool) {
		for i := range c.vulns {
			v := c.vulns[i]
			var value []byte
			value = appendStrings(value, v.aliases)
			value = binary.AppendUvarint(value, uint64(len(v.ratings)))
			for _, r := range v.ratings {
				value = append(value, byte(r.Severity))
				value = appendUints(value, uint64(r.Score*10+0.5))
				value = appendBytes(appendBytes(value, r.By), r.Vector)
			}
			var flags byte
			if v.shared {
				flags |= 1
			}
			if v.kev != nil {
				flags |= 2
				if v.kev.Ransomware {
					flags |= 4
				}
			}
			value = append(value, flags)
			if v.kev != nil {
				value = appendInt(appendInt(value, days(v.kev.Added)), days(v.kev.Due))
			}
			value = appendBytes(value, c.advisories[v.words].id)
			if !yield(item{[]byte(v.name), value}) {
				return
			}
		}
	}
}

func (c *content) advisoryItems() iter.Seq[item] {
	return func(yield func(item) bool) {
		for i := range c.advisories {
			a := &c.advisories[i]
			value := appendUints([]byte{a.kind}, a.feed, uint64(len(a.about)))
			for _, v := range a.about {
				value = appendBytes(value, c.vulns[v].name)
			}
			if !yield(item{[]byte(a.id), value}) {
				return
			}
		}
	}
}

// rowItems are the rows by package and advisory. Several of one advisory are
// one item.
func (c *content) rowItems() iter.Seq[item] {
	return func(yield func(item) bool) {
		for _, p := range c.packages {
			prefix := p.ecosystem + "\x00" + p.name + "\x00"
			for rows := p.rows; len(rows) > 0; {
				n := 1
				for n < len(rows) && rows[n].advisory == rows[0].advisory {
					n++
				}
				var value []byte
				for _, r := range rows[:n] {
					value = appendBytes(value, c.row(nil, r))
				}
				if !yield(item{[]byte(prefix + c.advisories[rows[0].advisory].id), value}) {
					return
				}
				rows = rows[n:]
			}
		}
	}
}

// appendChanges says how the first table becomes the second: keep so many,
// drop so many, put these; and again, until all three are 0.
func appendChanges(out []byte, older, newer iter.Seq[item]) []byte {
	nextOld, stopOld := iter.Pull(older)
	defer stopOld()
	nextNew, stopNew := iter.Pull(newer)
	defer stopNew()
	var keep, drop, put uint64
	var puts []byte
	flush := func() {
		if keep+drop+put > 0 {
			out = append(appendUints(out, keep, drop, put), puts...)
		}
		keep, drop, put, puts = 0, 0, 0, puts[:0]
	}
	a, more := nextOld()
	b, there := nextNew()
	for more || there {
		order := bytes.Compare(a.key, b.key)
		switch {
		case !more:
			order = 1
		case !there:
			order = -1
		}
		same := order == 0 && bytes.Equal(a.value, b.value)
		if same && drop+put > 0 {
			flush()
		}
		switch {
		case same:
			keep++
		default:
			if order <= 0 {
				drop++
			}
			if order >= 0 {
				put++
				puts = appendBytes(appendBytes(puts, b.key), b.value)
			}
		}
		if order <= 0 {
			a, more = nextOld()
		}
		if order >= 0 {
			b, there = nextNew()
		}
	}
	flush()
	return appendUints(out, 0, 0, 0)
}

// changed gives the second table, of the first and what appendChanges says.
func changed(c *cursor, older iter.Seq[item], each func(key, value []byte) error) error {
	next, stop := iter.Pull(older)
	defer stop()
	take := func(n uint64, do func(key, value []byte) error) error {
		for ; n > 0; n-- {
			one, ok := next()
			if !ok {
				return ErrDelta
			}
			if do != nil {
				if err := do(one.key, one.value); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for !c.bad {
		keep, drop, put := c.uint(), c.uint(), c.count()
		if keep|drop|uint64(put) == 0 {
			break
		}
		if err := take(keep, each); err != nil {
			return err
		}
		if err := take(drop, nil); err != nil {
			return err
		}
		for range put {
			key, value := c.bytes(), c.bytes()
			if c.bad {
				return ErrDelta
			}
			if err := each(key, value); err != nil {
				return err
			}
		}
	}
	if _, more := next(); more || c.bad {
		return ErrDelta
	}
	return nil
}

// appendEPSS says by how much every score moved. That is most of what changes
// on a day, and every vulnerability's numbers change by very little.
func appendEPSS(out []byte, a, b *content) []byte {
	was := epssByName(a)
	var present, scores, percentiles []byte
	var dates []int64
	for i := range b.vulns {
		e := b.vulns[i].epss
		if e == nil {
			present = append(present, 0)
			continue
		}
		at := slices.Index(dates, days(e.Date))
		if at < 0 {
			at = len(dates)
			dates = append(dates, days(e.Date))
		}
		before := was[b.vulns[i].name]
		present = binary.AppendUvarint(present, uint64(at+1))
		scores = appendInt(scores, inMicro(e.Score)-before[0])
		percentiles = appendInt(percentiles, inMicro(e.Percentile)-before[1])
	}
	out = binary.AppendUvarint(out, uint64(len(dates)))
	for _, d := range dates {
		out = appendInt(out, d)
	}
	return appendBytes(appendBytes(appendBytes(out, present), scores), percentiles)
}

func inMicro(v float64) int64 { return int64(v*micro + 0.5) }

func epssByName(c *content) map[string][2]int64 {
	out := map[string][2]int64{}
	for i := range c.vulns {
		if e := c.vulns[i].epss; e != nil {
			out[c.vulns[i].name] = [2]int64{inMicro(e.Score), inMicro(e.Percentile)}
		}
	}
	return out
}

func takeEPSS(c *cursor, a, b *content) error {
	was := epssByName(a)
	dates := make([]time.Time, c.count())
	for i := range dates {
		dates[i] = day(c.int())
	}
	present, scores, percentiles := cursor{b: c.bytes()}, cursor{b: c.bytes()}, cursor{b: c.bytes()}
	for i := range b.vulns {
		at := present.uint()
		if at == 0 {
			continue
		}
		if at > uint64(len(dates)) {
			return ErrDelta
		}
		before := was[b.vulns[i].name]
		score, percentile := before[0]+scores.int(), before[1]+percentiles.int()
		if score < 0 || score > micro || percentile < 0 || percentile > micro {
			return ErrDelta
		}
		b.vulns[i].epss = &boltseal.EPSS{Score: float64(score) / micro, Percentile: float64(percentile) / micro, Date: dates[at-1]}
	}
	if c.bad || present.bad || scores.bad || percentiles.bad {
		return ErrDelta
	}
	return nil
}

// textPlan says which blocks of the newer database are blocks of the older.
type textPlan struct {
	from  []int // of each new block: the old one, or -1
	to    []int // of each old block: the new one, or -1
	fresh []int // new blocks that no old one is
	gone  []int // old blocks that are none any more
}

func planTexts(older, newer frames) *textPlan {
	where := make(map[string]int, len(older))
	for i := range slices.Backward(older) {
		where[string(older[i])] = i
	}
	t := &textPlan{to: slices.Repeat([]int{-1}, len(older))}
	for i, frame := range newer {
		at, ok := where[string(frame)]
		if !ok {
			at = -1
			t.fresh = append(t.fresh, i)
		} else if t.to[at] < 0 {
			t.to[at] = i
		}
		t.from = append(t.from, at)
	}
	t.leave()
	return t
}

func (t *textPlan) leave() {
	for i, at := range t.to {
		if at < 0 {
			t.gone = append(t.gone, i)
		}
	}
}

// append writes runs: how many blocks are those from there on, then how many
// are fresh.
func (t *textPlan) append(out []byte) []byte {
	out = binary.AppendUvarint(out, uint64(len(t.from)))
	expected := 0
	for i := 0; i < len(t.from); {
		n := 0
		for i+n < len(t.from) && t.from[i+n] >= 0 && t.from[i+n] == t.from[i]+n {
			n++
		}
		out = binary.AppendUvarint(out, uint64(n))
		if n > 0 {
			out = appendInt(out, int64(t.from[i]-expected))
			expected = t.from[i] + n
		}
		i += n
		n = 0
		for i+n < len(t.from) && t.from[i+n] < 0 {
			n++
		}
		out = binary.AppendUvarint(out, uint64(n))
		i += n
	}
	return out
}

func readTextPlan(c *cursor, older int) (*textPlan, error) {
	t := &textPlan{to: slices.Repeat([]int{-1}, older)}
	total := c.uint()
	if total > maxDelta/8 {
		return nil, ErrDelta
	}
	expected := 0
	for uint64(len(t.from)) < total && !c.bad {
		copies := c.uint()
		if copies > 0 {
			expected += int(c.int())
		}
		if expected < 0 || expected > older || copies > uint64(older-expected) || copies > total-uint64(len(t.from)) {
			return nil, ErrDelta
		}
		for range copies {
			if t.to[expected] < 0 {
				t.to[expected] = len(t.from)
			}
			t.from = append(t.from, expected)
			expected++
		}
		fresh := c.uint()
		if fresh > total-uint64(len(t.from)) || copies+fresh == 0 {
			return nil, ErrDelta
		}
		for range fresh {
			t.fresh = append(t.fresh, len(t.from))
			t.from = append(t.from, -1)
		}
	}
	if c.bad {
		return nil, ErrDelta
	}
	t.leave()
	return t, nil
}

// rawOf is what some blocks hold, one behind the other, and how long each is.
func (t *textPlan) rawOf(db *DB, all frames, blocks []int, most int) (out []byte, lens []uint64, err error) {
	for _, i := range blocks {
		raw, err := db.inflateBlock(all[i])
		if err != nil {
			return nil, nil, err
		}
		if most >= 0 && len(out)+len(raw) > most {
			break
		}
		out = append(out, raw...)
		lens = append(lens, uint64(len(raw)))
	}
	return out, lens, nil
}

// appendPlaces names the advisories whose text is not where the plan would
// have it.
func appendPlaces(out []byte, a, b *content, t *textPlan) []byte {
	expected := expectedPlaces(a, b, t)
	var places []byte
	n, last := uint64(0), 0
	for i := range b.advisories {
		if e := &b.advisories[i]; expected[i] != [2]uint64{e.block + 1, e.at} {
			places = appendUints(places, uint64(i-last), e.block, e.at)
			n, last = n+1, i
		}
	}
	return append(binary.AppendUvarint(out, n), places...)
}

// expectedPlaces are the new block, plus one, and the place in it of each
// advisory whose old block is still there.
func expectedPlaces(a, b *content, t *textPlan) [][2]uint64 {
	out := make([][2]uint64, len(b.advisories))
	i := 0
	for n := range b.advisories {
		id := b.advisories[n].id
		for i < len(a.advisories) && a.advisories[i].id < id {
			i++
		}
		if i < len(a.advisories) && a.advisories[i].id == id {
			if old := a.advisories[i].block; old < uint64(len(t.to)) && t.to[old] >= 0 {
				out[n] = [2]uint64{uint64(t.to[old]) + 1, a.advisories[i].at}
			}
		}
	}
	return out
}

// Patch writes to path the database that a delta makes of older, and only if
// it is, byte for byte, the one that the delta names. want is what the caller
// trusts it to be; empty trusts the delta.
func Patch(path string, older *DB, delta io.Reader, want boltseal.Digest) error {
	data, err := limit.ReadAll(delta, maxDelta, tooLong("delta", maxDelta))
	if err == nil {
		err = patch(path, older, data, want)
	}
	if err != nil {
		return fmt.Errorf("patch the advisory database: %w", err)
	}
	return nil
}

// DeltaEnds are the databases that a delta leads from and to.
func DeltaEnds(delta []byte) (from, to boltseal.Digest, err error) {
	rest, ok := bytes.CutPrefix(delta, []byte(deltaMagic))
	if !ok {
		return "", "", fmt.Errorf("%w: it is none, or of another format", ErrDelta)
	}
	parts := bytes.SplitN(rest, []byte("\n"), 3)
	if len(parts) != 3 {
		return "", "", fmt.Errorf("%w: it breaks off", ErrDelta)
	}
	if from, err = boltseal.ParseDigest(string(parts[0])); err == nil {
		to, err = boltseal.ParseDigest(string(parts[1]))
	}
	if err != nil {
		return "", "", fmt.Errorf("%w: %w", ErrDelta, err)
	}
	return from, to, nil
}

func patch(path string, older *DB, delta []byte, want boltseal.Digest) error {
	from, to, err := DeltaEnds(delta)
	switch {
	case err != nil:
		return err
	case from != older.id:
		return fmt.Errorf("%w: it is for %s, this is %s", ErrDelta, from, older.id)
	case want != "" && want != to:
		return fmt.Errorf("%w: it leads to %s, not to %s", ErrDelta, to, want)
	}
	b, err := patched(older, delta[len(deltaMagic)+len(from)+len(to)+2:])
	if err != nil {
		return err
	}
	return atomicfile.Write(path, 0o644, func(f *os.File) error {
		s, err := b.write(f)
		if err == nil && s.ID != string(to) {
			err = fmt.Errorf("%w: it made %s, not %s", ErrDelta, s.ID, to)
		}
		return err
	})
}

// patched is the content that the body of a delta makes of a database's.
func patched(older *DB, body []byte) (*content, error) {
	outer := cursor{b: body}
	packed, packedTexts := outer.bytes(), outer.bytes()
	if outer.bad || outer.left() > 0 {
		return nil, fmt.Errorf("%w: it breaks off", ErrDelta)
	}
	a, err := older.content()
	if err != nil {
		return nil, err
	}
	plain, err := unpack(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDelta, err)
	}
	c := cursor{b: plain}
	var m meta
	if err := json.Unmarshal(c.bytes(), &m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDelta, err)
	}
	b := &content{built: m.Built, feeds: m.Feeds, inputs: m.Inputs}
	if err := b.takeTables(&c, a); err != nil {
		return nil, err
	}
	t, err := readTextPlan(&c, len(a.texts.(frames)))
	if err != nil {
		return nil, err
	}
	if err := b.takePlaces(&c, a, t); err != nil {
		return nil, err
	}
	return b, b.takeTexts(&c, older, a.texts.(frames), t, packedTexts)
}

// takeTables reads vulnerabilities, advisories and rows.
func (c *content) takeTables(in *cursor, a *content) error {
	var words []string
	err := changed(in, a.vulnItems(), func(key, value []byte) error {
		v, by, err := readVulnItem(string(key), value)
		words = append(words, by)
		c.vulns = append(c.vulns, v)
		return err
	})
	if err != nil {
		return err
	}
	if err := takeEPSS(in, a, c); err != nil {
		return err
	}
	vulns := make(map[string]uint32, len(c.vulns))
	for i := range c.vulns {
		vulns[c.vulns[i].name] = uint32(i)
	}
	numbers := map[string]uint32{}
	err = changed(in, a.advisoryItems(), func(key, value []byte) error {
		v := cursor{b: value}
		one := contentAdvisory{id: string(key), kind: v.byte(), feed: v.uint()}
		for range v.count() {
			n, ok := vulns[string(v.bytes())]
			if !ok {
				return ErrDelta
			}
			one.about = append(one.about, n)
		}
		if v.bad || one.kind >= byte(len(kinds)) || one.feed >= uint64(len(c.feeds)) || len(one.about) == 0 {
			return ErrDelta
		}
		numbers[one.id] = uint32(len(c.advisories))
		c.advisories = append(c.advisories, one)
		return nil
	})
	if err != nil {
		return err
	}
	for i, id := range words {
		n, ok := numbers[id]
		if !ok {
			return ErrDelta
		}
		c.vulns[i].words = uint64(n)
	}
	return c.takeRows(in, a, numbers)
}

func readVulnItem(name string, value []byte) (vuln, string, error) {
	c := cursor{b: value}
	v := vuln{name: name}
	for range c.count() {
		v.aliases = append(v.aliases, string(c.bytes()))
	}
	for range c.count() {
		v.ratings = append(v.ratings, boltseal.Rating{
			Severity: boltseal.Severity(c.byte() & 7), Score: float64(c.uint()) / 10, By: string(c.bytes()), Vector: string(c.bytes()),
		})
	}
	flags := c.byte()
	v.shared = flags&1 != 0
	if flags&2 != 0 {
		v.kev = &boltseal.KEV{Added: day(c.int()), Due: day(c.int()), Ransomware: flags&4 != 0}
	}
	words := string(c.bytes())
	if c.bad {
		return v, "", ErrDelta
	}
	return v, words, nil
}

func (c *content) takeRows(in *cursor, a *content, numbers map[string]uint32) error {
	var arena []byte
	c.row = func(out []byte, r contentRow) []byte { return append(out, arena[r.at:r.end]...) }
	return changed(in, a.rowItems(), func(key, value []byte) error {
		ecosystem, rest, ok := strings.Cut(string(key), "\x00")
		name, id, second := strings.Cut(rest, "\x00")
		n, known := numbers[id]
		if !ok || !second || !known {
			return ErrDelta
		}
		if last := len(c.packages) - 1; last < 0 || c.packages[last].ecosystem != ecosystem || c.packages[last].name != name {
			c.packages = append(c.packages, contentPackage{ecosystem: ecosystem, name: name})
		}
		p := &c.packages[len(c.packages)-1]
		for v := (cursor{b: value}); v.left() > 0; {
			row := v.bytes()
			if v.bad || len(arena)+len(row) > maxDelta {
				return ErrDelta
			}
			p.rows = append(p.rows, contentRow{n, uint32(len(arena)), uint32(len(arena) + len(row))})
			arena = append(arena, row...)
		}
		return nil
	})
}

func (c *content) takePlaces(in *cursor, a *content, t *textPlan) error {
	expected := expectedPlaces(a, c, t)
	at := uint64(0)
	for range in.count() {
		at += in.uint()
		if at >= uint64(len(expected)) {
			return ErrDelta
		}
		expected[at] = [2]uint64{in.uint() + 1, in.uint()}
	}
	for i := range c.advisories {
		block := expected[i][0]
		if block == 0 || block > uint64(len(t.from)) {
			return ErrDelta
		}
		c.advisories[i].block, c.advisories[i].at = block-1, expected[i][1]
	}
	if in.bad {
		return ErrDelta
	}
	return nil
}

// takeTexts puts the blocks together: those that are there, and those that
// are compressed here as they were by whoever built the database.
func (c *content) takeTexts(in *cursor, older *DB, old frames, t *textPlan, packed []byte) error {
	dictionary, _, err := t.rawOf(older, old, t.gone, maxDictonary)
	if err != nil {
		return err
	}
	fresh, err := unpack(packed, dictionary)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDelta, err)
	}
	w, err := newWorker(nil, nil)
	if err != nil {
		return err
	}
	if n := in.count(); n != len(t.fresh) {
		return ErrDelta
	}
	var next batch
	out := make(frames, len(t.from))
	for i, from := range t.from {
		if from >= 0 {
			out[i] = old[from]
			continue
		}
		n := in.uint()
		if n == 0 || n > uint64(len(fresh)) {
			return ErrDelta
		}
		w.text, fresh = append(w.text[:0], fresh[:n]...), fresh[n:]
		w.flush(&next)
		out[i] = next.frames[len(next.frames)-1]
	}
	if in.bad || in.left() > 0 || len(fresh) > 0 {
		return ErrDelta
	}
	c.texts = out
	return nil
}

// save lays the content out into a file of that name.
func (c *content) save(path string) error {
	return atomicfile.Write(path, 0o644, func(f *os.File) error {
		_, err := c.write(f)
		return err
	})
}
