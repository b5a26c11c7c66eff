package store

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Act is one entry of the audit log: somebody changed something.
type Act struct {
	ID     int64     `json:"id"`
	At     time.Time `json:"at"`
	Who    string    `json:"who"`
	Action string    `json:"action"` // "waiver.add"
	Target string    `json:"target"`
	Detail string    `json:"detail,omitempty"`
}

// Note adds an entry to the audit log, in the transaction of what it is about.
func (t *Tx) Note(ctx context.Context, project int64, who, action, target, detail string) error {
	_, err := t.Exec(ctx, "INSERT INTO audit (project, at, who, action, target, detail) VALUES (?, ?, ?, ?, ?, ?)",
		project, t.db.now(), clip(who, 200), action, clip(target, 500), clip(detail, 2000))
	return err
}

// Audit lists what was changed in a project, newest first; of a nil project,
// what belongs to none.
func (d *DB) Audit(ctx context.Context, p *Project, q PageQuery) (*Page[Act], error) {
	var project int64
	if p != nil {
		project = p.ID
	}
	after, err := q.cursor(1)
	if err != nil {
		return nil, err
	}
	page := &Page[Act]{Items: []Act{}, Total: -1}
	err = d.View(ctx, func(tx *Tx) error {
		return tx.Each(ctx, func(scan func(...any) error) error {
			var a Act
			var at int64
			err := scan(&a.ID, &at, &a.Who, &a.Action, &a.Target, &a.Detail)
			a.At = moment(at)
			page.Items = append(page.Items, a)
			return err
		}, "SELECT id, at, who, action, target, detail FROM audit WHERE project = ? AND id < ? ORDER BY id DESC LIMIT ?", project, after[0], q.limit()+1)
	})
	if err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	page.cut(q, func(a *Act) string { return cursorOf(a.ID) })
	return page, nil
}

// clip shortens what somebody else wrote to n bytes of printable text.
func clip(s string, n int) string {
	s = strings.ToValidUTF8(s, "�")
	if strings.ContainsFunc(s, unicode.IsControl) {
		s = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return ' '
			}
			return r
		}, s)
	}
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "")
	}
	return s
}
