package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// layerIDs gives the layers' ids and writes those that are not there yet,
// with the components that they hold.
func (d *DB) layerIDs(ctx context.Context, layers []layerPart, distro *boltseal.Distro) ([]int64, error) {
	out := make([]int64, len(layers))
	for i := range layers {
		l := &layers[i]
		now := d.now()
		if id, ok := d.words.layers.get(now, l.hash); ok {
			out[i] = id
			continue
		}
		id, err := d.layerID(ctx, l, now, distro)
		if err != nil {
			return nil, fmt.Errorf("layer %s: %w", l.diffID, err)
		}
		d.words.layers.put(now, l.hash, id)
		out[i] = id
	}
	return out, nil
}

func (d *DB) layerID(ctx context.Context, l *layerPart, now int64, distro *boltseal.Distro) (int64, error) {
	var id int64
	err := d.write(ctx, func(tx *Tx) error {
		return tx.Get(ctx, []any{&id}, "UPDATE layer SET seen = ? WHERE hash = ? RETURNING id", now, l.hash[:])
	})
	if !errors.Is(err, ErrNotFound) {
		return id, err
	}
	members, err := d.componentIDs(ctx, l.components, distro)
	if err != nil {
		return 0, err
	}
	slices.Sort(members)
	members = slices.Compact(members)
	err = d.write(ctx, func(tx *Tx) error {
		err := tx.Get(ctx, []any{&id}, "INSERT INTO layer (hash, diff_id, chunk, members, components, seen) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id",
			l.hash[:], string(l.diffID), l.chunk[:], pack(members), len(l.components), now)
		if errors.Is(err, ErrNotFound) { // another upload was first, and wrote the links too
			return tx.Get(ctx, []any{&id}, "SELECT id FROM layer WHERE hash = ?", l.hash[:])
		}
		if err != nil {
			return err
		}
		return tx.link(ctx, id, members)
	})
	return id, err
}

// link notes which components a layer has, in one statement.
func (t *Tx) link(ctx context.Context, layer int64, members []int64) error {
	query := "INSERT INTO component_layer (component, layer) SELECT value, ? FROM json_each(?) WHERE true ON CONFLICT DO NOTHING"
	if t.db.dialect == Postgres {
		query = "INSERT INTO component_layer (component, layer) SELECT unnest(?::bigint[]), ? ON CONFLICT DO NOTHING"
		_, err := t.Exec(ctx, query, members, layer)
		return err
	}
	_, err := t.Exec(ctx, query, layer, t.db.listArg(members))
	return err
}

// pack writes ascending numbers as the differences between them.
func pack(ids []int64) []byte {
	b := make([]byte, 0, 2*len(ids))
	var last int64
	for _, id := range ids {
		b = binary.AppendUvarint(b, uint64(id-last))
		last = id
	}
	return b
}

// unpack is the reverse of pack; what is damaged ends the list.
func unpack(b []byte) []int64 {
	var ids []int64
	var last int64
	for len(b) > 0 {
		step, n := binary.Uvarint(b)
		if n <= 0 {
			return ids
		}
		last += int64(step)
		ids = append(ids, last)
		b = b[n:]
	}
	return ids
}

