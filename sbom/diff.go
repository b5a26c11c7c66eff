package sbom

import (
	"cmp"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// Difference is what changed from one document to another.
type Difference struct {
	From    Side                 `json:"from"`
	To      Side                 `json:"to"`
	Added   []boltseal.Component `json:"added"`
	Removed []boltseal.Component `json:"removed"`
	Changed []Change             `json:"changed"`
	Same    int                  `json:"same"` // components in which nothing changed
}

// Side names one of the documents that were compared.
type Side struct {
	Artifact string          `json:"artifact"`
	Digest   boltseal.Digest `json:"digest,omitempty"`
	Distro   string          `json:"distro,omitempty"`
	Total    int             `json:"total"` // components
}

// Change is one component that is in both documents, but not as it was.
type Change struct {
	From   boltseal.Component `json:"from"`
	To     boltseal.Component `json:"to"`
	Fields []string           `json:"fields"` // "version", "licenses", "supplier", "hashes", "dependsOn", "source", "purl"
}

// Empty tells whether nothing that counts changed.
func (d *Difference) Empty() bool { return len(d.Added)+len(d.Removed)+len(d.Changed) == 0 }

// Diff compares two documents. A component is the same one when its
// ecosystem, name and architecture are; of several versions those that both
// documents have are left alone, and the others are paired in order. Where a
// component lies and who found it is no change: a rebuild moves everything.
func Diff(from, to *Document) *Difference {
	d := &Difference{From: side(from), To: side(to)}
	before, after := identities(from), identities(to)
	for _, key := range union(keysOf(before), keysOf(after)) {
		d.compare(before[key], after[key])
	}
	slices.SortFunc(d.Added, boltseal.Component.Compare)
	slices.SortFunc(d.Removed, boltseal.Component.Compare)
	slices.SortFunc(d.Changed, func(a, b Change) int {
		return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To), strings.Compare(a.From.Version, b.From.Version))
	})
	return d
}

func side(doc *Document) Side {
	s := Side{Artifact: doc.Artifact.Name, Digest: doc.Artifact.Digest, Total: len(doc.Components)}
	if doc.Artifact.Distro != nil {
		s.Distro = doc.Artifact.Distro.String()
	}
	return s
}

// identity is what stays of a component when its version changes.
func identity(c *boltseal.Component) string {
	p, err := boltseal.ParsePURL(c.PURL)
	if err != nil {
		return "\x00" + c.Name
	}
	arch := p.Qualifiers["arch"]
	p.Version, p.Qualifiers = "", nil
	if arch != "" {
		p.Qualifiers = map[string]string{"arch": arch}
	}
	return p.String()
}

// identities groups a document's components; places do not tell them apart.
func identities(doc *Document) map[string][]boltseal.Component {
	type version struct{ purl, name, version string }
	all, seen := map[string][]boltseal.Component{}, map[version]bool{}
	for _, c := range doc.sorted().Components {
		if v := (version{c.PURL, c.Name, c.Version}); !seen[v] {
			seen[v] = true
			key := identity(&c)
			all[key] = append(all[key], c)
		}
	}
	return all
}

func keysOf(m map[string][]boltseal.Component) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// compare pairs the versions of one component.
func (d *Difference) compare(before, after []boltseal.Component) {
	byVersion := make(map[string][]int, len(after))
	for i := range after {
		byVersion[after[i].Version] = append(byVersion[after[i].Version], i)
	}
	taken := make([]bool, len(after))
	var left, right []boltseal.Component
	for _, old := range before {
		same := byVersion[old.Version]
		if len(same) == 0 {
			left = append(left, old)
			continue
		}
		d.change(old, after[same[0]])
		taken[same[0]] = true
		byVersion[old.Version] = same[1:]
	}
	for i := range after {
		if !taken[i] {
			right = append(right, after[i])
		}
	}
	paired := min(len(left), len(right))
	for i := range paired {
		d.change(left[i], right[i])
	}
	d.Removed = append(d.Removed, left[paired:]...)
	d.Added = append(d.Added, right[paired:]...)
}

func (d *Difference) change(from, to boltseal.Component) {
	var fields []string
	differ := func(name string, differs bool) {
		if differs {
			fields = append(fields, name)
		}
	}
	differ("version", from.Version != to.Version)
	differ("purl", unversioned(from.PURL) != unversioned(to.PURL))
	differ("licenses", !sameSet(from.Licenses, to.Licenses))
	differ("supplier", from.Supplier != to.Supplier)
	differ("source", from.Version == to.Version && sourceString(from.Source) != sourceString(to.Source))
	differ("hashes", from.Version == to.Version && !sameSet(from.Hashes, to.Hashes))
	differ("dependsOn", !sameNeeds(from.DependsOn, to.DependsOn))
	if len(fields) == 0 {
		d.Same++
		return
	}
	d.Changed = append(d.Changed, Change{From: from, To: to, Fields: fields})
}

// unversioned is a purl without what moves with its version.
func unversioned(purl string) string {
	p, err := boltseal.ParsePURL(purl)
	if err != nil {
		return purl
	}
	p.Version = ""
	delete(p.Qualifiers, "upstream")
	delete(p.Qualifiers, "epoch")
	return p.String()
}

func sourceString(s *boltseal.Source) string {
	if s == nil {
		return ""
	}
	return s.Name + " " + s.Version
}

func sameSet[T cmp.Ordered](a, b []T) bool {
	x, y := slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(slices.Compact(x), slices.Compact(y))
}

// sameNeeds compares dependencies by name: that they have new versions, they
// say themselves.
func sameNeeds(a, b []string) bool {
	names := func(all []string) []string {
		out := make([]string, len(all))
		for i, purl := range all {
			out[i] = identity(&boltseal.Component{PURL: purl, Name: purl})
		}
		return out
	}
	return sameSet(names(a), names(b))
}
