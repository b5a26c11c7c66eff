package advisory

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// A secdb lists for each package the versions that mended something. Alpine
// publishes one for each branch and repository, the distributions that were
// made after it one for all.
type secdb struct {
	Release  string `json:"distroversion"`
	Packages []struct {
		Pkg struct {
			Name  string              `json:"name"`
			Fixes map[string][]string `json:"secfixes"`
		} `json:"pkg"`
	} `json:"packages"`
}

var _ = add(parsed(Feed{
	Name: "alpine", Title: "Alpine secdb", Vendor: true, Speaks: []string{"Alpine"},
	Base:  "https://secdb.alpinelinux.org",
	Terms: "published without a licence of its own: https://security.alpinelinux.org",
	parse: func(_ string, r io.Reader, g *byID) error { return parseSecdb(r, g, "Alpine", "ALPINE-") },
	fetch: fetchFiles(alpineFiles),
}))

var _ = add(parsed(Feed{
	Name: "wolfi", Title: "Wolfi secdb", Vendor: true, Extra: true, Speaks: []string{"Wolfi"},
	Base:  "https://packages.wolfi.dev/os/security.json",
	Terms: "CC-BY-NC-ND-4.0 and the publisher's own terms for scanners: fetched at run time, part of no database that is given away",
	parse: func(_ string, r io.Reader, g *byID) error { return parseSecdb(r, g, "Wolfi", "WOLFI-") },
}))

var _ = add(parsed(Feed{
	Name: "chainguard", Title: "Chainguard secdb", Vendor: true, Extra: true, Speaks: []string{"Chainguard"},
	Base:  "https://packages.cgr.dev/chainguard/security.json",
	Terms: "the publisher's own terms for scanners: fetched at run time, part of no database that is given away",
	parse: func(_ string, r io.Reader, g *byID) error { return parseSecdb(r, g, "Chainguard", "CHAINGUARD-") },
}))

// The branches of Alpine that there are at least, and the last that is looked
// for. A branch that the server does not have ends the search.
const (
	alpineFirst = 10
	alpineKnown = 22
	alpineLast  = 60
)

func alpineFiles(ctx context.Context, u *updater, base string) ([]remoteFile, error) {
	var files []remoteFile
	for minor := alpineFirst; minor <= alpineLast; minor++ {
		branch := fmt.Sprintf("v3.%d", minor)
		for _, repository := range []string{"main", "community"} {
			files = append(files, remoteFile{
				name: branch + "/" + repository + ".json", address: join(base, branch, repository+".json"), optional: true,
			})
		}
		if minor < alpineKnown {
			continue
		}
		if _, err := u.small(ctx, "alpine", join(base, fmt.Sprintf("v3.%d", minor+1), "main.json")); err != nil {
			if missing(err) {
				return files, nil
			}
			return nil, err
		}
	}
	return files, nil
}

// parseSecdb reads one secdb. What is mended in version 0 never was broken
// here.
func parseSecdb(r io.Reader, g *byID, ecosystem, prefix string) error {
	var db secdb
	if err := json.NewDecoder(r).Decode(&db); err != nil {
		return err
	}
	if db.Packages == nil {
		return errShape
	}
	if lacksRelease(ecosystem) {
		if db.Release == "" {
			return errShape
		}
		ecosystem = Ecosystem(ecosystem + ":" + strings.TrimSuffix(db.Release, "-stable"))
	}
	for _, p := range db.Packages {
		versions := make([]string, 0, len(p.Pkg.Fixes))
		for v := range p.Pkg.Fixes {
			versions = append(versions, v)
		}
		slices.Sort(versions)
		for _, v := range versions {
			for _, entry := range p.Pkg.Fixes[v] {
				fixedInSecdb(g, prefix, entry, boltseal.Affected{Ecosystem: ecosystem, Name: p.Pkg.Name}, v)
			}
		}
	}
	return nil
}

// fixedInSecdb takes one entry of a list of fixes: an id, perhaps several,
// perhaps with a remark behind it: "CVE-2017-2616 (+ regression fix)".
func fixedInSecdb(g *byID, prefix, entry string, a boltseal.Affected, fixed string) {
	if a.Name == "" {
		return
	}
	if a.Ranges = before(fixed); fixed == "0" {
		a.Ranges, a.Status = nil, boltseal.StatusNotAffected
	}
	for word := range strings.FieldsSeq(entry) {
		id := canonicalID(strings.Trim(word, ",;"))
		if !isCVE(id) && !strings.HasPrefix(id, "GHSA-") || len(id) > 40 {
			continue
		}
		r := g.of(prefix + id)
		r.Upstream = []string{id}
		r.affect(a)
	}
}
