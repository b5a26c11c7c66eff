package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Retention says how long things are kept that are over. Zero values are the
// defaults; what is current or runs is never among them.
type Retention struct {
	Reports time.Duration // about what newer reports are about too; 180 days
	Fixed   time.Duration // findings that are fixed; 180 days
	Alerts  time.Duration // 90 days
	Notices time.Duration // that were settled; 30 days
	Audit   time.Duration // 2 years
	Trend   time.Duration // 2 years
}

func (r Retention) withDefaults() Retention {
	for _, x := range []struct {
		d    *time.Duration
		days int
	}{{&r.Reports, 180}, {&r.Fixed, 180}, {&r.Alerts, 90}, {&r.Notices, 30}, {&r.Audit, 730}, {&r.Trend, 730}} {
		if *x.d <= 0 {
			*x.d = day * time.Duration(x.days)
		}
	}
	return r
}

// wordsAge is how old words must be before they are looked at: whoever uses
// one notes it at least that often.
const wordsAge = 48 * time.Hour

// sweptAtOnce bounds what one transaction removes, so that uploads do not
// wait for it.
const sweptAtOnce = 2000

// Sweep removes what is over and what nobody needs any more. It may be killed
// and begun again at any time.
func (d *DB) Sweep(ctx context.Context, keep Retention) error {
	keep = keep.withDefaults()
	now := d.opts.Now()
	before := func(age time.Duration) int64 { return now.Add(-age).UnixMilli() }
	for _, s := range []struct {
		what, query string
		args        []any
	}{
		{"reports", "DELETE FROM report WHERE id IN (SELECT report.id FROM report JOIN image ON image.id = report.image WHERE report.received < ? AND image.report <> report.id LIMIT ?)", []any{before(keep.Reports)}},
		{"events of findings", "DELETE FROM finding_event WHERE id IN (SELECT finding_event.id FROM finding JOIN finding_event ON finding_event.finding = finding.id WHERE finding.state = 4 AND finding.changed < ? LIMIT ?)", []any{before(keep.Fixed)}},
		{"findings", "DELETE FROM finding WHERE id IN (SELECT id FROM finding WHERE state = 4 AND changed < ? LIMIT ?)", []any{before(keep.Fixed)}},
		{"images", "DELETE FROM image WHERE id IN (SELECT id FROM image WHERE is_current = 0 AND running = 0 AND changed < ? AND NOT EXISTS (SELECT 1 FROM finding WHERE finding.image = image.id) LIMIT ?)", []any{before(keep.Reports)}},
		{"reports of images", "DELETE FROM report WHERE id IN (SELECT id FROM report WHERE received < ? AND NOT EXISTS (SELECT 1 FROM image WHERE image.id = report.image) LIMIT ?)", []any{before(wordsAge)}},
		{"layers of images", "DELETE FROM image_layer WHERE image IN (SELECT image FROM image_layer WHERE NOT EXISTS (SELECT 1 FROM image WHERE image.id = image_layer.image) LIMIT ?)", nil},
		{"alerts", "DELETE FROM alert WHERE id IN (SELECT id FROM alert WHERE received < ? LIMIT ?)", []any{before(keep.Alerts)}},
		{"notices", "DELETE FROM notice WHERE id IN (SELECT id FROM notice WHERE settled > 0 AND settled < ? LIMIT ?)", []any{before(keep.Notices)}},
		{"the audit log", "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ? LIMIT ?)", []any{before(keep.Audit)}},
		{"sessions", "DELETE FROM session WHERE token IN (SELECT token FROM session WHERE expires < ? LIMIT ?)", []any{before(0)}},
		{"idempotency keys", "DELETE FROM once WHERE (project, key) IN (SELECT project, key FROM once WHERE at < ? LIMIT ?)", []any{before(longAgo)}},
		{"days", "DELETE FROM trend WHERE (project, day) IN (SELECT project, day FROM trend WHERE day < ? LIMIT ?)", []any{dayOf(now.Add(-keep.Trend))}},
	} {
		if err := d.sweep(ctx, s.query, append(s.args, sweptAtOnce)...); err != nil {
			return fmt.Errorf("sweep %s: %w", s.what, err)
		}
	}
	if err := d.sweepLayers(ctx, before(wordsAge)); err != nil {
		return fmt.Errorf("sweep layers: %w", err)
	}
	if err := d.sweepChunks(ctx, before(wordsAge)); err != nil {
		return fmt.Errorf("sweep content: %w", err)
	}
	return nil
}

