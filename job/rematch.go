package job

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
	"github.com/boltseal/boltseal/check/vuln"
	"github.com/boltseal/boltseal/store"
)

// componentsAtOnce is how many components are compared before what came of it
// is written.
const componentsAtOnce = 5000

// Rematch brings the findings of all stored images in line with advisories
// that changed: only components that a change touches are compared again. A
// nil older database compares all of them.
func Rematch(ctx context.Context, db *store.DB, older, newer *advisory.DB) (*store.Applied, error) {
	var keys []string
	for k, err := range advisory.Changed(older, newer) {
		if err != nil {
			return nil, fmt.Errorf("re-match: %w", err)
		}
		keys = append(keys, vuln.KeyOf(k))
	}
	touched, err := db.Touched(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("re-match: %w", err)
	}
	distros, err := db.Distros(ctx)
	if err != nil {
		return nil, fmt.Errorf("re-match: %w", err)
	}
	m := &rematcher{db: db, older: older, newer: newer, distros: distros}
	total := &store.Applied{}
	for part := range slices.Chunk(touched, componentsAtOnce) {
		applied, err := m.part(ctx, part, 0)
		if err != nil {
			return nil, fmt.Errorf("re-match: %w", err)
		}
		total.Images += applied.Images
		total.New += applied.New
		total.Fixed += applied.Fixed
	}
	return total, nil
}

// MatchImage compares all components of one image with the advisories, for a
// report that was made with other ones.
func MatchImage(ctx context.Context, db *store.DB, image int64, newer *advisory.DB) (*store.Applied, error) {
	touched, err := db.ComponentsOf(ctx, image)
	if err != nil {
		return nil, fmt.Errorf("match image %d: %w", image, err)
	}
	distros, err := db.Distros(ctx)
	if err != nil {
		return nil, fmt.Errorf("match image %d: %w", image, err)
	}
	applied, err := (&rematcher{db: db, newer: newer, distros: distros}).part(ctx, touched, image)
	if err != nil {
		return nil, fmt.Errorf("match image %d: %w", image, err)
	}
	return applied, nil
}

type rematcher struct {
	db           *store.DB
	older, newer *advisory.DB
	distros      []string
}

// distributed are the purls of packages whose advisories depend on what
// distribution they are in. All others mean the same everywhere.
var distributed = []string{"deb", "rpm", "apk", "alpm", "ebuild", "swid", "qpkg"}

// part compares some components, and applies what is different.
func (m *rematcher) part(ctx context.Context, touched []store.Touched, image int64) (*store.Applied, error) {
	var anywhere, system []store.Touched
	for _, t := range touched {
		if p, err := boltseal.ParsePURL(t.Component.PURL); err == nil && slices.Contains(distributed, p.Type) {
			system = append(system, t)
		} else {
			anywhere = append(anywhere, t)
		}
	}
	changes, err := m.compare(ctx, anywhere, "", true)
	if err != nil {
		return nil, err
	}
	if len(system) > 0 {
		for _, distro := range m.distros {
			more, err := m.compare(ctx, system, distro, false)
			if err != nil {
				return nil, err
			}
			changes = append(changes, more...)
		}
	}
	return m.db.Apply(ctx, changes, m.newer.Snapshot().ID, image)
}

// compare tells what each component has and had, in trees of a distribution.
func (m *rematcher) compare(ctx context.Context, touched []store.Touched, distro string, anywhere bool) ([]store.Change, error) {
	if len(touched) == 0 {
		return nil, nil
	}
	opts := &vuln.Options{}
	if distro != "" {
		opts.Distro = &boltseal.Distro{}
		if err := json.Unmarshal([]byte(distro), opts.Distro); err != nil {
			return nil, fmt.Errorf("distribution %s: %w", distro, err)
		}
	}
	components, at, err := m.numbered(ctx, touched)
	if err != nil {
		return nil, err
	}
	now, err := m.match(ctx, components, at, m.newer, opts)
	if err != nil {
		return nil, err
	}
	var before []found
	if m.older != nil {
		if before, err = m.match(ctx, components, at, m.older, opts); err != nil {
			return nil, err
		}
	}
	var changes []store.Change
	for i := range touched {
		c := store.Change{Component: touched[i].ID, Distro: distro, Any: anywhere}
		var was found
		if before != nil {
			was = before[i]
		}
		c.Now, c.Gone = now[i].against(was)
		if len(c.Now)+len(c.Gone) > 0 {
			changes = append(changes, c)
		}
	}
	return changes, nil
}

// numbered lists components to compare. Two that differ only in their place
// stay two: their findings are told apart by the place. Those whose files a
// package owns are compared beside it.
func (m *rematcher) numbered(ctx context.Context, touched []store.Touched) (list []boltseal.Component, at map[string][]int, err error) {
	at = map[string][]int{}
	there := map[string]bool{}
	for i := range touched {
		c := touched[i].Component
		list = append(list, c)
		at[identity(&c)] = append(at[identity(&c)], i)
		there[c.PURL] = true
	}
	var missing []string
	for i := range list {
		if o := list[i].OwnedBy; o != "" && !there[o] {
			there[o] = true
			missing = append(missing, o)
		}
	}
	owners, err := m.db.ByPURL(ctx, missing)
	if err != nil {
		return nil, nil, err
	}
	return append(list, owners...), at, nil
}

func identity(c *boltseal.Component) string {
	place := ""
	if len(c.Locations) > 0 {
		place = c.Locations[0].File
	}
	return c.PURL + "\x00" + place + "\x00" + c.FoundBy
}

// found are the findings of one component by their keys.
type found map[string]boltseal.Finding

func (m *rematcher) match(ctx context.Context, components []boltseal.Component, at map[string][]int, db *advisory.DB, opts *vuln.Options) ([]found, error) {
	o := *opts
	o.DB = db
	findings, _, err := vuln.Match(ctx, components, &o) // what could not be compared is a gap of the report, and stays one
	if err != nil {
		return nil, err
	}
	out := make([]found, len(components))
	for i := range findings {
		f := &findings[i]
		for _, j := range at[identity(f.Component)] {
			if out[j] == nil {
				out[j] = found{}
			}
			out[j][f.Key] = *f
		}
	}
	return out, nil
}

// against tells what is new or said otherwise than before, and what is gone.
func (f found) against(before found) (now, gone []boltseal.Finding) {
	for key, x := range f {
		if was, ok := before[key]; !ok || !same(&x, &was) {
			now = append(now, x)
		}
	}
	for key, x := range before {
		if _, ok := f[key]; !ok {
			gone = append(gone, x)
		}
	}
	slices.SortFunc(now, boltseal.Finding.Compare)
	slices.SortFunc(gone, boltseal.Finding.Compare)
	return now, gone
}

func same(a, b *boltseal.Finding) bool {
	return a.Check == b.Check && a.Severity == b.Severity && a.Status == b.Status && a.Message == b.Message && a.Score == b.Score &&
		slices.Equal(a.FixedIn, b.FixedIn) && kev(a) == kev(b)
}

func kev(f *boltseal.Finding) bool { return f.Advisory != nil && f.Advisory.KEV != nil }
