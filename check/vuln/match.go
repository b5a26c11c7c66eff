package vuln

import (
	"context"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
)

// matcher compares a run of components. Each goroutine has its own.
type matcher struct {
	opts     *Options
	releases *releaseCache
	owners   map[string]*boltseal.Component
	gaps     *gaps
	matches  []match

	queries []query
	hits    []hit    // of the component at hand
	cleared []string // vulnerabilities that its distribution says it has mended
}

// match is one vulnerability of one component, before anything is said of it.
type match struct {
	component *boltseal.Component
	vuln      string
	system    *family // of the distribution, nil for other ecosystems
	hits      []hit   // by the advisories that say so
}

// hit is one advisory that speaks of the installed version.
type hit struct {
	vuln   string
	record advisory.Record
	query  query
}

func (m *matcher) run(ctx context.Context, components []boltseal.Component) error {
	for i := range components {
		if i%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := m.component(&components[i]); err != nil {
			return err
		}
	}
	return nil
}

func (m *matcher) component(c *boltseal.Component) error {
	p, err := boltseal.ParsePURL(c.PURL)
	if err != nil {
		m.gaps.ecosystem("of components without a purl", c)
		return nil //nolint:nilerr // the gap says it
	}
	k, ok := kinds[p.Type]
	if compiler(&p) {
		k, ok = kind{osv: "GHC", name: bareName}, true
	}
	if k.silent || (!ok || k.release != nil) && isProject(&p, c) {
		return nil
	}
	var queries []query
	var system *family
	switch {
	case k.system:
		if queries = m.systemQueries(&p, c); len(queries) > 0 {
			system = &m.releases.of(&p).family
		}
	case !ok:
		m.gaps.ecosystem(p.Type, c)
	default:
		queries = m.languageQueries(k, &p, c)
	}
	if len(queries) == 0 {
		return nil
	}
	return m.ask(c, queries, system)
}

// ask collects what the database says of one component. Most of it is about
// versions that are long gone: only what speaks of this one is read whole.
func (m *matcher) ask(c *boltseal.Component, queries []query, system *family) error {
	m.hits, m.cleared = m.hits[:0], m.cleared[:0]
	unknown := false
	for i := range queries {
		q := &queries[i]
		comparable := q.version != "" && q.scheme.Valid(q.version)
		concerns := func(r *advisory.Record) bool {
			return r.Concerns(c) && (!comparable || r.Affected.Status != boltseal.StatusNotAffected && q.affected(&r.Affected))
		}
		for record, err := range m.opts.DB.LookupWhere(q.ecosystem, q.name, concerns) {
			switch {
			case err != nil:
				return err
			case system != nil && record.Kind == boltseal.Informational:
			case !comparable && !speaksOf(&record.Affected, q.version):
				unknown = true
			default:
				m.weigh(q, record, system != nil)
			}
		}
	}
	if unknown {
		m.gaps.unknownVersion(c)
	}
	if system != nil && len(m.hits) > 0 {
		if err := m.clear(c, queries); err != nil {
			return err
		}
	}
	m.gather(c, system)
	return nil
}

// clear collects what a distribution says it has mended, which is of interest
// only when something speaks against the component.
func (m *matcher) clear(c *boltseal.Component, queries []query) error {
	for i := range queries {
		q := &queries[i]
		if q.version == "" || !q.scheme.Valid(q.version) {
			continue // all of it was weighed
		}
		settled := func(r *advisory.Record) bool {
			return r.Concerns(c) && (r.Affected.Status == boltseal.StatusNotAffected || !q.affected(&r.Affected) && mended(q, &r.Affected))
		}
		for record, err := range m.opts.DB.LookupWhere(q.ecosystem, q.name, settled) {
			if err != nil {
				return err
			}
			if record.Kind != boltseal.Informational {
				m.cleared = append(m.cleared, record.Vulns...)
			}
		}
	}
	return nil
}

