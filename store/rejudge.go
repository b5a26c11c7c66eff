package store

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/boltseal/boltseal"
)

// KindPolicy is the kind of document that holds a policy. The one that is
// named default judges a project's reports.
const KindPolicy = "policy"

// unjudge has all verdicts of a project thought over when its policy changes.
func (t *Tx) unjudge(ctx context.Context, project int64, kind string) error {
	if kind != KindPolicy {
		return nil
	}
	_, err := t.Exec(ctx, "UPDATE image SET unjudged = 1 WHERE project = ? AND "+live, project)
	return err
}

// Rejudge thinks over the verdicts of images whose findings, waivers or policy
// have changed since, at most limit of them, and says how many those were.
func (d *DB) Rejudge(ctx context.Context, limit int) (int, error) {
	type one struct{ id, project int64 }
	var list []one
	err := d.View(ctx, func(tx *Tx) error {
		return tx.Each(ctx, func(scan func(...any) error) error {
			var o one
			err := scan(&o.id, &o.project)
			list = append(list, o)
			return err
		}, "SELECT id, project FROM image WHERE unjudged = 1 ORDER BY id LIMIT ?", limit)
	})
	if err != nil {
		return 0, fmt.Errorf("think over verdicts: %w", err)
	}
	for _, o := range list {
		if err := d.rejudge(ctx, &Project{ID: o.project}, o.id); err != nil {
			return 0, fmt.Errorf("think over the verdict of image %d: %w", o.id, err)
		}
	}
	return len(list), nil
}

// rejudge judges the newest report of an image with the findings that the
// image has now.
func (d *DB) rejudge(ctx context.Context, p *Project, image int64) error {
	img, err := d.Image(ctx, p, image)
	if err != nil {
		return ignoreMissing(err)
	}
	allow := img.Allow
	if img.Report != 0 {
		if allow, err = d.verdict(ctx, p, img); err != nil {
			return err
		}
	}
	return d.Update(ctx, func(tx *Tx) error {
		// What has changed meanwhile is thought over again.
		n, err := tx.Exec(ctx, "UPDATE image SET unjudged = 0, allow = ?, changed = ? WHERE id = ? AND changed = ? AND report = ?", bit(allow), max(d.now(), stamp(img.Changed)), image, stamp(img.Changed), img.Report)
		if err != nil || n == 0 || allow || !img.Allow {
			return err
		}
		return tx.AddNotice(ctx, p.ID, fmt.Sprintf("%s/%d/%d", NoticeDenied, image, stamp(img.Changed)), NoticeDenied,
			&NoticeBody{Image: image, Name: img.Name, Digest: img.Digest, Running: img.Running, Why: "its findings, waivers or policy changed"})
	})
}

func (d *DB) verdict(ctx context.Context, p *Project, img *Image) (bool, error) {
	r, err := d.Report(ctx, p, img.Report)
	if err != nil {
		return false, err
	}
	in := &ingest{db: d, project: p}
	known := map[string]boltseal.Finding{}
	for i := range r.Findings {
		known[r.Findings[i].Key] = r.Findings[i]
	}
	later := *r
	r.Findings, later.Findings = r.Findings[:0:0], nil
	later.Verdict = boltseal.Verdict{Allow: true}
	q := FindingQuery{Image: img.ID, States: []State{StateNew, StateOpen, StateReappeared, StateWaived}, PageQuery: PageQuery{Limit: math.MaxInt32}}
	err = d.View(ctx, func(tx *Tx) error {
		rows, err := tx.findings(ctx, p, &q, nil, make([]int64, 3))
		for i := range rows {
			if f, ok := known[rows[i].Key]; ok {
				r.Findings = append(r.Findings, f)
			} else {
				later.Findings = append(later.Findings, rows[i].Finding.Finding)
			}
		}
		return err
	})
	if err != nil {
		return false, err
	}
	in.report = r
	if err := in.judge(ctx); err != nil {
		return false, err
	}
	allow := in.report.Verdict.Allow
	if len(later.Findings) == 0 || !allow {
		return allow, nil
	}
	// What the report's own policy has not seen is judged by the project's,
	// or by the default.
	in.report, in.strict = &later, true
	if err := in.judge(ctx); err != nil {
		return false, err
	}
	return in.report.Verdict.Allow || len(in.report.Verdict.Blocking) == 0, nil
}

var errNoJudge = errors.New("this store cannot judge")
