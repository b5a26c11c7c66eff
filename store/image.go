package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

// Counts are numbers of findings by severity.
type Counts struct {
	Critical   int `json:"critical"`
	High       int `json:"high"`
	Medium     int `json:"medium"`
	Low        int `json:"low"`
	Negligible int `json:"negligible"`
	Unknown    int `json:"unknown"`
}

// Of is the number of one severity.
func (c *Counts) Of(s boltseal.Severity) int { return *c.of(s) }

func (c *Counts) of(s boltseal.Severity) *int {
	switch s {
	case boltseal.Critical:
		return &c.Critical
	case boltseal.High:
		return &c.High
	case boltseal.Medium:
		return &c.Medium
	case boltseal.Low:
		return &c.Low
	case boltseal.Negligible:
		return &c.Negligible
	default:
		return &c.Unknown
	}
}

func (c *Counts) add(s boltseal.Severity, n int) { *c.of(s) += n }

// Total is the number of all.
func (c *Counts) Total() int {
	return c.Critical + c.High + c.Medium + c.Low + c.Negligible + c.Unknown
}

func countsOf(n map[boltseal.Severity]int) Counts {
	var c Counts
	for s, k := range n {
		c.add(s, k)
	}
	return c
}

// Image is one digest under one name, with the numbers of its findings that
// are open. Other things that reports are about - directories, manifests,
// clusters - are images here too, and Kind tells.
type Image struct {
	ID         int64            `json:"id"`
	Kind       boltseal.Kind    `json:"kind"`
	Name       string           `json:"name"`
	Platform   string           `json:"platform,omitempty"`
	Digest     boltseal.Digest  `json:"digest,omitempty"`
	Current    bool             `json:"current"` // the newest of its name
	Running    int              `json:"running"` // workloads that run it
	Report     int64            `json:"report"`  // the newest
	Reported   time.Time        `json:"reported"`
	FirstSeen  time.Time        `json:"firstSeen"`
	Changed    time.Time        `json:"changed"`
	Created    time.Time        `json:"created,omitzero"` // when the image was built
	Size       int64            `json:"size,omitempty"`
	Distro     *boltseal.Distro `json:"distro,omitempty"`
	Base       string           `json:"base,omitempty"`
	Snapshot   string           `json:"snapshot,omitempty"`
	Allow      bool             `json:"allow"`
	Gaps       int              `json:"gaps"`
	Score      int              `json:"score"` // of its audit, -1 without one
	Components int              `json:"components"`
	Open       Counts           `json:"open"`
	Fixable    int              `json:"fixable"`
	KEV        int              `json:"kev"`
	Waived     int              `json:"waived"`
}

const imageColumns = `image.id, image.kind, image.name, image.platform, image.digest, image.is_current, image.running, image.report, image.reported, image.first_seen,
	image.changed, image.created, image.size, image.distro, image.base, image.snapshot, image.allow, image.gaps, image.score, image.components,
	image.critical, image.high, image.medium, image.low, image.negligible, image.unknown, image.fixable, image.kev, image.waived`

// live are the images that count: of the others nothing runs and nothing new
// will.
const live = "(image.is_current = 1 OR image.running > 0)"

// scanImage reads imageColumns, and more behind them.
func scanImage(scan func(...any) error, more ...any) (Image, error) {
	var i Image
	var current, allow int
	var reported, first, changed, created int64
	var distro string
	err := scan(append([]any{&i.ID, &i.Kind, &i.Name, &i.Platform, &i.Digest, &current, &i.Running, &i.Report, &reported, &first, &changed, &created, &i.Size, &distro,
		&i.Base, &i.Snapshot, &allow, &i.Gaps, &i.Score, &i.Components, &i.Open.Critical, &i.Open.High, &i.Open.Medium, &i.Open.Low, &i.Open.Negligible, &i.Open.Unknown,
		&i.Fixable, &i.KEV, &i.Waived}, more...)...)
	if err != nil {
		return i, err
	}
	i.Current, i.Allow = current != 0, allow != 0
	i.Reported, i.FirstSeen, i.Changed, i.Created = moment(reported), moment(first), moment(changed), moment(created)
	if distro != "" {
		i.Distro = &boltseal.Distro{}
		err = json.Unmarshal([]byte(distro), i.Distro)
	}
	return i, err
}

// ImageQuery says which images. Its zero value is all that are current or run.
type ImageQuery struct {
	PageQuery
	Name    string        // part of the name
	Kind    boltseal.Kind // of this kind only
	Running bool          // only what runs
	Denied  bool          // only what the verdict does not allow
	KEV     bool          // only with findings that are known to be exploited
	All     bool          // also what is neither current nor runs
}

