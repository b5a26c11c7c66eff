package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// Components writes what is inside an artifact as a table, for verbs that
// look for no faults.
func Components(w io.Writer, r *boltseal.Report, opts *Options) error {
	o := opts.orDefault()
	p := &page{width: o.Width, color: o.Color}
	p.spread([]cell{{clean(r.Artifact.Name), bold}}, cell{platformLine(r), plain})
	if d := distroOf(r); d != "" {
		p.paragraph(0, "", d, faint)
	}
	p.components(r.Components, o.Verbose)
	p.gaps(r)
	p.line()
	p.flow(cell{count(len(r.Components), "component"), bold}, cell{": " + byType(r.Components), plain})
	_, err := io.WriteString(w, p.String())
	return err
}

// components writes one line for each component, in as many columns as fit:
// name, version, type, licences, place.
func (p *page) components(components []boltseal.Component, verbose bool) {
	if len(components) == 0 {
		return
	}
	sorted := slices.Clone(components)
	slices.SortFunc(sorted, boltseal.Component.Compare)
	name, version, kind, licence := len("COMPONENT"), len("VERSION"), len("TYPE"), len("LICENCES")
	for i := range sorted {
		c := &sorted[i]
		name = max(name, widthOf(clean(c.Name)))
		version = max(version, widthOf(clean(c.Version)))
		kind = max(kind, widthOf(clean(typeOf(c))))
		licence = max(licence, widthOf(licencesOf(c)))
	}
	name, version, kind, licence = min(name, p.width*2/5), min(version, 28), min(kind, 12), min(licence, 28)
	for _, w := range []*int{&licence, &version} {
		if p.width-name-version-kind-licence-8 < leastTitle {
			*w = min(*w, 16)
		}
	}
	place := p.width - name - version - kind - licence - 8
	if place < leastTitle {
		place = 0
		licence = max(min(licence, p.width-name-version-kind-6), 0)
	}
	row := func(i ink, cells ...string) {
		text := pad(cells[0], name) + "  " + pad(cells[1], version) + "  " + pad(cells[2], kind)
		if licence >= len("LICENCES") {
			text += "  " + pad(cells[3], licence)
		}
		if place > 0 {
			text += "  " + fitEnd(cells[4], place)
		}
		p.line(cell{text, i})
	}
	p.line()
	row(faint, "COMPONENT", "VERSION", "TYPE", "LICENCES", "PLACE")
	for i := range sorted {
		c := &sorted[i]
		row(plain, clean(c.Name), clean(c.Version), clean(typeOf(c)), licencesOf(c), placeOf(c))
		if verbose {
			p.componentDetails(c)
		}
	}
}

func (p *page) componentDetails(c *boltseal.Component) {
	facts := []string{clean(c.PURL), fmt.Sprintf("%s, seen by %s", clean(string(c.Basis)), clean(c.FoundBy))}
	if c.OwnedBy != "" {
		facts = append(facts, "installed by "+clean(shortPURL(c.OwnedBy)))
	}
	for i, l := range c.Locations {
		if i > 0 {
			facts = append(facts, "also "+clean(l.File))
		}
	}
	for _, fact := range facts {
		p.paragraph(indent, "", fact, faint)
	}
}

func licencesOf(c *boltseal.Component) string {
	return cleanList(c.Licenses, 4, false)
}

func placeOf(c *boltseal.Component) string {
	if len(c.Locations) == 0 {
		return ""
	}
	s := clean(c.Locations[0].File)
	if n := len(c.Locations) - 1; n > 0 {
		s += fmt.Sprintf(" and %d more", n)
	}
	return s
}

// byType counts components by purl type, the most frequent first.
func byType(components []boltseal.Component) string {
	counts := map[string]int{}
	for i := range components {
		counts[typeOf(&components[i])]++
	}
	var types []string
	for t := range counts {
		types = append(types, t)
	}
	slices.SortFunc(types, func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	parts := make([]string, len(types))
	for i, t := range types {
		parts[i] = fmt.Sprintf("%d %s", counts[t], clean(t))
	}
	return strings.Join(parts, " · ")
}
