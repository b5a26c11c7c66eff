package store

import (
	"context"
	"fmt"
	"regexp"
	"sync"
	"time"
)

// Project is a tenant: everything that is remembered belongs to one.
type Project struct {
	ID      int64     `json:"id"`
	Name    string    `json:"name"`
	Title   string    `json:"title,omitempty"`
	Created time.Time `json:"created"`
}

// DefaultProject is there from the start.
const DefaultProject = "default"

var projectName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$`) })

// AddProject makes a project.
func (d *DB) AddProject(ctx context.Context, name, title, who string) (*Project, error) {
	if !projectName().MatchString(name) {
		return nil, fmt.Errorf("project %.80q: %w: want up to 63 of a-z, 0-9, dot, dash and underscore", name, ErrInvalid)
	}
	p := &Project{Name: name, Title: clip(title, 200), Created: d.opts.Now().UTC().Truncate(time.Millisecond)}
	err := d.Update(ctx, func(tx *Tx) error {
		var err error
		if p.ID, err = tx.Insert(ctx, "INSERT INTO project (name, title, created) VALUES (?, ?, ?)", p.Name, p.Title, p.Created.UnixMilli()); err != nil {
			return err
		}
		return tx.Note(ctx, p.ID, who, "project.add", name, "")
	})
	switch {
	case taken(err):
		return nil, fmt.Errorf("project %s: it is there already: %w", name, ErrConflict)
	case err != nil:
		return nil, fmt.Errorf("add project %s: %w", name, err)
	}
	return p, nil
}

// Project gives the project of this name.
func (d *DB) Project(ctx context.Context, name string) (*Project, error) {
	p := &Project{}
	err := d.View(ctx, func(tx *Tx) error {
		var created int64
		err := tx.Get(ctx, []any{&p.ID, &p.Name, &p.Title, &created}, "SELECT id, name, title, created FROM project WHERE name = ?", name)
		p.Created = moment(created)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("project %.80q: %w", name, err)
	}
	return p, nil
}

// Projects lists all projects by name.
func (d *DB) Projects(ctx context.Context) ([]Project, error) {
	list := []Project{}
	err := d.View(ctx, func(tx *Tx) error {
		return tx.Each(ctx, func(scan func(...any) error) error {
			var p Project
			var created int64
			err := scan(&p.ID, &p.Name, &p.Title, &created)
			p.Created = moment(created)
			list = append(list, p)
			return err
		}, "SELECT id, name, title, created FROM project ORDER BY name")
	})
	if err != nil {
		return nil, fmt.Errorf("list projects: %w", err)
	}
	return list, nil
}

// moment is a time as the tables have it; 0 is never.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// stamp is the reverse of moment.
func stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