// Images lists images, those at the highest risk first.
func (d *DB) Images(ctx context.Context, p *Project, q ImageQuery) (*Page[Image], error) {
	after, err := q.cursor(2)
	if err != nil {
		return nil, err
	}
	where, args := []string{"image.project = ?"}, []any{p.ID}
	cond := func(ok bool, clause string, values ...any) {
		if ok {
			where, args = append(where, clause), append(args, values...)
		}
	}
	cond(!q.All, live)
	cond(q.Name != "", "image.name LIKE ? ESCAPE '!'", "%"+like(q.Name)+"%")
	cond(q.Kind != "", "image.kind = ?", string(q.Kind))
	cond(q.Running, "image.running > 0")
	cond(q.Denied, "image.allow = 0")
	cond(q.KEV, "image.kev > 0")
	count, countArgs := "SELECT COUNT(*) FROM image WHERE "+strings.Join(where, " AND "), args
	cond(q.After != "", "(image.risk, image.id) < (?, ?)", after[0], after[1])
	page := &Page[Image]{Items: []Image{}}
	risks := map[int64]int64{}
	err = d.View(ctx, func(tx *Tx) error {
		if q.After == "" {
			if err := tx.Get(ctx, []any{&page.Total}, count, countArgs...); err != nil {
				return err
			}
		} else {
			page.Total = -1
		}
		return tx.Each(ctx, func(scan func(...any) error) error {
			var risk int64
			i, err := scanImage(scan, &risk)
			page.Items = append(page.Items, i)
			risks[i.ID] = risk
			return err
		}, "SELECT "+imageColumns+", image.risk FROM image WHERE "+strings.Join(where, " AND ")+" ORDER BY image.risk DESC, image.id DESC LIMIT ?", append(args, q.limit()+1)...)
	})
	if err != nil {
		return nil, fmt.Errorf("list images: %w", err)
	}
	page.cut(q.PageQuery, func(i *Image) string { return cursorOf(risks[i.ID], i.ID) })
	return page, nil
}

// like writes s for a LIKE pattern whose escape is an exclamation mark.
func like(s string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(clip(s, 200))
}

