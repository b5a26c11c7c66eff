package advisory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// These publish records of the OSV format themselves. OSV.dev has them too,
// a little later.

var _ = add(Feed{
	Name: "ghsa", Title: "GitHub Advisory Database, reviewed advisories", Extra: true,
	Speaks: []string{"npm", "PyPI", "Maven", "NuGet", "RubyGems", "crates.io", "Packagist", "Go", "Hex", "Pub", "SwiftURL", "GitHub Actions"},
	Base:   "https://codeload.github.com/github/advisory-database/zip/refs/heads/main",
	Terms:  "CC-BY-4.0: https://github.com/github/advisory-database",
	read:   readOSVArchive(func(name string) bool { return strings.Contains(name, "github-reviewed/") }),
	fetch:  fetchFile,
})

var _ = add(Feed{
	Name: "govulndb", Title: "Go vulnerability database", Extra: true, Speaks: []string{"Go"},
	Base:  "https://vuln.go.dev/vulndb.zip",
	Terms: "CC-BY-4.0: https://go.dev/security/vuln/database",
	read:  readOSVArchive(func(name string) bool { return strings.HasPrefix(name, "ID/") || strings.Contains(name, "/ID/") }),
	fetch: fetchFile,
})

// readOSVArchive reads the OSV records of a zip, or of a folder, whose paths
// it wants.
func readOSVArchive(wanted func(name string) bool) func(context.Context, *builder, Source) error {
	return func(ctx context.Context, b *builder, s Source) error {
		info, err := os.Stat(s.At)
		if err != nil {
			return fmt.Errorf("read %s: %w", s.Feed, err)
		}
		var docs []document
		if info.IsDir() {
			all, err := walk(s.At)
			if err != nil {
				return fmt.Errorf("read %s: %w", s.Feed, err)
			}
			for _, d := range all {
				if rel, err := filepath.Rel(s.At, string(d.(loose))); err == nil && wanted(filepath.ToSlash(rel)) {
					docs = append(docs, d)
				}
			}
		} else {
			a, err := openArchive(s.At)
			if err != nil {
				return fmt.Errorf("read %s: %w", s.Feed, err)
			}
			defer a.close()
			for _, d := range a.documents() {
				if wanted(d.(zipped).Name) {
					docs = append(docs, d)
				}
			}
		}
		if len(docs) == 0 {
			return fmt.Errorf("read %s: %w", s.Feed, errNothing)
		}
		return b.decode(ctx, s.Feed, docs, only(nil))
	}
}

var _ = add(parsed(Feed{
	Name: "rocky", Title: "Rocky Linux errata (Apollo)", Vendor: true, Extra: true, Speaks: []string{"Rocky Linux"},
	Base:  "https://apollo.build.resf.org/api/v3/osv",
	Terms: "published without a licence of its own: https://errata.rockylinux.org",
	parse: parseRocky,
	fetch: fetchFiles(rockyPages),
}))

// rockyPage is how many records are asked for at once.
const rockyPage = 100

// rockyPages are the pages that the server counts.
func rockyPages(ctx context.Context, u *updater, base string) ([]remoteFile, error) {
	page := func(n int) string { return fmt.Sprintf("%s/?page=%d&limit=%d", base, n, rockyPage) }
	data, err := u.small(ctx, "rocky", page(1))
	if err != nil {
		return nil, err
	}
	var head struct {
		Total int `json:"total"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, err
	}
	pages := (head.Total + rockyPage - 1) / rockyPage
	if pages < 1 || pages > maxFiles {
		return nil, fmt.Errorf("%d records: %w", head.Total, errShape)
	}
	files := make([]remoteFile, pages)
	for i := range files {
		files[i] = remoteFile{name: fmt.Sprintf("page-%03d.json", i+1), address: page(i + 1)}
	}
	return files, nil
}

// parseRocky reads a page of OSV records.
func parseRocky(_ string, r io.Reader, g *byID) error {
	d := json.NewDecoder(r)
	seen := false
	err := objectMembers(d, func(key string) error {
		if key != "advisories" {
			var skip json.RawMessage
			return d.Decode(&skip)
		}
		seen = true
		return arrayElements(d, func() error {
			var one json.RawMessage
			if err := d.Decode(&one); err != nil {
				return err
			}
			got, err := decodeOSV(one)
			if err != nil {
				if _, ok := errors.AsType[*json.SyntaxError](err); ok {
					return err
				}
				return nil // one that is none; the page is
			}
			into := g.of(got.ID)
			*into = *got
			return nil
		})
	})
	if err == nil && !seen {
		return errShape
	}
	return err
}
