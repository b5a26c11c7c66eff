package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// Touched is a component that a change of the advisories may concern.
type Touched struct {
	ID        int64
	Component boltseal.Component // what matching needs to know of it
}

// Touched finds the components that are filed under keys of [Options.Keys].
func (d *DB) Touched(ctx context.Context, keys []string) ([]Touched, error) {
	words := make([]string, len(keys))
	for i, key := range keys {
		words[i] = wordOfKey(key)
	}
	slices.Sort(words)
	words = slices.Compact(words)
	forms := map[int64][]byte{}
	err := d.View(ctx, func(tx *Tx) error {
		for part := range slices.Chunk(words, 64) {
			args := make([]any, 64)
			for i := range args {
				args[i] = part[min(i, len(part)-1)]
			}
			err := tx.Each(ctx, func(scan func(...any) error) error {
				var id int64
				var form []byte
				err := scan(&id, &form)
				forms[id] = form
				return err
			}, "SELECT component.id, component.form FROM component_word JOIN component ON component.id = component_word.component WHERE component_word.word IN ("+strings.TrimSuffix(strings.Repeat("?,", 64), ",")+")", args...)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find components that advisories touch: %w", err)
	}
	list := make([]Touched, 0, len(forms))
	for id, form := range forms {
		t := Touched{ID: id}
		if err := json.Unmarshal(form, &t.Component); err != nil {
			return nil, fmt.Errorf("component %d: %w", id, err)
		}
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b Touched) int { return int(a.ID - b.ID) })
	return list, nil
}

// ComponentsOf lists what matching needs to know of an image's components.
func (d *DB) ComponentsOf(ctx context.Context, image int64) ([]Touched, error) {
	var list []Touched
	err := d.View(ctx, func(tx *Tx) error {
		seen := map[int64]bool{}
		var ids []int64
		err := tx.Each(ctx, func(scan func(...any) error) error {
			var members []byte
			err := scan(&members)
			for _, id := range unpack(members) {
				if !seen[id] {
					seen[id] = true
					ids = append(ids, id)
				}
			}
			return err
		}, "SELECT layer.members FROM image_layer JOIN layer ON layer.id = image_layer.layer WHERE image_layer.image = ?", image)
		if err != nil {
			return err
		}
		for part := range slices.Chunk(ids, 1000) {
			err := tx.Each(ctx, func(scan func(...any) error) error {
				var t Touched
				var form []byte
				if err := scan(&t.ID, &form); err != nil {
					return err
				}
				err := json.Unmarshal(form, &t.Component)
				list = append(list, t)
				return err
			}, "SELECT id, form FROM component WHERE "+d.list("id"), d.listArg(part))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("components of image %d: %w", image, err)
	}
	slices.SortFunc(list, func(a, b Touched) int { return int(a.ID - b.ID) })
	return list, nil
}

// ByPURL finds components by their exact purls.
func (d *DB) ByPURL(ctx context.Context, purls []string) ([]boltseal.Component, error) {
	var out []boltseal.Component
	err := d.View(ctx, func(tx *Tx) error {
		for _, purl := range purls {
			p, err := boltseal.ParsePURL(purl)
			if err != nil {
				continue
			}
			err = tx.Each(ctx, func(scan func(...any) error) error {
				var form []byte
				var c boltseal.Component
				if err := scan(&form); err != nil {
					return err
				}
				if err := json.Unmarshal(form, &c); err != nil {
					return err
				}
				if c.PURL == purl {
					out = append(out, c)
				}
				return nil
			}, "SELECT component.form FROM component_word JOIN component ON component.id = component_word.component WHERE component_word.word = ? AND component.version = ?", fold(p.Name), clip(p.Version, 300))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find components: %w", err)
	}
	return out, nil
}

// Distros lists the distributions of the images that are current or run, as
// [Change] names them.
func (d *DB) Distros(ctx context.Context) ([]string, error) {
	var list []string
	err := d.View(ctx, func(tx *Tx) error {
		return tx.Each(ctx, func(scan func(...any) error) error {
			var s string
			err := scan(&s)
			list = append(list, s)
			return err
		}, "SELECT DISTINCT distro FROM image WHERE "+live+" ORDER BY distro")
	})
	if err != nil {
		return nil, fmt.Errorf("list distributions: %w", err)
	}
	return list, nil
}

// Change is what advisories that changed mean for one component, in images of
// one distribution.
type Change struct {
	Component int64
	Distro    string             // the image's, of Distros
	Any       bool               // whatever the distribution
	Now       []boltseal.Finding // that it has now: new, or said otherwise than before
	Gone      []boltseal.Finding // that it has no longer
}

// Applied is what changes did.
type Applied struct {
	Images int `json:"images"`
	New    int `json:"new"`
	Fixed  int `json:"fixed"`
}

// imagesAtOnce is how many images one transaction brings up to date.
const imagesAtOnce = 200

// Apply brings the findings of all images that are current or run in line
// with what changed, or those of one image. Doing it again changes nothing.
func (d *DB) Apply(ctx context.Context, changes []Change, snapshot string, image int64) (*Applied, error) {
	byComponent := map[int64][]int{}
	var ids []int64
	for i := range changes {
		if byComponent[changes[i].Component] == nil {
			ids = append(ids, changes[i].Component)
		}
		byComponent[changes[i].Component] = append(byComponent[changes[i].Component], i)
	}
	targets, err := d.targets(ctx, ids, image)
	if err != nil {
		return nil, fmt.Errorf("apply advisories: %w", err)
	}
	a := &applier{db: d, changes: changes, byComponent: byComponent, who: "advisories:" + clip(snapshot, 100)}
	for part := range slices.Chunk(targets, imagesAtOnce) {
		if err := a.some(ctx, part); err != nil {
			return nil, fmt.Errorf("apply advisories: %w", err)
		}
	}
	return &a.applied, nil
}

// target is an image that has components which changed.
type target struct {
	id, project          int64
	kind, name, platform string
	digest, distro       string
	running              int
	components           []placedComponent
}

type placedComponent struct {
	id       int64
	diffID   boltseal.Digest
	platform string
	base     bool
}

// targets finds the images that have any of these components.
func (d *DB) targets(ctx context.Context, components []int64, image int64) ([]*target, error) {
	byImage := map[int64]*target{}
	only, args := "", []any{}
	if image != 0 {
		only, args = "image_layer.image = ? AND ", []any{image}
	}
	err := d.View(ctx, func(tx *Tx) error {
		for part := range slices.Chunk(components, 1000) {
			err := tx.Each(ctx, func(scan func(...any) error) error {
				var t target
				var c placedComponent
				var base int
				if err := scan(&t.id, &c.id, &c.diffID, &c.platform, &base); err != nil {
					return err
				}
				c.base = base != 0
				if byImage[t.id] == nil {
					byImage[t.id] = &t
				}
				byImage[t.id].components = append(byImage[t.id].components, c)
				return nil
			}, "SELECT image_layer.image, component_layer.component, layer.diff_id, image_layer.platform, image_layer.base FROM component_layer JOIN image_layer ON image_layer.layer = component_layer.layer JOIN layer ON layer.id = component_layer.layer WHERE "+
				only+d.list("component_layer.component"), append(args, d.listArg(part))...)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	list := make([]*target, 0, len(byImage))
	for _, t := range byImage {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *target) int { return int(a.id - b.id) })
	return list, nil
}

// applier brings images up to date.
type applier struct {
	db          *DB
	changes     []Change
	byComponent map[int64][]int
	who         string
	applied     Applied
}

// some brings some images up to date in one transaction.
func (a *applier) some(ctx context.Context, part []*target) error {
	byID := map[int64]*target{}
	ids := make([]int64, len(part))
	for i, t := range part {
		ids[i], byID[t.id] = t.id, t
	}
	var live []*target
	err := a.db.View(ctx, func(tx *Tx) error { return tx.describe(ctx, ids, byID, &live) })
	if err != nil {
		return err
	}
	var plans []*plan
	var all []boltseal.Finding
	for _, t := range live {
		p := a.plan(t)
		if len(p.now)+len(p.gone) > 0 {
			plans = append(plans, p)
			all = append(all, p.now...)
		}
	}
	if len(plans) == 0 {
		return nil
	}
	if err := a.judge(ctx, plans); err != nil {
		return err
	}
	for _, p := range plans {
		if p.said, err = a.db.say(ctx, p.now); err != nil {
			return err
		}
	}
	if err := a.db.keepWords(ctx, all); err != nil {
		return err
	}
	var applied Applied
	err = a.db.Update(ctx, func(tx *Tx) error {
		applied = Applied{}
		for _, p := range plans {
			if err := p.apply(ctx, tx, a.who, &applied); err != nil {
				return err
			}
		}
		return nil
	})
	a.applied.Images += applied.Images
	a.applied.New += applied.New
	a.applied.Fixed += applied.Fixed
	return err
}

func (t *Tx) describe(ctx context.Context, ids []int64, byID map[int64]*target, out *[]*target) error {
	return t.Each(ctx, func(scan func(...any) error) error {
		var x target
		if err := scan(&x.id, &x.project, &x.kind, &x.name, &x.platform, &x.digest, &x.distro, &x.running); err != nil {
			return err
		}
		x.components = byID[x.id].components
		*out = append(*out, &x)
		return nil
	}, "SELECT id, project, kind, name, platform, digest, distro, running FROM image WHERE "+t.db.list("id")+" AND "+live+" ORDER BY id", t.db.listArg(ids))
}

// plan is what shall become of one image.
type plan struct {
	target *target
	now    []boltseal.Finding
	gone   [][]byte // keys
	said   []said
}

func (a *applier) plan(t *target) *plan {
	p := &plan{target: t}
	kept := map[string]bool{}
	var gone []string
	for _, c := range t.components {
		for _, i := range a.byComponent[c.id] {
			ch := &a.changes[i]
			if !ch.Any && ch.Distro != t.distro {
				continue
			}
			for _, f := range ch.Now {
				t.place(&f, c)
				if !kept[f.Key] {
					kept[f.Key] = true
					p.now = append(p.now, f)
				}
			}
			for _, f := range ch.Gone {
				t.place(&f, c)
				gone = append(gone, f.Key)
			}
		}
	}
	for _, key := range gone {
		if raw, err := keyOf(key); err == nil && !kept[key] {
			p.gone = append(p.gone, raw)
		}
	}
	return p
}

// place makes a finding about a component one about this image.
func (t *target) place(f *boltseal.Finding, c placedComponent) {
	platform := t.platform
	if c.platform != "" {
		platform = c.platform
	}
	f.Subject = boltseal.Subject{Name: t.name, Digest: boltseal.Digest(t.digest), Platform: platform}
	f.Location.Layer = c.diffID
	if c.base {
		f.Origin = boltseal.OriginBase
	}
	f.Seal()
}

// judge finds out which of the findings are waived already.
func (a *applier) judge(ctx context.Context, plans []*plan) error {
	waivers := map[int64][]boltseal.Waiver{}
	for _, p := range plans {
		project := p.target.project
		if _, ok := waivers[project]; !ok {
			list, err := a.db.Waivers(ctx, &Project{ID: project})
			if err != nil {
				return err
			}
			waivers[project] = []boltseal.Waiver{}
			for i := range list {
				w := list[i].Waiver
				w.Source = sourceOf(list[i].ID)
				waivers[project] = append(waivers[project], w)
			}
		}
		if len(waivers[project]) == 0 || a.db.opts.Judge == nil {
			continue
		}
		r := &boltseal.Report{Schema: boltseal.ReportSchema, Findings: p.now}
		if err := a.db.opts.Judge(r, waivers[project], nil); err != nil {
			return err
		}
		p.now = r.Findings
	}
	return nil
}

// keepWords writes the advisories' words of findings that came in no report.
func (d *DB) keepWords(ctx context.Context, findings []boltseal.Finding) error {
	words := make([][]byte, len(findings))
	var chunks [][]byte
	var at []int
	seen := map[string]bool{}
	for i := range findings {
		a := findings[i].Advisory
		if a == nil || seen[a.ID] {
			continue
		}
		seen[a.ID] = true
		bare := *a
		bare.EPSS, bare.KEV = nil, nil
		data, err := json.Marshal(&bare)
		if err != nil {
			return fmt.Errorf("advisory %s: %w", a.ID, err)
		}
		chunks, at = append(chunks, data), append(at, i)
	}
	sums, err := d.putChunks(ctx, chunks...)
	if err != nil {
		return err
	}
	for i, sum := range sums {
		words[at[i]] = sum[:]
	}
	return d.advisories(ctx, findings, words)
}

// apply makes a plan true. The image's report is not changed: it said what
// was known when it was made.
func (p *plan) apply(ctx context.Context, tx *Tx, who string, applied *Applied) error {
	t := p.target
	if err := tx.lock(ctx, t.project, line{kind: t.kind, name: t.name, platform: t.platform}); err != nil {
		return err
	}
	mine, err := tx.had(ctx, t.id)
	if err != nil {
		return err
	}
	s := &settler{tx: tx, project: t.project, image: t.id, now: tx.db.now(), who: who}
	for _, h := range mine {
		s.last = max(s.last, h.id)
	}
	for i := range p.said {
		f := &p.said[i]
		if was, ok := mine[f.key]; ok {
			err = s.rematched(ctx, f, was)
		} else {
			err = s.add(ctx, f, s.now, StateNew)
		}
		if err != nil {
			return err
		}
	}
	gone := map[[16]byte]had{}
	for _, key := range p.gone {
		if was, ok := mine[[16]byte(key)]; ok && was.state != StateFixed {
			gone[[16]byte(key)] = was
		}
	}
	if err := s.fix(ctx, gone); err != nil {
		return err
	}
	for i := range s.events {
		s.events[i].why = "the advisories changed"
	}
	touched := len(s.inserts) > 0 || len(s.events) > 0 || s.change.appeared > 0
	change, err := s.finish(ctx)
	if err != nil || !touched {
		return err
	}
	applied.Images++
	applied.New += change.appeared
	applied.Fixed += change.fixed
	if _, err := tx.Exec(ctx, "UPDATE image SET changed = ?, unjudged = 1 WHERE id = ?", s.now, t.id); err != nil {
		return err
	}
	if err := tx.count(ctx, t.id); err != nil {
		return err
	}
	if t.running == 0 || change.appeared == 0 {
		return nil
	}
	return tx.AddNotice(ctx, t.project, fmt.Sprintf("%s/%d/%s", NoticeFindings, t.id, who), NoticeFindings, &NoticeBody{
		Image: t.id, Name: t.name, Digest: boltseal.Digest(t.digest), Running: t.running, Findings: change.news, New: change.appeared, Worst: change.worst, Why: "advisories",
	})
}

// rematched is a finding that the image has already. It is the advisory that
// speaks anew, not a report, so being new is not over.
func (s *settler) rematched(ctx context.Context, f *said, was had) error {
	state := was.state
	switch {
	case f.waived:
		state = StateWaived
	case was.state == StateFixed:
		state = StateReappeared
	}
	if state == was.state && was.issue == f.issue && was.rank == f.rank && was.flags == f.flags {
		return nil
	}
	if state == StateWaived && f.waiver == 0 {
		f.waiver = was.waiver
	}
	if was.state == StateWaived { // by a waiver in the report, which the server does not know
		state, f.waiver = was.state, was.waiver
	}
	return s.write(ctx, f, was, state)
}
