package advisory

import (
	"slices"
	"strings"
)

// Feed is one published collection of advisory data and how to read it. Each
// is one file of this package.
type Feed struct {
	Name  string // slug: "osv"
	Title string
	Base  string // where its publisher serves it
	Terms string // under which licence, for the notice
}

var feeds []Feed

// add registers a feed; each feed's file calls it once from a package-level
// variable.
func add(f Feed) bool {
	feeds = append(feeds, f)
	return true
}

// Feeds lists every feed by name.
func Feeds() []Feed {
	all := slices.Clone(feeds)
	slices.SortFunc(all, func(a, b Feed) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// DefaultSources are the publishers' own addresses of all feeds.
func DefaultSources() []Source {
	var all []Source
	for _, f := range Feeds() {
		all = append(all, Source{Feed: f.Name, At: f.Base})
	}
	return all
}

// DefaultEcosystems are the ones that container images are made of.
func DefaultEcosystems() []string { return nil }