// Image gives one image.
func (d *DB) Image(ctx context.Context, p *Project, id int64) (*Image, error) {
	var img Image
	err := d.View(ctx, func(tx *Tx) error {
		found := false
		err := tx.Each(ctx, func(scan func(...any) error) (err error) {
			found = true
			img, err = scanImage(scan)
			return err
		}, "SELECT "+imageColumns+" FROM image WHERE id = ? AND project = ?", id, p.ID)
		if err == nil && !found {
			err = ErrNotFound
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("image %d: %w", id, err)
	}
	return &img, nil
}

// ByDigest gives the images that have a digest, under all their names. It is
// what a gate asks: one look-up in an index.
func (d *DB) ByDigest(ctx context.Context, p *Project, digest boltseal.Digest) ([]Image, error) {
	var list []Image
	if digest == "" {
		return nil, nil
	}
	err := d.View(ctx, func(tx *Tx) error {
		return tx.Each(ctx, func(scan func(...any) error) error {
			i, err := scanImage(scan)
			list = append(list, i)
			return err
		}, "SELECT "+imageColumns+" FROM image WHERE digest = ? AND +project = ? ORDER BY reported DESC, id DESC", string(digest), p.ID)
	})
	if err != nil {
		return nil, fmt.Errorf("images of %s: %w", digest, err)
	}
	return list, nil
}

// ChangedImages gives the images that changed after a cursor, oldest change
// first, and the cursor behind them: for caches and live pages, which poll it.
// An empty cursor begins with what changes from now on.
func (d *DB) ChangedImages(ctx context.Context, p *Project, since string, limit int) ([]Image, string, error) {
	if since == "" {
		return nil, cursorOf(d.now(), 0), nil
	}
	q := PageQuery{After: since, Limit: limit}
	after, err := q.cursor(2)
	if err != nil {
		return nil, "", err
	}
	var list []Image
	err = d.View(ctx, func(tx *Tx) error {
		return tx.Each(ctx, func(scan func(...any) error) error {
			i, err := scanImage(scan)
			list = append(list, i)
			return err
		}, "SELECT "+imageColumns+" FROM image WHERE project = ? AND (changed, id) > (?, ?) ORDER BY changed, id LIMIT ?", p.ID, after[0], after[1], q.limit())
	})
	if err != nil {
		return nil, "", fmt.Errorf("list changed images: %w", err)
	}
	if n := len(list); n > 0 {
		since = cursorOf(stamp(list[n-1].Changed), list[n-1].ID)
	}
	return list, since, nil
}

// Layer is one layer of an image, or what is in the image and in no layer.
type Layer struct {
	ID         int64           `json:"id"`
	DiffID     boltseal.Digest `json:"diffId,omitempty"`
	Components int             `json:"components"`
	Images     int             `json:"images"` // that have it, in all of the project
}

// Layers lists the layers of an image that hold components.
func (d *DB) Layers(ctx context.Context, p *Project, image int64) ([]Layer, error) {
	list := []Layer{}
	err := d.View(ctx, func(tx *Tx) error {
		var id int64
		if err := tx.Get(ctx, []any{&id}, "SELECT id FROM image WHERE id = ? AND project = ?", image, p.ID); err != nil {
			return err
		}
		return tx.Each(ctx, func(scan func(...any) error) error {
			var l Layer
			err := scan(&l.ID, &l.DiffID, &l.Components, &l.Images)
			list = append(list, l)
			return err
		}, `SELECT DISTINCT layer.id, layer.diff_id, layer.components,
			(SELECT COUNT(DISTINCT other.image) FROM image_layer AS other JOIN image ON image.id = other.image WHERE other.layer = layer.id AND image.project = ?)
			FROM image_layer JOIN layer ON layer.id = image_layer.layer WHERE image_layer.image = ? ORDER BY layer.id`, p.ID, image)
	})
	if err != nil {
		return nil, fmt.Errorf("layers of image %d: %w", image, err)
	}
	return list, nil
}

// Run is one report in an image's history.
type Run struct {
	ID         int64     `json:"id"`
	Image      int64     `json:"image"`
	Time       time.Time `json:"time"`
	Received   time.Time `json:"received"`
	Who        string    `json:"who"`
	Tool       string    `json:"tool"`
	Snapshot   string    `json:"snapshot,omitempty"`
	Allow      bool      `json:"allow"`
	Gaps       int       `json:"gaps"`
	Score      int       `json:"score"`
	Components int       `json:"components"`
	Open       Counts    `json:"open"`
}

// History lists the reports about an image and about all other digests of
// its name, newest first.
func (d *DB) History(ctx context.Context, p *Project, image int64, q PageQuery) (*Page[Run], error) {
	after, err := q.cursor(2)
	if err != nil {
		return nil, err
	}
	page := &Page[Run]{Items: []Run{}, Total: -1}
	err = d.View(ctx, func(tx *Tx) error {
		return tx.Each(ctx, func(scan func(...any) error) error {
			var r Run
			var at, received int64
			var allow int
			err := scan(&r.ID, &r.Image, &at, &received, &r.Who, &r.Tool, &r.Snapshot, &allow, &r.Gaps, &r.Score, &r.Components,
				&r.Open.Critical, &r.Open.High, &r.Open.Medium, &r.Open.Low, &r.Open.Negligible, &r.Open.Unknown)
			r.Time, r.Received, r.Allow = moment(at), moment(received), allow != 0
			page.Items = append(page.Items, r)
			return err
		}, `SELECT report.id, report.image, report.at, report.received, report.who, report.tool, report.snapshot, report.allow, report.gaps, report.score, report.components,
			report.critical, report.high, report.medium, report.low, report.negligible, report.unknown
			FROM image AS this JOIN image ON image.project = this.project AND image.kind = this.kind AND image.name = this.name AND image.platform = this.platform
			JOIN report ON report.image = image.id
			WHERE this.id = ? AND this.project = ? AND (report.at, report.id) < (?, ?) ORDER BY report.at DESC, report.id DESC LIMIT ?`,
			image, p.ID, after[0], after[1], q.limit()+1)
	})
	if err != nil {
		return nil, fmt.Errorf("history of image %d: %w", image, err)
	}
	page.cut(q, func(r *Run) string { return cursorOf(stamp(r.Time), r.ID) })
	return page, nil
}

// Report gives a report as it was uploaded.
func (d *DB) Report(ctx context.Context, p *Project, id int64) (*boltseal.Report, error) {
	var r *boltseal.Report
	err := d.View(ctx, func(tx *Tx) error {
		var digest []byte
		err := tx.Get(ctx, []any{&digest}, "SELECT digest FROM report WHERE id = ? AND project = ?", id, p.ID)
		if err != nil {
			return err
		}
		r, err = tx.putTogether(ctx, digest)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("report %d: %w", id, err)
	}
	return r, nil
}
