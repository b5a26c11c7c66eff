// Package version orders versions the way each ecosystem's own tool does, and
// tells whether a version lies in an advisory's affected ranges. It starts at
// [ForEcosystem], which gives the [Scheme] of an OSV ecosystem name. Each
// scheme is one file that adds one Scheme.
//
// Every Compare is a total order over all strings, so that a search or a sort
// with it never depends on luck. Input that the scheme's own tool would refuse
// still has a place; [Scheme.Valid] tells such input apart, and a caller who
// gets false from it has not learnt that a version is unaffected.
//
// Nothing here does I/O.
package version

import (
	"slices"
	"strings"
)

// Scheme is one way to order versions.
type Scheme struct {
	// Name is the scheme's slug: "deb", "semver".
	Name string

	// Compare is negative when a is older than b, zero when they are the same
	// version in two spellings, and positive when a is newer.
	Compare func(a, b string) int

	// Valid says whether the scheme's own tool would take the string for a
	// version.
	Valid func(v string) bool
}

var (
	schemes    []*Scheme
	ecosystems = map[string]*Scheme{}
)

// add registers a scheme and the OSV ecosystems that it orders; each file of
// this package calls it once from a package-level variable.
func add(s Scheme, osv ...string) bool {
	schemes = append(schemes, &s)
	for _, name := range osv {
		if ecosystems[name] != nil {
			panic("two version schemes for " + name)
		}
		ecosystems[name] = &s
	}
	return true
}

// Schemes lists every scheme by name.
func Schemes() []*Scheme {
	all := slices.Clone(schemes)
	slices.SortFunc(all, func(a, b *Scheme) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Ecosystems lists the OSV ecosystem names, without suffix, that some scheme
// orders.
func Ecosystems() []string {
	names := make([]string, 0, len(ecosystems))
	for name := range ecosystems {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Lookup returns the scheme with this name.
func Lookup(name string) (*Scheme, bool) {
	for _, s := range schemes {
		if s.Name == name {
			return s, true
		}
	}
	return nil, false
}

// ForEcosystem returns the scheme of an OSV ecosystem name. A suffix behind a
// colon, as in "Debian:12" or "Maven:https://…", is ignored, except for the
// vendors that rebuild other ecosystems' packages and name the ecosystem there,
// as in "Root:Alpine:3.18".
func ForEcosystem(osv string) (*Scheme, bool) {
	name, suffix, _ := strings.Cut(osv, ":")
	if s, ok := rebuilt(name, suffix); ok {
		return s, true
	}
	s, ok := ecosystems[name]
	return s, ok
}
