package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/boltseal/boltseal"
)

// The kinds of notice.
const (
	NoticeFindings = "findings" // findings appeared in an image that runs
	NoticeDenied   = "denied"   // an image that was allowed is not any more
	NoticeAlert    = "alert"    // something happened in a running workload
)

// Notice is something that somebody may have to be told. It is written in the
// transaction that made it true, so that it is there exactly when that is.
type Notice struct {
	ID      int64      `json:"id"`
	Project int64      `json:"project"`
	Key     string     `json:"key"` // unique in the project; what is sent out carries it, to be told once
	Kind    string     `json:"kind"`
	At      time.Time  `json:"at"`
	Body    NoticeBody `json:"body"`
}

// NoticeBody is what a notice is about.
type NoticeBody struct {
	Image    int64             `json:"image,omitempty"`
	Name     string            `json:"name,omitempty"`
	Digest   boltseal.Digest   `json:"digest,omitempty"`
	Running  int               `json:"running,omitempty"`
	Findings []int64           `json:"findings,omitempty"` // the worst of them
	New      int               `json:"new,omitempty"`
	Worst    boltseal.Severity `json:"worst,omitzero"`
	Alert    int64             `json:"alert,omitempty"`
	Text     string            `json:"text,omitempty"`
	Why      string            `json:"why,omitempty"` // "report", "advisories"
}

// AddNotice leaves a notice, once for each key.
func (t *Tx) AddNotice(ctx context.Context, project int64, key, kind string, body *NoticeBody) error {
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("notice %s: %w", key, err)
	}
	_, err = t.Exec(ctx, "INSERT INTO notice (project, key, kind, at, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", project, clip(key, 300), kind, t.db.now(), data)
	return err
}

// Notices lists notices that nobody has settled, oldest first, after an id.
func (d *DB) Notices(ctx context.Context, after int64, limit int) ([]Notice, error) {
	var list []Notice
	err := d.View(ctx, func(tx *Tx) error {
		return tx.Each(ctx, func(scan func(...any) error) error {
			n, err := scanNotice(scan)
			list = append(list, n)
			return err
		}, "SELECT id, project, key, kind, at, body FROM notice WHERE settled = 0 AND id > ? ORDER BY id LIMIT ?", after, PageQuery{Limit: limit}.limit())
	})
	if err != nil {
		return nil, fmt.Errorf("list notices: %w", err)
	}
	return list, nil
}

// Notice gives one notice, settled or not.
func (d *DB) Notice(ctx context.Context, id int64) (*Notice, error) {
	var n Notice
	err := d.View(ctx, func(tx *Tx) error {
		found := false
		err := tx.Each(ctx, func(scan func(...any) error) (err error) {
			found = true
			n, err = scanNotice(scan)
			return err
		}, "SELECT id, project, key, kind, at, body FROM notice WHERE id = ?", id)
		if err == nil && !found {
			err = ErrNotFound
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("notice %d: %w", id, err)
	}
	return &n, nil
}

func scanNotice(scan func(...any) error) (Notice, error) {
	var n Notice
	var at int64
	var body []byte
	if err := scan(&n.ID, &n.Project, &n.Key, &n.Kind, &at, &body); err != nil {
		return n, err
	}
	n.At = moment(at)
	return n, json.Unmarshal(body, &n.Body)
}

// Settle notes that a notice was dealt with. It tells whether this call was
// the one that did.
func (t *Tx) Settle(ctx context.Context, notice int64) (bool, error) {
	n, err := t.Exec(ctx, "UPDATE notice SET settled = ? WHERE id = ? AND settled = 0", t.db.now(), notice)
	return n > 0, err
}
