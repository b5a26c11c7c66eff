package advisory

import (
	"context"
	"io"
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

	// Speaks lists what the feed speaks of: ecosystems as [Release] names
	// them, without their releases; empty is anything.
	Speaks []string

	// Extra feeds are fetched when they are asked for by name: they are
	// large, or say again what another feed says already.
	Extra bool

	// Vendor says that the feed is a distribution's own word about its own
	// packages. It wins over what others say of the same package and
	// vulnerability.
	Vendor bool

	// read hands everything under a path to the builder.
	read func(ctx context.Context, b *builder, s Source) error

	// parse reads one file of feeds that are read by readParsed.
	parse func(name string, r io.Reader, g *byID) error

	// fetch brings the cache up to date from the addresses in s.Mirrors,
	// tried in order, and tells what to read then.
	fetch func(ctx context.Context, u *updater, s Source) fetched
}

// feeds is filled by the files of this package.
var feeds []Feed

// parsed is a feed whose files parse reads one by one.
func parsed(f Feed) Feed {
	f.read = readParsed
	if f.fetch == nil {
		f.fetch = fetchFile
	}
	return f
}

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

// DefaultSources are the publishers' own addresses of all feeds that are not
// extra, and of those that are named.
func DefaultSources(extra ...string) []Source {
	var all []Source
	for _, f := range Feeds() {
		if !f.Extra || slices.Contains(extra, f.Name) || slices.Contains(extra, "all") {
			all = append(all, Source{Feed: f.Name, At: f.Base})
		}
	}
	return all
}

// standing orders feeds for reading: vendors come last, because what they say
// is laid over what is there.
func (s Source) standing() int {
	feed, _ := feedNamed(s.Feed)
	return truth(feed.Vendor)
}

// isVendor says whether records of a feed's state are a vendor's own word.
func isVendor(state string) bool {
	feed, _ := feedNamed(feedOfState(state))
	return feed.Vendor
}

// feedOfState is the feed of "osv/Debian".
func feedOfState(state string) string {
	name, _, _ := strings.Cut(state, "/")
	return name
}

// DefaultEcosystems are the ones that container images are made of.
func DefaultEcosystems() []string {
	return []string{
		"AlmaLinux", "Alpaquita", "Alpine", "Azure Linux", "BellSoft Hardened Containers", "Bitnami", "Chainguard", "CleanStart",
		"Debian", "Echo", "GitHub Actions", "Go", "Hex", "Mageia", "Maven", "MinimOS", "NuGet", "Packagist", "Pub", "PyPI", "Red Hat",
		"Rocky Linux", "RubyGems", "SUSE", "Ubuntu", "Wolfi", "crates.io", "npm", "openEuler", "openSUSE",
	}
}
