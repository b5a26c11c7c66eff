package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

// Alert is a finding about something that happened in a running workload.
type Alert struct {
	ID       int64     `json:"id,omitempty"`
	UID      string    `json:"uid,omitempty"` // that the sensor gave it; the same alert twice is one
	At       time.Time `json:"at"`
	Received time.Time `json:"received,omitzero"`
	Host     string    `json:"host,omitempty"`
	Count    int       `json:"count,omitempty"` // of equal alerts that this one stands for
	boltseal.Finding
}

// maxAlert bounds one alert's JSON.
const maxAlert = 64 << 10

// AddAlerts takes alerts in, each once, and says how many were new.
func (d *DB) AddAlerts(ctx context.Context, p *Project, list []Alert) (int, error) {
	now := d.opts.Now()
	added := 0
	err := d.Update(ctx, func(tx *Tx) error {
		added = 0
		for i := range list {
			a := list[i]
			a.ID, a.Received = 0, time.Time{}
			uid, err := uidOf(&a)
			if err != nil {
				return err
			}
			body, err := json.Marshal(&a)
			if err != nil {
				return err
			}
			if len(body) > maxAlert || a.Check == "" {
				return fmt.Errorf("alert %d of %d: %w: want a check, and at most %d bytes", i+1, len(list), ErrInvalid, maxAlert)
			}
			at := a.At
			if at.IsZero() && a.Event != nil {
				at = a.Event.Time
			}
			if at.IsZero() || at.After(now.Add(day)) || at.Year() < 2000 {
				at = now
			}
			digest, place := string(a.Subject.Digest), a.Host
			if a.Event != nil && a.Event.Workload != nil {
				w := a.Event.Workload
				digest, place = cmp.Or(string(w.Digest), digest), strings.Join([]string{w.Cluster, w.Namespace, w.Name}, "/")
			}
			digest, place = clip(digest, 140), clip(place, 500)
			severity := max(boltseal.Unknown, min(boltseal.Critical, a.Severity))
			var id int64
			err = tx.Get(ctx, []any{&id}, "INSERT INTO alert (project, uid, at, received, severity, check_id, digest, place, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id",
				p.ID, uid[:16], at.UnixMilli(), now.UnixMilli(), int64(severity), clip(a.Check, 200), digest, place, body)
			if ignoreMissing(err) != nil {
				return err
			}
			if err != nil {
				continue
			}
			added++
			if severity < boltseal.High {
				continue
			}
			body2 := &NoticeBody{Alert: id, Name: place, Digest: boltseal.Digest(digest), Worst: severity, Text: clip(a.Message, 1000)}
			if err := tx.AddNotice(ctx, p.ID, fmt.Sprintf("alert/%x", uid[:16]), NoticeAlert, body2); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("take alerts: %w", err)
	}
	return added, nil
}

// uidOf tells alerts apart: by the name that the sensor gave, or by all that
// is said.
func uidOf(a *Alert) ([sha256.Size]byte, error) {
	if a.UID != "" {
		return sha256.Sum256([]byte("uid:" + a.UID)), nil
	}
	data, err := json.Marshal(a)
	return sha256.Sum256(data), err
}

// AlertQuery says which alerts.
type AlertQuery struct {
	PageQuery
	Check       string
	MinSeverity boltseal.Severity
	Digest      boltseal.Digest // of the image
	Since       time.Time
}

// Alerts lists alerts, newest first.
func (d *DB) Alerts(ctx context.Context, p *Project, q AlertQuery) (*Page[Alert], error) {
	after, err := q.cursor(2)
	if err != nil {
		return nil, err
	}
	where, args := []string{"project = ?"}, []any{p.ID}
	cond := func(ok bool, clause string, values ...any) {
		if ok {
			where, args = append(where, clause), append(args, values...)
		}
	}
	cond(q.Check != "", "check_id = ?", q.Check)
	cond(q.MinSeverity > 0, "severity >= ?", int64(q.MinSeverity))
	cond(q.Digest != "", "digest = ?", string(q.Digest))
	cond(!q.Since.IsZero(), "at > ?", q.Since.UnixMilli())
	cond(q.After != "", "(at, id) < (?, ?)", after[0], after[1])
	page := &Page[Alert]{Items: []Alert{}, Total: -1}
	err = d.View(ctx, func(tx *Tx) error {
		return tx.Each(ctx, func(scan func(...any) error) error {
			var a Alert
			var at, received int64
			var body []byte
			if err := scan(&a.ID, &at, &received, &body); err != nil {
				return err
			}
			id := a.ID
			err := json.Unmarshal(body, &a)
			a.ID, a.At, a.Received = id, moment(at), moment(received)
			page.Items = append(page.Items, a)
			return err
		}, "SELECT id, at, received, body FROM alert WHERE "+strings.Join(where, " AND ")+" ORDER BY at DESC, id DESC LIMIT ?", append(args, q.limit()+1)...)
	})
	if err != nil {
		return nil, fmt.Errorf("list alerts: %w", err)
	}
	page.cut(q.PageQuery, func(a *Alert) string { return cursorOf(stamp(a.At), a.ID) })
	return page, nil
}
