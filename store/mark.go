package store

import (
	"context"
	"fmt"
)

// Mark is a value that the servers of one store agree on, such as what
// advisories everything was matched with; empty when it was never set.
func (d *DB) Mark(ctx context.Context, name string) (string, error) {
	var value []byte
	err := d.View(ctx, func(tx *Tx) error {
		return tx.Get(ctx, []any{&value}, "SELECT body FROM document WHERE project = 0 AND kind = 'mark' AND name = ?", name)
	})
	if ignoreMissing(err) != nil {
		return "", fmt.Errorf("read mark %s: %w", name, err)
	}
	return string(value), nil
}

// SetMark sets a mark.
func (t *Tx) SetMark(ctx context.Context, name, value string) error {
	_, err := t.Exec(ctx, "INSERT INTO document (project, kind, name, version, body, who, changed) VALUES (0, 'mark', ?, 1, ?, '', ?) ON CONFLICT (project, kind, name) DO UPDATE SET body = excluded.body, changed = excluded.changed, version = document.version + 1",
		name, []byte(value), t.db.now())
	return err
}
