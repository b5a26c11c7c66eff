package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

// Waiver is a waiver that somebody gave in the server.
type Waiver struct {
	ID      int64           `json:"id"`
	Who     string          `json:"who"`
	Created time.Time       `json:"created"`
	Waiver  boltseal.Waiver `json:"waiver"`
}

const serverSource = "server:"

func sourceOf(waiver int64) string { return serverSource + strconv.FormatInt(waiver, 10) }

// waiverOf is the server's waiver that a finding names as its source, 0 where
// it came from elsewhere.
func waiverOf(source string) int64 {
	rest, ok := strings.CutPrefix(source, serverSource)
	if !ok {
		return 0
	}
	id, err := strconv.ParseInt(rest, 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// Waivers lists the waivers of a project that hold now.
func (d *DB) Waivers(ctx context.Context, p *Project) ([]Waiver, error) {
	list := []Waiver{}
	now := d.now()
	err := d.View(ctx, func(tx *Tx) error {
		return tx.Each(ctx, func(scan func(...any) error) error {
			var w Waiver
			var body []byte
			var created, expires int64
			if err := scan(&w.ID, &body, &w.Who, &created, &expires); err != nil {
				return err
			}
			w.Created = moment(created)
			if err := json.Unmarshal(body, &w.Waiver); err != nil {
				return err
			}
			if expires > now {
				list = append(list, w)
			}
			return nil
		}, "SELECT id, body, who, created, expires FROM waiver WHERE project = ? AND ended = 0 ORDER BY id", p.ID)
	})
	if err != nil {
		return nil, fmt.Errorf("list waivers: %w", err)
	}
	return list, nil
}

// Waive accepts findings on purpose, and says how many it met. Their images'
// verdicts are for the caller to judge anew: [DB.Rejudge].
func (d *DB) Waive(ctx context.Context, p *Project, w boltseal.Waiver, who string) (*Waiver, int, error) {
	now := d.opts.Now()
	switch {
	case w.ID == "" && w.PURL == "" && w.Path == "" && w.Key == "":
		return nil, 0, fmt.Errorf("waiver: %w: it must say what it waives", ErrInvalid)
	case strings.TrimSpace(w.Reason) == "" || len(w.Reason) > 2000:
		return nil, 0, fmt.Errorf("waiver: %w: it must say why", ErrInvalid)
	case !w.Expires.After(now) || w.Expires.After(now.AddDate(3, 0, 0)):
		return nil, 0, fmt.Errorf("waiver: %w: it must end, within three years", ErrInvalid)
	}
	if w.Owner == "" {
		w.Owner = who
	}
	w.Source = ""
	body, err := json.Marshal(&w)
	if err != nil {
		return nil, 0, fmt.Errorf("waiver: %w", err)
	}
	out := &Waiver{Who: who, Created: now.UTC().Truncate(time.Millisecond), Waiver: w}
	met := 0
	err = d.Update(ctx, func(tx *Tx) error {
		var err error
		out.ID, err = tx.Insert(ctx, "INSERT INTO waiver (project, body, who, created, expires) VALUES (?, ?, ?, ?, ?)", p.ID, body, clip(who, 200), now.UnixMilli(), w.Expires.UnixMilli())
		if err != nil {
			return err
		}
		out.Waiver.Source = sourceOf(out.ID)
		found, err := tx.waivable(ctx, p, out.Waiver)
		if err != nil {
			return err
		}
		met = len(found)
		if err := tx.turn(ctx, p.ID, found, StateWaived, out.ID, who, w.Reason); err != nil {
			return err
		}
		return tx.Note(ctx, p.ID, who, "waiver.add", strconv.FormatInt(out.ID, 10), w.String())
	})
	if err != nil {
		return nil, 0, fmt.Errorf("waiver: %w", err)
	}
	return out, met, nil
}

// waivable finds the open findings that a waiver meets.
func (t *Tx) waivable(ctx context.Context, p *Project, w boltseal.Waiver) ([]turned, error) {
	query := "SELECT " + findingColumns + " FROM finding JOIN issue ON issue.id = finding.issue JOIN image ON image.id = finding.image WHERE finding.project = ? AND finding.state < 3"
	args := []any{p.ID}
	if w.ID != "" && !strings.ContainsAny(w.ID, "*?[") && w.Key == "" {
		query += " AND (issue.advisory = ? OR issue.check_id = ?)"
		args = append(args, w.ID, w.ID)
	}
	if w.Key != "" {
		key, err := keyOf(w.Key)
		if err != nil {
			return nil, err
		}
		query += " AND finding.key = ?"
		args = append(args, key)
	}
	if t.db.opts.Judge == nil {
		return nil, errNoJudge
	}
	var rows []findingRow
	err := t.Each(ctx, func(scan func(...any) error) error {
		f, err := scanFinding(scan)
		rows = append(rows, f)
		return err
	}, query, args...)
	if err != nil {
		return nil, err
	}
	r := &boltseal.Report{Schema: boltseal.ReportSchema, Findings: make([]boltseal.Finding, len(rows))}
	for i := range rows {
		r.Findings[i] = rows[i].Finding.Finding
		r.Findings[i].Key = strconv.Itoa(i) + ":" + rows[i].Key
		if w.Key != "" {
			r.Findings[i].Key = rows[i].Key
		}
	}
	byKey := map[string][]int{}
	for i := range r.Findings {
		byKey[r.Findings[i].Key] = append(byKey[r.Findings[i].Key], i)
	}
	if err := t.db.opts.Judge(r, []boltseal.Waiver{w}, nil); err != nil {
		return nil, err
	}
	var out []turned
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Waived != nil && f.Waived.Source == w.Source {
			for _, j := range byKey[f.Key] {
				out = append(out, turned{rows[j].ID, rows[j].Image, rows[j].State})
			}
			delete(byKey, f.Key)
		}
	}
	return out, nil
}

// turned is a finding whose state turns.
type turned struct {
	id, image int64
	was       State
}

// turn changes the state of findings and counts their images anew.
func (t *Tx) turn(ctx context.Context, project int64, list []turned, to State, waiver int64, who, why string) error {
	if len(list) == 0 {
		return nil
	}
	now := t.db.now()
	ids := make([]int64, len(list))
	events := make([]happened, len(list))
	images := map[int64]bool{}
	for i, f := range list {
		ids[i], events[i], images[f.image] = f.id, happened{f.id, f.was, to, why}, true
	}
	if _, err := t.Exec(ctx, "UPDATE finding SET state = ?, changed = ?, waiver = ? WHERE "+t.db.list("id"), int64(to), now, waiver, t.db.listArg(ids)); err != nil {
		return err
	}
	if err := t.happen(ctx, project, now, who, events); err != nil {
		return err
	}
	for image := range images {
		if _, err := t.Exec(ctx, "UPDATE image SET changed = ?, unjudged = 1 WHERE id = ?", now, image); err != nil {
			return err
		}
		if err := t.count(ctx, image); err != nil {
			return err
		}
	}
	return nil
}

// Unwaive ends a waiver before its time. What it waived is open again.
func (d *DB) Unwaive(ctx context.Context, p *Project, id int64, who string) error {
	err := d.Update(ctx, func(tx *Tx) error {
		n, err := tx.Exec(ctx, "UPDATE waiver SET ended = ? WHERE id = ? AND project = ? AND ended = 0", d.now(), id, p.ID)
		switch {
		case err != nil:
			return err
		case n == 0:
			return ErrNotFound
		}
		if err := tx.reopen(ctx, p.ID, id, who, "the waiver was taken back"); err != nil {
			return err
		}
		return tx.Note(ctx, p.ID, who, "waiver.end", strconv.FormatInt(id, 10), "")
	})
	if err != nil {
		return fmt.Errorf("waiver %d: %w", id, err)
	}
	return nil
}

func (t *Tx) reopen(ctx context.Context, project, waiver int64, who, why string) error {
	var list []turned
	err := t.Each(ctx, func(scan func(...any) error) error {
		f := turned{was: StateWaived}
		err := scan(&f.id, &f.image)
		list = append(list, f)
		return err
	}, "SELECT id, image FROM finding WHERE waiver = ? AND waiver <> 0 AND state = ?", waiver, int64(StateWaived))
	if err != nil {
		return err
	}
	return t.turn(ctx, project, list, StateOpen, 0, who, why)
}

// Expire ends the waivers whose time is over, in all projects, and says how
// many those were.
func (d *DB) Expire(ctx context.Context) (int, error) {
	ended := 0
	err := d.Update(ctx, func(tx *Tx) error {
		ended = 0
		type over struct{ id, project int64 }
		var list []over
		err := tx.Each(ctx, func(scan func(...any) error) error {
			var o over
			err := scan(&o.id, &o.project)
			list = append(list, o)
			return err
		}, "SELECT id, project FROM waiver WHERE ended = 0 AND expires <= ? ORDER BY id LIMIT 100", d.now())
		if err != nil {
			return err
		}
		for _, o := range list {
			if _, err := tx.Exec(ctx, "UPDATE waiver SET ended = expires WHERE id = ?", o.id); err != nil {
				return err
			}
			if err := tx.reopen(ctx, o.project, o.id, fmt.Sprintf("waiver:%d", o.id), "the waiver's time is over"); err != nil {
				return err
			}
		}
		ended = len(list)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("end waivers: %w", err)
	}
	return ended, nil
}
