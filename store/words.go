package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// hash names content.
type hash [sha256.Size]byte

// words remembers which content is in the database already, so that what
// every report says is not asked for again. Nothing is remembered for long:
// what nobody uses may be swept from the database.
type words struct {
	chunks, layers, components, issues ids
	advisories                         ids
}

func newWords() *words {
	w := &words{}
	for _, t := range []*ids{&w.chunks, &w.layers, &w.components, &w.issues, &w.advisories} {
		t.young, t.old = map[hash]int64{}, map[hash]int64{}
	}
	return w
}

// idsKept bounds one generation, and idsAge its life: less by far than the
// age at which unused words are swept.
const (
	idsKept = 100_000
	idsAge  = time.Hour
)

// ids maps content to its id in two generations: what is not asked for while
// one lasts is forgotten with the next.
type ids struct {
	mu         sync.Mutex
	young, old map[hash]int64
	since      int64
}

// get forgets by age: asking does not make an entry younger, because the row
// was last touched when the entry was put.
func (t *ids) get(now int64, h hash) (int64, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	age := now - t.since
	if id, ok := t.young[h]; ok && age < 2*idsAge.Milliseconds() {
		return id, true
	}
	id, ok := t.old[h]
	return id, ok && age < idsAge.Milliseconds()
}

func (t *ids) put(now int64, h hash, id int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.young) >= idsKept || now-t.since > idsAge.Milliseconds() {
		t.old, t.young, t.since = t.young, make(map[hash]int64, len(t.young)/2), now
	}
	t.young[h] = id
}

// word is one row of a table of words: its content's hash and its other
// columns.
type word struct {
	hash   hash
	values []any
}

// intern writes the words that a table lacks and gives the ids of all, in
// order. It runs in a transaction of its own: a word that nobody comes to
// need does no harm, and no upload waits for another's.
func (d *DB) intern(ctx context.Context, t *ids, table, columns string, list []word) ([]int64, error) {
	out := make([]int64, len(list))
	missing := map[hash][]int{}
	var order []hash
	now := d.now()
	for i := range list {
		if id, ok := t.get(now, list[i].hash); ok {
			out[i] = id
			continue
		}
		if missing[list[i].hash] == nil {
			order = append(order, list[i].hash)
		}
		missing[list[i].hash] = append(missing[list[i].hash], i)
	}
	if len(order) == 0 {
		return out, nil
	}
	// One order for all, so that two uploads never wait for each other in a ring.
	slices.SortFunc(order, func(a, b hash) int { return strings.Compare(string(a[:]), string(b[:])) })
	err := d.write(ctx, func(tx *Tx) error {
		r := rows{tx: tx, insert: "INSERT INTO " + table + " (hash, " + columns + ") VALUES", after: "ON CONFLICT DO NOTHING", columns: 1 + len(list[missing[order[0]][0]].values)}
		for _, h := range order {
			r.add(append([]any{h[:]}, list[missing[h][0]].values...)...)
		}
		if err := r.flush(ctx); err != nil {
			return err
		}
		for part := range slices.Chunk(order, 64) {
			args := make([]any, 64)
			for i := range args {
				args[i] = part[min(i, len(part)-1)][:]
			}
			query := "SELECT hash, id FROM " + table + " WHERE hash IN (" + strings.TrimSuffix(strings.Repeat("?,", 64), ",") + ")"
			err := tx.Each(ctx, func(scan func(...any) error) error {
				var key []byte
				var id int64
				if err := scan(&key, &id); err != nil {
					return err
				}
				for _, i := range missing[hash(key)] {
					out[i] = id
				}
				return nil
			}, query, args...)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("write words of %s: %w", table, err)
	}
	for _, h := range order {
		t.put(now, h, out[missing[h][0]])
	}
	return out, nil
}

// maxChunk bounds what one chunk may inflate to.
const maxChunk = 256 << 20

// putChunks writes content that is not there yet and says which each is.
func (d *DB) putChunks(ctx context.Context, list ...[]byte) ([]hash, error) {
	hashes := make([]hash, len(list))
	missing := map[hash]int{}
	var order []hash
	now := d.now()
	for i, data := range list {
		hashes[i] = sha256.Sum256(data)
		if _, ok := d.words.chunks.get(now, hashes[i]); ok {
			continue
		}
		if _, ok := missing[hashes[i]]; !ok {
			missing[hashes[i]] = i
			order = append(order, hashes[i])
		}
	}
	if len(order) == 0 {
		return hashes, nil
	}
	slices.SortFunc(order, func(a, b hash) int { return strings.Compare(string(a[:]), string(b[:])) })
	packed := make([][]byte, len(order))
	for i, h := range order {
		packed[i] = d.encoder.EncodeAll(list[missing[h]], nil)
	}
	err := d.write(ctx, func(tx *Tx) error {
		r := rows{tx: tx, insert: "INSERT INTO chunk (hash, data, seen) VALUES", after: "ON CONFLICT (hash) DO UPDATE SET seen = excluded.seen", columns: 3}
		for i, h := range order {
			r.add(h[:], packed[i], now)
		}
		return r.flush(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("write content: %w", err)
	}
	for _, h := range order {
		d.words.chunks.put(now, h, 1)
	}
	return hashes, nil
}

// chunk reads content back and proves that it is what its name says.
func (t *Tx) chunk(ctx context.Context, h []byte) ([]byte, error) {
	var packed []byte
	if err := t.Get(ctx, []any{&packed}, "SELECT data FROM chunk WHERE hash = ?", h); err != nil {
		return nil, fmt.Errorf("content %x: %w", h, err)
	}
	data, err := t.db.decoder.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("content %x: %w", h, err)
	}
	if sum := sha256.Sum256(data); string(sum[:]) != string(h) {
		return nil, fmt.Errorf("content %x: it was changed", h)
	}
	return data, nil
}