// sweep runs a statement until it removes nothing.
func (d *DB) sweep(ctx context.Context, query string, args ...any) error {
	for ctx.Err() == nil {
		var n int64
		err := d.Update(ctx, func(tx *Tx) (err error) {
			n, err = tx.Exec(ctx, query, args...)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
	return ctx.Err()
}

// sweepLayers removes layers that no image has.
func (d *DB) sweepLayers(ctx context.Context, before int64) error {
	for ctx.Err() == nil {
		n := 0
		err := d.Update(ctx, func(tx *Tx) error {
			type unused struct {
				id      int64
				members []byte
			}
			var list []unused
			err := tx.Each(ctx, func(scan func(...any) error) error {
				var u unused
				err := scan(&u.id, &u.members)
				list = append(list, u)
				return err
			}, "SELECT id, members FROM layer WHERE seen < ? AND NOT EXISTS (SELECT 1 FROM image_layer WHERE image_layer.layer = layer.id) LIMIT 50", before)
			if err != nil {
				return err
			}
			n = len(list)
			for _, u := range list {
				if _, err := tx.Exec(ctx, "DELETE FROM component_layer WHERE layer = ? AND "+d.list("component"), u.id, d.listArg(unpack(u.members))); err != nil {
					return err
				}
				if _, err := tx.Exec(ctx, "DELETE FROM layer WHERE id = ?", u.id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || n == 0 {
			return err
		}
	}
	return ctx.Err()
}

// sweepChunks removes content that nothing names. What reports name is in
// the reports, so they are all read.
func (d *DB) sweepChunks(ctx context.Context, before int64) error {
	named := map[hash]bool{}
	note := func(query string) error {
		return d.View(ctx, func(tx *Tx) error {
			return tx.Each(ctx, func(scan func(...any) error) error {
				var h []byte
				if err := scan(&h); err != nil {
					return err
				}
				if len(h) == len(hash{}) {
					named[hash(h)] = true
				}
				return nil
			}, query)
		})
	}
	for _, query := range []string{"SELECT chunk FROM layer", "SELECT chunk FROM advisory", "SELECT digest FROM report"} {
		if err := note(query); err != nil {
			return err
		}
	}
	if err := d.nameWords(ctx, named); err != nil {
		return err
	}
	var unused [][]byte
	err := d.View(ctx, func(tx *Tx) error {
		return tx.Each(ctx, func(scan func(...any) error) error {
			var h []byte
			if err := scan(&h); err != nil {
				return err
			}
			if len(h) == len(hash{}) && !named[hash(h)] {
				unused = append(unused, h)
			}
			return nil
		}, "SELECT hash FROM chunk WHERE seen < ?", before)
	})
	if err != nil {
		return err
	}
	for len(unused) > 0 {
		part := unused[:min(len(unused), 500)]
		unused = unused[len(part):]
		err := d.Update(ctx, func(tx *Tx) error {
			for _, h := range part {
				if _, err := tx.Exec(ctx, "DELETE FROM chunk WHERE hash = ? AND seen < ?", h, before); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// nameWords notes what the reports' bodies name.
func (d *DB) nameWords(ctx context.Context, named map[hash]bool) error {
	var last int64
	for ctx.Err() == nil {
		n := 0
		err := d.View(ctx, func(tx *Tx) error {
			return tx.Each(ctx, func(scan func(...any) error) error {
				var packed []byte
				if err := scan(&last, &packed); err != nil {
					return err
				}
				n++
				data, err := d.decoder.DecodeAll(packed, nil)
				if err != nil {
					return fmt.Errorf("report %d: %w", last, err)
				}
				var b struct {
					Layers []part   `json:"layers"`
					Words  [][]byte `json:"words"`
				}
				if err := json.Unmarshal(data, &b); err != nil {
					return fmt.Errorf("report %d: %w", last, err)
				}
				for _, w := range b.Words {
					if len(w) == len(hash{}) {
						named[hash(w)] = true
					}
				}
				for _, l := range b.Layers {
					if len(l.Chunk) == len(hash{}) {
						named[hash(l.Chunk)] = true
					}
				}
				return nil
			}, "SELECT report.id, chunk.data FROM report JOIN chunk ON chunk.hash = report.digest WHERE report.id > ? ORDER BY report.id LIMIT 500", last)
		})
		if err != nil || n == 0 {
			return err
		}
	}
	return ctx.Err()
}
