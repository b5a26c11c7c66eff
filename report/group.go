package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// group is what one upgrade mends: the findings of the components that come
// from one source at one version. Findings without a component are grouped by
// file.
type group struct {
	name    string // "openssl"; of a file, its path
	version string
	kind    string   // purl type: "deb"; empty for a file
	members []string // names of the components, unless it is name alone
	places  []boltseal.Location
	origin  boltseal.Origin
	mixed   bool // findings of both origins
	history string
	owner   string // purl of the OS package whose files these are
	basis   boltseal.Basis
	upgrade string // the version that removes every finding that can be removed
	rows    []*row
}

// row is one vulnerability, or one failed check, in a group.
type row struct {
	*boltseal.Finding          // the worst of them
	findings          int      // how many there are
	platforms         []string // those that have it, when not all have
	waived            bool     // all of them are
}

// groupFindings brings the findings of a report into groups, worst first.
func groupFindings(r *boltseal.Report) []*group {
	var groups []*group
	byKey := map[string]*group{}
	rows := map[string]*row{}
	all := platformsOf(r)
	for i := range r.Findings {
		f := &r.Findings[i]
		key := groupKey(f)
		g := byKey[key]
		if g == nil {
			g = newGroup(f)
			byKey[key] = g
			groups = append(groups, g)
		}
		g.take(f)
		rowKey := key + "\x00" + f.Check + "\x00" + nameOf(f)
		if !isComponent(f) {
			rowKey += "\x00" + f.Location.File + "\x00" + f.Message
		}
		at := rows[rowKey]
		if at == nil {
			at = &row{Finding: f, waived: true}
			rows[rowKey] = at
			g.rows = append(g.rows, at)
		}
		at.findings++
		at.waived = at.waived && f.Waived != nil
		if p := f.Subject.Platform; p != "" && !slices.Contains(at.platforms, p) {
			at.platforms = append(at.platforms, p)
		}
	}
	for _, g := range groups {
		g.finish(all)
	}
	slices.SortStableFunc(groups, func(a, b *group) int { return boltseal.Finding.Compare(*a.worst(), *b.worst()) })
	return groups
}

// isComponent tells findings about software from those about a file.
func isComponent(f *boltseal.Finding) bool { return f.Component != nil }

func groupKey(f *boltseal.Finding) string {
	if !isComponent(f) {
		return "file\x00" + f.Location.File
	}
	name, version := sourceOf(f.Component)
	return strings.Join([]string{typeOf(f.Component), name, version, f.Component.OwnedBy}, "\x00")
}

// sourceOf is the name and version that an upgrade would speak of.
func sourceOf(c *boltseal.Component) (name, version string) {
	if c.Source != nil && c.Source.Name != "" {
		return c.Source.Name, cmp.Or(c.Source.Version, c.Version)
	}
	return c.Name, c.Version
}

func typeOf(c *boltseal.Component) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(c.PURL, "pkg:"), "/")
	return kind
}

func newGroup(f *boltseal.Finding) *group {
	g := &group{origin: f.Origin, history: f.CreatedBy}
	if !isComponent(f) {
		g.name = f.Location.File
		return g
	}
	g.name, g.version = sourceOf(f.Component)
	g.kind = typeOf(f.Component)
	g.owner, g.basis = f.Component.OwnedBy, f.Component.Basis
	return g
}

// take adds what a finding says of the whole group.
func (g *group) take(f *boltseal.Finding) {
	g.mixed = g.mixed || f.Origin != g.origin
	for _, l := range placesOf(f) {
		if !slices.ContainsFunc(g.places, func(have boltseal.Location) bool { return have.File == l.File }) {
			g.places = append(g.places, l)
		}
	}
	if f.Component != nil && !slices.Contains(g.members, f.Component.Name) {
		g.members = append(g.members, f.Component.Name)
	}
	// The last upgrade of a finding is the one that mends its neighbours too
	// (check/vuln).
	for _, fix := range f.Fixes {
		if fix.Upgrade != nil {
			g.upgrade = fix.Upgrade.To
		}
	}
}

// worst is the finding that gives the group its place: the first that is not
// waived.
func (g *group) worst() *boltseal.Finding {
	for _, at := range g.rows {
		if !at.waived {
			return at.Finding
		}
	}
	// A group that is waived as a whole comes behind all others.
	last := *g.rows[0].Finding
	last.Severity, last.Score = -1, 0
	return &last
}

func (g *group) finish(all []string) {
	if len(g.members) == 1 && g.members[0] == g.name {
		g.members = nil
	}
	slices.Sort(g.members)
	slices.SortFunc(g.places, boltseal.Location.Compare)
	for _, at := range g.rows {
		if len(at.platforms) == len(all) {
			at.platforms = nil
		}
		slices.Sort(at.platforms)
	}
}

// isSystem tells the packages of the distribution from those of languages:
// their place is the package database, which says nothing to a person.
func (g *group) isSystem() bool {
	switch g.kind {
	case "deb", "apk", "rpm", "alpm":
		return true
	}
	return false
}

// shown is the rows that a table without details has.
func (g *group) shown(verbose bool) []*row {
	if verbose {
		return g.rows
	}
	return slices.DeleteFunc(slices.Clone(g.rows), func(at *row) bool { return at.waived })
}

// platformsOf lists the platforms of all images of the report.
func platformsOf(r *boltseal.Report) []string {
	var out []string
	note := func(a *boltseal.Artifact) {
		if a.Platform != nil && !slices.Contains(out, a.Platform.String()) {
			out = append(out, a.Platform.String())
		}
	}
	note(&r.Artifact)
	for i := range r.Children {
		note(&r.Children[i])
	}
	return out
}
