package vuln

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// gaps gathers what could not be compared, one entry for each reason.
type gaps struct {
	platform string
	by       map[gapKey]*gap
}

type gapKey struct{ kind, what string }

type gap struct {
	n     int
	names []string // a few of the components
}

// someNames is how many components a gap names.
const someNames = 5

func newGaps(opts *Options) *gaps {
	g := &gaps{by: map[gapKey]*gap{}}
	if a := opts.Artifact; a != nil && a.Platform != nil && a.Parent != "" {
		g.platform = a.Platform.String()
	}
	return g
}

func (g *gaps) add(kind, what string, c *boltseal.Component) {
	key := gapKey{kind, what}
	at := g.by[key]
	if at == nil {
		at = &gap{}
		g.by[key] = at
	}
	at.n++
	at.note(cmp.Or(c.Name, c.PURL) + " " + cmp.Or(c.Version, "without a version"))
}

// note keeps the names that sort first, so that it does not matter who came
// first.
func (at *gap) note(name string) {
	i, found := slices.BinarySearch(at.names, name)
	if found || i == someNames {
		return
	}
	at.names = slices.Insert(at.names, i, name)
	at.names = at.names[:min(len(at.names), someNames)]
}

func (g *gaps) noDatabase(n int) {
	if n > 0 {
		g.by[gapKey{GapNoDatabase, ""}] = &gap{n: n}
	}
}

func (g *gaps) distro(d boltseal.Distro, p *boltseal.PURL, c *boltseal.Component) {
	what := d.String()
	if what == "" {
		what = "of " + p.Type + " packages, which nothing names"
	}
	g.add(GapUnsupportedDistro, what, c)
}

func (g *gaps) ecosystem(kind string, c *boltseal.Component) {
	g.add(GapUnsupportedEcosystem, kind, c)
}

func (g *gaps) noAdvisories(ecosystem string, c *boltseal.Component) {
	g.add(GapNoAdvisories, strings.TrimSuffix(ecosystem, ":LTS"), c)
}

func (g *gaps) unknownVersion(c *boltseal.Component) { g.add(GapUnknownVersion, "", c) }

func (g *gaps) merge(other *gaps) {
	for key, from := range other.by {
		at := g.by[key]
		if at == nil {
			g.by[key] = from
			continue
		}
		at.n += from.n
		for _, name := range from.names {
			at.note(name)
		}
	}
}

// list says it all in words, in the order of printing.
func (g *gaps) list() []boltseal.Gap {
	var out []boltseal.Gap
	for key, at := range g.by {
		out = append(out, at.words(key, g.platform))
	}
	slices.SortFunc(out, boltseal.Gap.Compare)
	return out
}

func (at *gap) words(key gapKey, platform string) boltseal.Gap {
	out := boltseal.Gap{Kind: key.kind, Platform: platform}
	compared := were(at.n, "component") + " not compared"
	switch key.kind {
	case GapNoDatabase:
		out.What = "known vulnerabilities"
		out.Why = "there is no advisory database: " + compared
		out.Hint = "fetch one with: boltseal db update"
	case GapUnsupportedDistro:
		out.What = "distro " + key.what
		out.Why = "no advisory feed speaks of its packages: " + compared
		out.Hint = "language packages were compared all the same"
	case GapUnsupportedEcosystem:
		out.What = "ecosystem " + key.what
		out.Why = "no advisory feed speaks of it: " + compared + at.some()
	case GapNoAdvisories:
		out.What = "advisories of " + key.what
		out.Why = "the database has none: " + compared
		out.Hint = "if the feed has them, fetch it with: boltseal db update; a release past its end of life gets no more"
	case GapUnknownVersion:
		out.What = "versions of " + plural(at.n, "component")
		out.Why = "they cannot be compared with the advisories that there are" + at.some()
		out.Hint = "build with version information: go build from a tagged commit, a version in the package's manifest"
	}
	return out
}

// some names a few of the components.
func (at *gap) some() string {
	s := " (" + strings.Join(at.names, ", ")
	if more := at.n - len(at.names); more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s + ")"
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func were(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " was"
	}
	return plural(n, noun) + " were"
}
