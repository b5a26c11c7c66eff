package sbom

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// Merge makes one document of several. A component that stands in more than
// one of them, with the same purl or else the same name and version, becomes
// one that is in all its places; what the documents say of it is put
// together, the strongest evidence first, and never invented. Documents
// about one artifact give a document about that artifact; of different ones
// the name remembers which they were, while layers and distribution, which
// could not be true of all, are left out with a gap.
func Merge(docs ...*Document) *Document {
	m := &merger{out: &Document{}, at: map[string]int{}}
	for i, doc := range docs {
		m.about(doc, i == 0)
		for j := range doc.Components {
			m.component(&doc.Components[j], doc.detail(j))
		}
		m.out.Gaps = append(m.out.Gaps, doc.Gaps...)
		m.out.Authors = union(m.out.Authors, doc.Authors)
	}
	m.artifact(docs)
	if slices.IndexFunc(m.out.Details, func(d Detail) bool { return !d.isZero() }) < 0 {
		m.out.Details = nil
	}
	out := m.out.sorted()
	out.Gaps = slices.Compact(out.Gaps)
	return out
}

type merger struct {
	out *Document
	at  map[string]int // key → component
}

// about takes what the documents say of themselves, as far as they agree.
func (m *merger) about(doc *Document, first bool) {
	out := m.out
	if first {
		out.Tool, out.Time, out.Phase, out.Completeness = doc.Tool, doc.Time, doc.Phase, doc.Completeness
		return
	}
	if doc.Time.After(out.Time) {
		out.Time = doc.Time
	}
	if out.Tool != doc.Tool {
		out.Tool = boltseal.Tool{}
	}
	if out.Phase != doc.Phase {
		out.Phase = ""
	}
	switch {
	case out.Completeness == doc.Completeness:
	case out.Completeness == Incomplete || doc.Completeness == Incomplete:
		out.Completeness = Incomplete
	default:
		out.Completeness = CannotBeKnown
	}
}

// artifact decides what the merged document describes.
func (m *merger) artifact(docs []*Document) {
	if len(docs) == 0 {
		return
	}
	same := true
	var names []string
	for _, doc := range docs {
		a, b := &docs[0].Artifact, &doc.Artifact
		same = same && a.Kind == b.Kind && a.Digest == b.Digest && (a.Digest != "" || a.Name == b.Name)
		if b.Name != "" {
			names = union(names, []string{b.Name})
		}
	}
	if same {
		m.out.Artifact, m.out.Children = docs[0].Artifact, docs[0].Children
		for _, doc := range docs[1:] {
			if m.out.Artifact.Distro == nil {
				m.out.Artifact.Distro = doc.Artifact.Distro
			}
			if len(m.out.Artifact.Layers) == 0 {
				m.out.Artifact.Layers = doc.Artifact.Layers
			}
		}
		return
	}
	m.out.Artifact = boltseal.Artifact{Kind: boltseal.KindSBOM, Name: strings.Join(names, " + ")}
	distros := map[string]*boltseal.Distro{}
	for _, doc := range docs {
		if d := doc.Artifact.Distro; d != nil {
			distros[d.String()] = d
		}
	}
	switch known := slices.Sorted(maps.Keys(distros)); len(known) {
	case 0:
	case 1:
		m.out.Artifact.Distro = distros[known[0]]
	default:
		m.out.Gaps = append(m.out.Gaps, boltseal.Gap{
			Kind: "mixed-distributions", What: "packages of " + strings.Join(known, ", "),
			Why:  "the merged document has more than one distribution; a package whose purl does not name its own cannot be matched",
			Hint: "scan the documents one by one",
		})
	}
}

func (m *merger) component(c *boltseal.Component, d *Detail) {
	key := c.PURL
	if key == "" {
		key = "\x00" + c.Name + "\x00" + c.Version
	}
	i, ok := m.at[key]
	if !ok {
		m.at[key] = len(m.out.Components)
		m.out.Components = append(m.out.Components, cloneComponent(c))
		m.out.Details = append(m.out.Details, *d)
		return
	}
	to := &m.out.Components[i]
	to.Name, to.Version = cmp.Or(to.Name, c.Name), cmp.Or(to.Version, c.Version)
	to.Supplier, to.Module, to.OwnedBy = cmp.Or(to.Supplier, c.Supplier), cmp.Or(to.Module, c.Module), cmp.Or(to.OwnedBy, c.OwnedBy)
	to.Source = cmp.Or(to.Source, c.Source)
	if basisRank(c.Basis) < basisRank(to.Basis) {
		to.Basis, to.FoundBy = c.Basis, cmp.Or(c.FoundBy, to.FoundBy)
		to.Locations = union(slices.Clone(c.Locations), to.Locations)
	}
	if len(to.Licenses) == 0 {
		to.Licenses = slices.Clone(c.Licenses)
	}
	to.Locations = union(to.Locations, c.Locations)
	to.Hashes = union(to.Hashes, c.Hashes)
	to.CPEs = union(to.CPEs, c.CPEs)
	to.DependsOn = union(to.DependsOn, c.DependsOn)
	slices.Sort(to.DependsOn)
	to.Direct = to.Direct || c.Direct
	to.Dev = to.Dev && c.Dev
	m.detail(&m.out.Details[i], d)
}

func cloneComponent(c *boltseal.Component) boltseal.Component {
	out := *c
	out.Licenses, out.Locations = slices.Clone(c.Licenses), slices.Clone(c.Locations)
	out.DependsOn, out.Hashes, out.CPEs = slices.Clone(c.DependsOn), slices.Clone(c.Hashes), slices.Clone(c.CPEs)
	return out
}

// basisRank orders evidence, strongest first.
func basisRank(b boltseal.Basis) int {
	order := [...]boltseal.Basis{boltseal.Installed, boltseal.Embedded, boltseal.Matched, boltseal.Declared}
	if i := slices.Index(order[:], b); i >= 0 {
		return i
	}
	return len(order)
}

// union adds what is not there yet.
func union[T comparable](to, from []T) []T {
	if len(from) == 0 {
		return to
	}
	seen := make(map[T]bool, len(to)+len(from))
	for _, v := range to {
		seen[v] = true
	}
	for _, v := range from {
		if !seen[v] {
			seen[v] = true
			to = append(to, v)
		}
	}
	return to
}

func (m *merger) detail(to, from *Detail) {
	or := func(to *string, from string) { *to = cmp.Or(*to, from) }
	or(&to.Kind, from.Kind)
	or(&to.Description, from.Description)
	or(&to.Copyright, from.Copyright)
	or(&to.Contact, from.Contact)
	or(&to.Filename, from.Filename)
	or(&to.Website, from.Website)
	or(&to.Download, from.Download)
	or(&to.SourceCode, from.SourceCode)
	to.Executable = cmp.Or(to.Executable, from.Executable)
	to.Archive = cmp.Or(to.Archive, from.Archive)
	to.Structured = cmp.Or(to.Structured, from.Structured)
	to.Properties = union(slices.Clone(to.Properties), from.Properties)
	to.Orphan = to.Orphan && from.Orphan
}
