package cli

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal/advisory"
)

// feedFiles are the sources of --feed NAME=PATH.
func feedFiles(flags []string) ([]advisory.Source, error) {
	var all []advisory.Source
	for _, flag := range flags {
		name, path, ok := strings.Cut(flag, "=")
		if !ok || path == "" {
			return nil, usagef("--feed %s: want NAME=PATH", flag)
		}
		if err := knownFeed(name); err != nil {
			return nil, err
		}
		all = append(all, advisory.Source{Feed: name, At: path})
	}
	return all, nil
}

func knownFeed(name string) error {
	var names []string
	for _, f := range advisory.Feeds() {
		names = append(names, f.Name)
	}
	if !slices.Contains(names, name) {
		return usagef("--feed %s: no such feed; there are %s", name, strings.Join(names, ", "))
	}
	return nil
}

// updateSources are the publishers' own addresses, with what the flags put in
// their place.
func updateSources(baseURLs, kev, epss, ecosystems, feeds []string) ([]advisory.Source, error) {
	given := map[string][]string{"osv": baseURLs, "kev": kev, "epss": epss}
	var named []string
	for _, flag := range feeds {
		name, place, ok := strings.Cut(flag, "=")
		if name != "all" || ok {
			if err := knownFeed(name); err != nil {
				return nil, err
			}
		}
		named = append(named, name)
		if place != "" {
			given[name] = append(given[name], place)
		}
	}
	var all []advisory.Source
	for _, s := range advisory.DefaultSources(named...) {
		asked := slices.Contains(named, s.Feed) || slices.Contains(named, "all")
		if places := given[s.Feed]; len(places) > 0 {
			if places[0] == "none" {
				continue
			}
			s.At, s.Mirrors = places[0], places[1:]
		} else if len(baseURLs) > 0 && s.Feed != "osv" && !asked {
			// Whoever names a mirror of one feed does not want the
			// internet asked for the others.
			continue
		}
		if s.Feed == "osv" {
			s.Ecosystems = ecosystems
		}
		if spoken := speaksOfAny(s.Feed, ecosystems); spoken || asked {
			all = append(all, s)
		}
	}
	return all, nil
}

// speaksOfAny tells whether a feed has anything to say of the ecosystems that
// are asked for.
func speaksOfAny(feed string, ecosystems []string) bool {
	for _, f := range advisory.Feeds() {
		if f.Name == feed && len(f.Speaks) > 0 && len(ecosystems) > 0 && !slices.Contains(ecosystems, "*") {
			return slices.ContainsFunc(ecosystems, func(name string) bool {
				base, _, _ := strings.Cut(strings.TrimSpace(name), ":")
				return slices.Contains(f.Speaks, base)
			})
		}
	}
	return true
}
