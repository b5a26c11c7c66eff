package sbom

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

// builder takes what a format's reader finds and makes a Document of it. It
// knows nothing of formats, and is where documents of other tools are
// understood.
type builder struct {
	doc       *Document
	ours      bool // boltseal wrote the document
	rootRef   string
	byRef     map[string]int    // components
	groups    map[string]Detail // elements that stand for a lock file or an operating system, by ref
	edges     []edge
	contained []string // refs that the document puts somewhere
	layers    map[layerPlace]boltseal.Layer
	children  map[int]boltseal.Artifact
	distro    *boltseal.Distro
	nameless  int
	broken    int // values of a wrong type
	anonymous int // components without a purl
}

type edge struct{ from, to string }

func newBuilder(format string) *builder {
	return &builder{
		doc:   &Document{Format: format},
		byRef: map[string]int{}, groups: map[string]Detail{}, layers: map[layerPlace]boltseal.Layer{}, children: map[int]boltseal.Artifact{},
	}
}

// document takes the properties of the whole document; it comes before all
// else.
func (b *builder) document(all []Property) {
	v, _ := take(all)
	_, b.ours = v[strings.TrimPrefix(propSchema, prefix)]
	b.doc.Gaps = append(b.doc.Gaps, v.gaps()...)
	if s, ok := v["phase"]; ok {
		b.doc.Phase = s
	}
	if s, ok := v["completeness"]; ok {
		b.doc.Completeness = Completeness(s)
	}
}

// artifact takes what the document describes.
func (b *builder) artifact(ref string, a boltseal.Artifact, all []Property) {
	v, others := take(all)
	b.rootRef = ref
	foreignArtifact(&a, others)
	v.artifact(&a)
	b.doc.Artifact = a
}

// layer takes an element that is one of the artifact's layers, and tells
// whether it was.
func (b *builder) layer(all []Property) bool {
	v, _ := take(all)
	at, l, ok := v.layer()
	if ok {
		b.layers[at] = l
	}
	return ok
}

// child takes an element that is one of an index's images, and tells whether
// it was.
func (b *builder) child(ref string, all []Property) bool {
	v, _ := take(all)
	i, a, ok := v.child()
	if ok {
		b.children[i] = a
		b.groups[ref] = Detail{}
	}
	return ok
}

// system takes an operating system.
func (b *builder) system(ref string, d *boltseal.Distro, all []Property) {
	v, others := take(all)
	if own := v.distro(); own != nil {
		d = own
	} else if d != nil {
		d = foreignSystem(d, others)
	}
	b.groups[ref] = Detail{}
	if b.distro == nil && d != nil {
		b.distro = d
	}
}

// group takes an element that is no component, but that components hang
// from: the lock file that Trivy makes an application of.
func (b *builder) group(ref, file string) { b.groups[ref] = Detail{Filename: file} }

// component takes a component, its licences as the document has them.
func (b *builder) component(ref string, c boltseal.Component, d Detail, all []Property) error {
	if len(b.doc.Components) >= maxComponents {
		return errMany
	}
	v, others := take(all)
	if !b.ours {
		c.PURL = strings.TrimSpace(c.PURL)
	}
	if c.Name == "" && c.PURL == "" && v["name"] == "" {
		b.nameless++
		return nil
	}
	d.Properties = nil
	if b.ours {
		d.Properties = others
		c.Source = sourceOf(&c)
		v.component(&c)
	} else {
		d.Properties = foreignComponent(&c, others)
		c.Source = cmp.Or(c.Source, sourceOf(&c))
		v.component(&c)
	}
	if c.PURL == "" {
		b.anonymous++
	}
	if ref != "" {
		if _, taken := b.byRef[ref]; !taken {
			b.byRef[ref] = len(b.doc.Components)
		}
	}
	b.doc.Components = append(b.doc.Components, c)
	b.doc.Details = append(b.doc.Details, d)
	return nil
}

// edge says that the element from needs the element to.
func (b *builder) edge(from, to string) { b.edges = append(b.edges, edge{from, to}) }

// finish gives the document, everything in order.
func (b *builder) finish() *Document {
	doc := b.doc
	dangling := b.connect()
	b.orphans()
	b.settleDistro()
	if doc.Artifact.Kind == "" && !b.ours {
		doc.Artifact.Kind = boltseal.KindSBOM
	}
	for i := range doc.Components {
		c := &doc.Components[i]
		slices.Sort(c.DependsOn)
		c.DependsOn = slices.Compact(c.DependsOn)
		if c.Basis == "" && !b.ours {
			c.Basis = foreignBasis(doc, c)
		}
		if c.FoundBy == "" && !b.ours {
			family, _, _ := strings.Cut(doc.Format, "-")
			c.FoundBy = "sbom/" + family
		}
	}
	b.stack()
	if b.ours {
		b.anonymous = 0 // what boltseal found without one, its own scan reports
	}
	b.gap("no-purl", b.anonymous, "component without a purl", "components without a purl",
		"it can be listed, but not matched with advisories")
	b.gap("bad-component", b.nameless, "component without a name", "components without a name", "it says nothing")
	b.gap("bad-field", b.broken, "value of the wrong type", "values of the wrong type", "it was left out")
	b.gap("dangling-reference", dangling, "dependency on something that is not in the document",
		"dependencies on things that are not in the document", "it cannot be followed")
	if slices.IndexFunc(doc.Details, func(d Detail) bool { return !d.isZero() }) < 0 {
		doc.Details = nil
	}
	return doc.sorted()
}

