package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Document is something that people edit: a policy, a route of notices, a
// schedule. Its version is its ETag.
type Document struct {
	ID      int64     `json:"id"`
	Kind    string    `json:"kind"`
	Name    string    `json:"name"`
	Version int64     `json:"version"`
	Body    string    `json:"body"`
	Who     string    `json:"who"`
	Changed time.Time `json:"changed"`
}

// maxDocument bounds a document's bytes.
const maxDocument = 1 << 20

const documentColumns = "id, kind, name, version, body, who, changed"

func scanDocument(scan func(...any) error) (Document, error) {
	var doc Document
	var changed int64
	var body []byte
	err := scan(&doc.ID, &doc.Kind, &doc.Name, &doc.Version, &body, &doc.Who, &changed)
	doc.Body, doc.Changed = string(body), moment(changed)
	return doc, err
}

// Documents lists a project's documents of a kind, by name.
func (d *DB) Documents(ctx context.Context, p *Project, kind string) ([]Document, error) {
	list := []Document{}
	err := d.View(ctx, func(tx *Tx) error {
		return tx.Each(ctx, func(scan func(...any) error) error {
			doc, err := scanDocument(scan)
			list = append(list, doc)
			return err
		}, "SELECT "+documentColumns+" FROM document WHERE project = ? AND kind = ? ORDER BY name", p.ID, kind)
	})
	if err != nil {
		return nil, fmt.Errorf("list documents of kind %s: %w", kind, err)
	}
	return list, nil
}

// Document gives one document.
func (d *DB) Document(ctx context.Context, p *Project, kind, name string) (*Document, error) {
	var doc Document
	err := d.View(ctx, func(tx *Tx) error {
		found := false
		err := tx.Each(ctx, func(scan func(...any) error) (err error) {
			found = true
			doc, err = scanDocument(scan)
			return err
		}, "SELECT "+documentColumns+" FROM document WHERE project = ? AND kind = ? AND name = ?", p.ID, kind, name)
		if err == nil && !found {
			err = ErrNotFound
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s %.80q: %w", kind, name, err)
	}
	return &doc, nil
}

// PutDocument writes a document. ifVersion is the version that the writer
// saw: 0 for one that is not there yet, -1 for whichever there is. Otherwise
// than what is there it is [ErrConflict].
func (d *DB) PutDocument(ctx context.Context, p *Project, kind, name string, body []byte, ifVersion int64, who string) (*Document, error) {
	switch {
	case !projectName().MatchString(name), !projectName().MatchString(kind):
		return nil, fmt.Errorf("%s %.80q: %w: want up to 63 of a-z, 0-9, dot, dash and underscore", kind, name, ErrInvalid)
	case len(body) > maxDocument:
		return nil, fmt.Errorf("%s %s: %w: more than %d bytes", kind, name, ErrInvalid, maxDocument)
	}
	doc := &Document{Kind: kind, Name: name, Body: string(body), Who: who, Changed: d.opts.Now().UTC().Truncate(time.Millisecond)}
	err := d.Update(ctx, func(tx *Tx) error {
		err := tx.Get(ctx, []any{&doc.ID, &doc.Version}, "SELECT id, version FROM document WHERE project = ? AND kind = ? AND name = ?", p.ID, kind, name)
		switch {
		case errors.Is(err, ErrNotFound):
			doc.Version = 0
		case err != nil:
			return err
		}
		if ifVersion >= 0 && ifVersion != doc.Version {
			return ErrConflict
		}
		was := doc.Version
		doc.Version++
		if was == 0 {
			doc.ID, err = tx.Insert(ctx, "INSERT INTO document (project, kind, name, version, body, who, changed) VALUES (?, ?, ?, ?, ?, ?, ?)", p.ID, kind, name, doc.Version, body, clip(who, 200), doc.Changed.UnixMilli())
		} else {
			var n int64
			n, err = tx.Exec(ctx, "UPDATE document SET version = ?, body = ?, who = ?, changed = ? WHERE id = ? AND version = ?", doc.Version, body, clip(who, 200), doc.Changed.UnixMilli(), doc.ID, was)
			if err == nil && n == 0 {
				return ErrConflict
			}
		}
		if err != nil {
			return err
		}
		if err := tx.unjudge(ctx, p.ID, kind); err != nil {
			return err
		}
		return tx.Note(ctx, p.ID, who, kind+".put", name, fmt.Sprintf("version %d", doc.Version))
	})
	if taken(err) {
		err = ErrConflict
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", kind, name, err)
	}
	return doc, nil
}

// DeleteDocument removes a document.
func (d *DB) DeleteDocument(ctx context.Context, p *Project, kind, name, who string) error {
	err := d.Update(ctx, func(tx *Tx) error {
		n, err := tx.Exec(ctx, "DELETE FROM document WHERE project = ? AND kind = ? AND name = ?", p.ID, kind, name)
		switch {
		case err != nil:
			return err
		case n == 0:
			return ErrNotFound
		}
		if err := tx.unjudge(ctx, p.ID, kind); err != nil {
			return err
		}
		return tx.Note(ctx, p.ID, who, kind+".delete", name, "")
	})
	if err != nil {
		return fmt.Errorf("%s %.80q: %w", kind, name, err)
	}
	return nil
}
