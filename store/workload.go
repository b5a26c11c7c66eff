package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

// Workload is a container that runs, and what is known of its image.
type Workload struct {
	ID    int64     `json:"id"`
	Seen  time.Time `json:"seen"`
	Known int64     `json:"known,omitempty"` // the image that there is a report of
	boltseal.Workload
}

// maxWorkloads bounds what one cluster may say.
const maxWorkloads = 200_000

// SetWorkloads takes over what runs in a cluster: what is not in the list
// does not run there any more.
func (d *DB) SetWorkloads(ctx context.Context, p *Project, cluster string, list []boltseal.Workload, who string) error {
	if len(list) > maxWorkloads {
		return fmt.Errorf("workloads of %.80q: %w: more than %d", cluster, ErrInvalid, maxWorkloads)
	}
	cluster = clip(cluster, 200)
	err := d.Update(ctx, func(tx *Tx) error {
		if err := tx.lock(ctx, p.ID, line{kind: "cluster", name: cluster}); err != nil {
			return err
		}
		touched := map[string]bool{}
		err := tx.Each(ctx, func(scan func(...any) error) error {
			var digest string
			err := scan(&digest)
			touched[digest] = true
			return err
		}, "SELECT DISTINCT digest FROM workload WHERE project = ? AND cluster = ?", p.ID, cluster)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "DELETE FROM workload WHERE project = ? AND cluster = ?", p.ID, cluster); err != nil {
			return err
		}
		now := d.now()
		r := rows{tx: tx, insert: "INSERT INTO workload (project, cluster, namespace, kind, name, container, image, digest, seen) VALUES", after: "ON CONFLICT DO NOTHING", columns: 9}
		for i := range list {
			w := &list[i]
			digest := clip(string(w.Digest), 140)
			touched[digest] = true
			r.add(p.ID, cluster, clip(w.Namespace, 200), clip(w.Kind, 100), clip(w.Name, 300), clip(w.Container, 300), clip(w.Image, 500), digest, now)
		}
		if err := r.flush(ctx); err != nil {
			return err
		}
		delete(touched, "")
		digests := make([]string, 0, len(touched))
		for digest := range touched {
			digests = append(digests, digest)
		}
		slices.Sort(digests)
		if err := tx.run(ctx, p.ID, digests, "cluster:"+cluster); err != nil {
			return err
		}
		return tx.Note(ctx, p.ID, who, "workloads.set", cluster, fmt.Sprintf("%d containers", len(list)))
	})
	if err != nil {
		return fmt.Errorf("workloads of %s: %w", cluster, err)
	}
	return nil
}

// run counts anew who runs these digests. Where nobody does any more and
// another image has the name, the findings that were left are over.
func (t *Tx) run(ctx context.Context, project int64, digests []string, who string) error {
	for _, digest := range digests {
		type one struct {
			id           int64
			was, current int
		}
		var images []one
		err := t.Each(ctx, func(scan func(...any) error) error {
			var i one
			err := scan(&i.id, &i.was, &i.current)
			images = append(images, i)
			return err
		}, "SELECT id, running, is_current FROM image WHERE digest = ? AND +project = ?", digest, project)
		if err != nil {
			return err
		}
		if len(images) == 0 {
			continue
		}
		var running int
		if err := t.Get(ctx, []any{&running}, "SELECT COUNT(*) FROM workload WHERE project = ? AND digest = ?", project, digest); err != nil {
			return err
		}
		for _, i := range images {
			if i.was == running {
				continue
			}
			if _, err := t.Exec(ctx, "UPDATE image SET running = ?, changed = ? WHERE id = ?", running, t.db.now(), i.id); err != nil {
				return err
			}
			if running == 0 && i.current == 0 {
				if err := t.retire(ctx, project, i.id, who); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// retire ends the open findings of an image that neither has its name nor
// runs any more.
func (t *Tx) retire(ctx context.Context, project, image int64, who string) error {
	mine, err := t.had(ctx, image)
	if err != nil {
		return err
	}
	s := &settler{tx: t, project: project, image: image, now: t.db.now(), who: who}
	if err := s.fix(ctx, mine); err != nil {
		return err
	}
	for i := range s.events {
		s.events[i].why = "it does not run any more"
	}
	if _, err := s.finish(ctx); err != nil {
		return err
	}
	return t.count(ctx, image)
}

// WorkloadQuery says which workloads.
type WorkloadQuery struct {
	PageQuery
	Cluster, Namespace string
	Image              int64 // that run this image
	Unknown            bool  // only those whose image nobody has reported
}

// Workloads lists what runs.
func (d *DB) Workloads(ctx context.Context, p *Project, q WorkloadQuery) (*Page[Workload], error) {
	after, err := q.cursor(1)
	if err != nil {
		return nil, err
	}
	where, args := []string{"workload.project = ?", "workload.id < ?"}, []any{p.ID, after[0]}
	if q.Cluster != "" {
		where, args = append(where, "workload.cluster = ?"), append(args, q.Cluster)
	}
	if q.Namespace != "" {
		where, args = append(where, "workload.namespace = ?"), append(args, q.Namespace)
	}
	known := "COALESCE((SELECT MAX(image.id) FROM image WHERE +image.project = workload.project AND image.digest = workload.digest AND workload.digest <> ''), 0)"
	if q.Image != 0 {
		where, args = append(where, "workload.digest = (SELECT digest FROM image WHERE id = ? AND project = workload.project) AND workload.digest <> ''"), append(args, q.Image)
	}
	if q.Unknown {
		where = append(where, known+" = 0")
	}
	page := &Page[Workload]{Items: []Workload{}, Total: -1}
	err = d.View(ctx, func(tx *Tx) error {
		return tx.Each(ctx, func(scan func(...any) error) error {
			var w Workload
			var seen int64
			err := scan(&w.ID, &w.Cluster, &w.Namespace, &w.Kind, &w.Name, &w.Container, &w.Image, &w.Digest, &seen, &w.Known)
			w.Seen = moment(seen)
			page.Items = append(page.Items, w)
			return err
		}, "SELECT id, cluster, namespace, kind, name, container, image, digest, seen, "+known+" FROM workload WHERE "+strings.Join(where, " AND ")+" ORDER BY id DESC LIMIT ?", append(args, q.limit()+1)...)
	})
	if err != nil {
		return nil, fmt.Errorf("list workloads: %w", err)
	}
	page.cut(q.PageQuery, func(w *Workload) string { return cursorOf(w.ID) })
	return page, nil
}