// speaksOf tells whether an advisory speaks of a version that cannot be
// compared: because it names it, or because it speaks of whatever version
// there is, as those about malware do.
func speaksOf(a *boltseal.Affected, v string) bool {
	return v != "" && slices.Contains(a.Versions, v) || slices.ContainsFunc(a.Ranges, func(r boltseal.Range) bool {
		return (r.Introduced == "" || r.Introduced == "0") && r.Fixed == "" && r.LastAffected == ""
	})
}

// affected says whether the version that is asked about lies in a range.
func (q *query) affected(a *boltseal.Affected) bool {
	if q.noEpoch {
		a = withoutEpochs(a)
	}
	return q.scheme.Affected(q.version, a)
}

// weigh notes what one advisory says of the installed version. Of a
// distribution it also notes when it says that the vulnerability has been
// mended in this version or an older one: several errata may name one
// vulnerability, because each branch of a package gets its own, and any of
// them settles it.
func (m *matcher) weigh(q *query, record advisory.Record, system bool) {
	switch {
	case record.Affected.Status == boltseal.StatusNotAffected:
		m.cleared = append(m.cleared, record.Vulns...)
	case q.affected(&record.Affected):
		if q.noEpoch {
			record.Affected = *withoutEpochs(&record.Affected)
		}
		for _, vuln := range record.Vulns {
			m.hits = append(m.hits, hit{vuln, record, *q})
		}
	case system && mended(q, &record.Affected):
		m.cleared = append(m.cleared, record.Vulns...)
	}
}

// mended holds for versions behind a fix. It is asked about versions that are
// not affected: one may lie behind the fix of an older branch and before that
// of its own.
func mended(q *query, a *boltseal.Affected) bool {
	if q.noEpoch {
		a = withoutEpochs(a)
	}
	return slices.ContainsFunc(a.Ranges, func(r boltseal.Range) bool {
		return r.Fixed != "" && q.scheme.Compare(q.version, r.Fixed) >= 0
	})
}

// withoutEpochs is the same ranges for versions whose epoch is not known.
func withoutEpochs(a *boltseal.Affected) *boltseal.Affected {
	if !slices.ContainsFunc(a.Ranges, hasEpoch) {
		return a
	}
	out := *a
	out.Ranges = make([]boltseal.Range, len(a.Ranges))
	for i, r := range a.Ranges {
		out.Ranges[i] = boltseal.Range{Introduced: cutEpoch(r.Introduced), Fixed: cutEpoch(r.Fixed), LastAffected: cutEpoch(r.LastAffected)}
	}
	return &out
}

func hasEpoch(r boltseal.Range) bool {
	return strings.Contains(r.Introduced, ":") || strings.Contains(r.Fixed, ":") || strings.Contains(r.LastAffected, ":")
}

func cutEpoch(v string) string {
	if epoch, rest, ok := strings.Cut(v, ":"); ok && isNumber(epoch) {
		return rest
	}
	return v
}

// gather makes one match of all hits about one vulnerability.
func (m *matcher) gather(c *boltseal.Component, system *family) {
	if len(m.hits) == 0 {
		return
	}
	slices.SortStableFunc(m.hits, func(a, b hit) int { return strings.Compare(a.vuln, b.vuln) })
	own := slices.Clone(m.hits)
	for from := 0; from < len(own); {
		to := from + 1
		for to < len(own) && own[to].vuln == own[from].vuln {
			to++
		}
		if vuln := own[from].vuln; !slices.Contains(m.cleared, vuln) {
			m.matches = append(m.matches, match{component: c, vuln: vuln, system: system, hits: binariesFirst(own[from:to:to])})
		}
		from = to
	}
}

// binariesFirst drops what was found by a source package where the binary's
// own name found the same: its versions have their epochs.
func binariesFirst(hits []hit) []hit {
	if !slices.ContainsFunc(hits, func(h hit) bool { return !h.query.noEpoch }) {
		return hits
	}
	return slices.DeleteFunc(hits, func(h hit) bool { return h.query.noEpoch })
}