// componentIDs interns what matching needs to know of components.
func (d *DB) componentIDs(ctx context.Context, components []boltseal.Component, distro *boltseal.Distro) ([]int64, error) {
	list := make([]word, len(components))
	named := map[hash][]string{}
	now := d.now()
	for i := range components {
		form := formOf(&components[i])
		data, err := json.Marshal(&form)
		if err != nil {
			return nil, fmt.Errorf("component %s: %w", form.PURL, err)
		}
		kind, names := namesOf(&form)
		h := hash(sha256.Sum256(data))
		if keys, foreign := d.keysOf(&form, distro); len(keys) > 0 {
			names = append(names, keys...)
			if foreign {
				h = hashOf(h[:], []byte(distro.ID))
			}
		}
		list[i] = word{h, []any{kind, clip(form.Version, 300), data}}
		if _, ok := d.words.components.get(now, h); !ok {
			named[h] = names
		}
	}
	out, err := d.intern(ctx, &d.words.components, "component", "kind, version, form", list)
	if err != nil || len(named) == 0 {
		return out, err
	}
	return out, d.write(ctx, func(tx *Tx) error {
		r := rows{tx: tx, insert: "INSERT INTO component_word (word, component) VALUES", after: "ON CONFLICT DO NOTHING", columns: 2}
		type entry struct {
			word string
			id   int64
		}
		var entries []entry
		for i := range list {
			for _, name := range named[list[i].hash] {
				entries = append(entries, entry{name, out[i]})
			}
			delete(named, list[i].hash)
		}
		slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.word, b.word) })
		for _, e := range entries {
			r.add(e.word, e.id)
		}
		return r.flush(ctx)
	})
}

// keySeparator takes the place of the zero byte in the keys of [Options.Keys],
// which not every database can hold. No name has it: fold takes it out.
const keySeparator = "\x1f"

func wordOfKey(key string) string {
	return clipBytes(strings.ToValidUTF8(strings.ReplaceAll(key, "\x00", keySeparator), ""), 500)
}

// keysOf are the words that a component is found by when advisories change.
// They are foreign when they are so because of what tree it is in.
func (d *DB) keysOf(c *boltseal.Component, distro *boltseal.Distro) (words []string, foreign bool) {
	if d.opts.Keys == nil {
		return nil, false
	}
	keys := d.opts.Keys(c, distro)
	foreign = distro != nil && !slices.Equal(keys, d.opts.Keys(c, nil))
	for _, key := range keys {
		words = append(words, wordOfKey(key))
	}
	return words, foreign
}

func clipBytes(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}

// formOf is a component without what matching does not ask for, so that the
// same software in many images is the same row.
func formOf(c *boltseal.Component) boltseal.Component {
	form := boltseal.Component{
		PURL: c.PURL, Name: c.Name, Version: c.Version, Source: c.Source, Basis: c.Basis, OwnedBy: c.OwnedBy,
		Module: c.Module, FoundBy: c.FoundBy, CPEs: c.CPEs, Direct: c.Direct, Dev: c.Dev,
	}
	if len(c.Locations) > 0 {
		form.Locations = []boltseal.Location{{File: c.Locations[0].File}}
	}
	return form
}

// namesOf gives a component's kind, which orders its versions, and the words
// that it is asked for by.
func namesOf(c *boltseal.Component) (kind string, names []string) {
	names = []string{fold(c.Name)}
	if p, err := boltseal.ParsePURL(c.PURL); err == nil {
		kind = p.Type
		names = append(names, fold(p.Name))
		if p.Namespace != "" {
			names = append(names, fold(p.Namespace+"/"+p.Name))
		}
		if upstream, _, _ := strings.Cut(p.Qualifiers["upstream"], "@"); upstream != "" {
			names = append(names, fold(upstream))
		}
	}
	if c.Source != nil && c.Source.Name != "" {
		names = append(names, fold(c.Source.Name))
	}
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(s string) bool { return s == "" })
	return kind, names
}

// fold is how names are compared: as the laxest ecosystem does. Two that
// differ only so are looked at once too often, and never missed. A signed
// kernel is called as the source it was built from.
func fold(name string) string {
	name = strings.ToLower(name)
	if rest, ok := strings.CutPrefix(name, "linux-signed"); ok {
		switch rest {
		case "", "-amd64", "-arm64", "-i386", "-armhf":
			return "linux"
		}
		name = "linux" + rest
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case r == '_' || r == '.':
			return '-'
		case r < ' ' || r == 0x7f:
			return -1
		}
		return r
	}, name)
	return clipBytes(strings.ToValidUTF8(name, ""), 500)
}
