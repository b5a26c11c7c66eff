package advisory

import (
	"context"
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

	// read hands everything under a path to the builder.
	read func(ctx context.Context, b *builder, s Source) error

	// fetch brings the cache up to date from the addresses in s.Mirrors,
	// tried in order, and tells what to read then.
	fetch func(ctx context.Context, u *updater, s Source) fetched
}

// feeds is filled by the files of this package.
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

func feedNamed(name string) (Feed, bool) {
	i := slices.IndexFunc(feeds, func(f Feed) bool { return f.Name == name })
	if i < 0 {
		return Feed{}, false
	}
	return feeds[i], true
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
func DefaultEcosystems() []string {
	return []string{
		"AlmaLinux", "Alpaquita", "Alpine", "Azure Linux", "BellSoft Hardened Containers", "Bitnami", "Chainguard", "CleanStart",
		"Debian", "Echo", "GitHub Actions", "Go", "Hex", "Maven", "MinimOS", "NuGet", "Packagist", "Pub", "PyPI", "Red Hat",
		"Rocky Linux", "RubyGems", "SUSE", "Ubuntu", "Wolfi", "crates.io", "npm", "openEuler", "openSUSE",
	}
}
