package inventory

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "php",
	Title: "PHP (Composer)",
	Readers: []Reader{
		{
			Name: "php/installed", Files: []string{"**/composer/installed.json"},
			Beside: []string{"**/composer.json"}, Read: readComposerInstalled,
		},
		{Name: "php/composer-lock", Files: []string{"**/composer.lock"}, Beside: []string{"**/composer.json"}, Read: readComposerLock},
	},
})

// composerPackage is one package of composer.lock or installed.json, which
// are written alike.
type composerPackage struct {
	Name    string   `json:"name"`
	Version loose    `json:"version"`
	License []string `json:"license"`
	Require looseMap `json:"require"`
	Authors []struct {
		Name  string `json:"name"`
		Email string `json:"email"`
	} `json:"authors"`
	Source struct {
		Type      string `json:"type"`
		URL       string `json:"url"`
		Reference string `json:"reference"`
	} `json:"source"`
	Dist struct {
		Type string `json:"type"`
	} `json:"dist"`
}

func readComposerLock(_ context.Context, in *Input) ([]boltseal.Component, error) {
	if strings.Contains("/"+in.Path, "/vendor/") {
		return nil, nil // published with somebody else's package
	}
	var lock struct {
		Packages []composerPackage `json:"packages"`
		Dev      []composerPackage `json:"packages-dev"`
	}
	if err := in.json(&lock); err != nil {
		return nil, err
	}
	var g graph
	composerAdd(&g, lock.Packages, nil, boltseal.Declared)
	for _, p := range lock.Dev {
		composerAdd(&g, []composerPackage{p}, []string{p.Name}, boltseal.Declared)
	}
	in.composerWants(&g, path.Dir(in.Path))
	return g.components(), nil
}

// readComposerInstalled reads what Composer notes beside what it has
// installed: since version 2 an object, before an array.
func readComposerInstalled(_ context.Context, in *Input) ([]boltseal.Component, error) {
	data, err := in.text()
	if err != nil {
		return nil, err
	}
	var installed struct {
		Packages []composerPackage `json:"packages"`
		Dev      []string          `json:"dev-package-names"`
	}
	if err := json.Unmarshal(data, &installed); err != nil {
		if json.Unmarshal(data, &installed.Packages) != nil {
			return nil, err
		}
	}
	var g graph
	composerAdd(&g, installed.Packages, installed.Dev, boltseal.Installed)
	in.composerWants(&g, path.Join(path.Dir(in.Path), "../.."))
	return g.components(), nil
}

func composerAdd(g *graph, packages []composerPackage, dev []string, basis boltseal.Basis) {
	isDev := make(map[string]bool, len(dev))
	for _, name := range dev {
		isDev[name] = true
	}
	for _, p := range packages {
		vendor, name, ok := strings.Cut(p.Name, "/")
		if !ok || vendor == "" || name == "" || p.Version == "" || p.Dist.Type == "path" || strings.ContainsAny(p.Name, " \t@#?%") {
			continue
		}
		purl := boltseal.PURL{Type: "composer", Namespace: strings.ToLower(vendor), Name: strings.ToLower(name), Version: string(p.Version)}
		// A branch is no version; the commit says more.
		if strings.HasPrefix(string(p.Version), "dev-") && p.Source.Type == "git" {
			purl.Qualifiers = map[string]string{"vcs_url": vcsURL("git", p.Source.URL, p.Source.Reference)}
		}
		c := boltseal.Component{
			PURL: purl.String(), Name: p.Name, Version: string(p.Version), Licenses: licenses(p.License...), Basis: basis,
			Dev: isDev[p.Name],
		}
		if len(p.Authors) > 0 {
			if c.Supplier = p.Authors[0].Name; p.Authors[0].Email != "" && c.Supplier != "" {
				c.Supplier = fmt.Sprintf("%s <%s>", c.Supplier, p.Authors[0].Email)
			}
		}
		n := g.add(strings.ToLower(p.Name), c)
		for needed := range p.Require {
			n.need(strings.ToLower(needed))
		}
		slices.Sort(n.needs)
	}
}

// composerWants notes what the composer.json of the project asks for.
func (in *Input) composerWants(g *graph, dir string) {
	data, err := in.textBeside(path.Join(dir, "composer.json"))
	var manifest struct {
		Require looseMap `json:"require"`
		Dev     looseMap `json:"require-dev"`
	}
	if err != nil || json.Unmarshal(data, &manifest) != nil {
		return
	}
	for name := range manifest.Require {
		g.want(strings.ToLower(name), false)
	}
	for name := range manifest.Dev {
		g.want(strings.ToLower(name), true)
	}
}