// isZero tells whether nothing is known.
func (d *Detail) isZero() bool {
	return !d.Orphan && len(d.Properties) == 0 && d.Executable == nil && d.Archive == nil && d.Structured == nil &&
		d.Kind+d.Description+d.Copyright+d.Contact+d.Filename+d.Website+d.Download+d.SourceCode == ""
}

// gap records what could not be understood, once for all of a kind.
func (b *builder) gap(kind string, n int, one, many, why string) {
	switch {
	case n == 0:
		return
	case n == 1:
		b.doc.Gaps = append(b.doc.Gaps, boltseal.Gap{Kind: kind, What: "1 " + one, Why: why})
	default:
		b.doc.Gaps = append(b.doc.Gaps, boltseal.Gap{Kind: kind, What: fmt.Sprintf("%d %s", n, many), Why: why})
	}
}

// connect turns edges into DependsOn and Direct, and tells how many led
// nowhere.
func (b *builder) connect() (dangling int) {
	for _, e := range b.edges {
		to, known := b.byRef[e.to]
		_, toGroup := b.groups[e.to]
		from, fromKnown := b.byRef[e.from]
		group, fromGroup := b.groups[e.from]
		switch {
		case !known && !toGroup && e.to != b.rootRef:
			dangling++
		case !known:
		case fromKnown:
			c := &b.doc.Components[from]
			if purl := b.doc.Components[to].PURL; purl != "" && from != to {
				c.DependsOn = append(c.DependsOn, purl)
			}
		case e.from == b.rootRef:
			b.doc.Components[to].Direct = b.doc.Components[to].Direct || !b.ours
		case fromGroup && group.Filename != "":
			c := &b.doc.Components[to]
			if len(c.Locations) == 0 {
				c.Locations = make([]boltseal.Location, 1)
			}
			for i := range c.Locations {
				c.Locations[i].File = cmp.Or(c.Locations[i].File, group.Filename)
			}
		}
	}
	return dangling
}

// orphans finds the components that no relationship names.
func (b *builder) orphans() {
	if b.ours {
		return
	}
	named := make([]bool, len(b.doc.Components))
	mark := func(ref string) {
		if i, ok := b.byRef[ref]; ok {
			named[i] = true
		}
	}
	for _, e := range b.edges {
		mark(e.from)
		mark(e.to)
	}
	for _, ref := range b.contained {
		mark(ref)
	}
	for i := range b.doc.Details {
		b.doc.Details[i].Orphan = !named[i]
	}
}

// stack puts layers and children into their order.
func (b *builder) stack() {
	places := slices.SortedFunc(maps.Keys(b.layers), func(p, q layerPlace) int {
		return cmp.Or(cmp.Compare(p.child, q.child), cmp.Compare(p.index, q.index))
	})
	for _, p := range places {
		if p.child < 0 {
			b.doc.Artifact.Layers = append(b.doc.Artifact.Layers, b.layers[p])
		} else if a, ok := b.children[p.child]; ok {
			a.Layers = append(a.Layers, b.layers[p])
			b.children[p.child] = a
		}
	}
	for _, i := range slices.Sorted(maps.Keys(b.children)) {
		b.doc.Children = append(b.doc.Children, b.children[i])
	}
}

// settleDistro decides on the artifact's distribution: what the document
// says, else what most packages say.
func (b *builder) settleDistro() {
	if b.distro == nil && !b.ours {
		b.distro = distroOfComponents(b.doc.Components)
	}
	b.doc.Artifact.Distro = b.distro
}

// distroOfComponents is the distribution that most packages name in their
// purl, or nil.
func distroOfComponents(all []boltseal.Component) *boltseal.Distro {
	count := map[string]int{}
	var best *boltseal.Distro
	for i := range all {
		d := distroOfPURL(all[i].PURL)
		if d == nil {
			continue
		}
		key := d.String()
		if count[key]++; best == nil || count[key] > count[best.String()] {
			best = d
		}
	}
	return best
}

// seconds is a time as documents write it: UTC, whole seconds. What is not
// known is the epoch, so that formats that demand a time have one.
func seconds(t time.Time) string {
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

// parseSeconds reads a time leniently. The epoch is no time.
func parseSeconds(s string) time.Time {
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(s))
	if err != nil || t.Unix() == 0 {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Second)
}
