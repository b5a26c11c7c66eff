package inventory

import (
	"context"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "haskell",
	Title: "Haskell (Cabal, Stack)",
	Readers: []Reader{
		{Name: "haskell/cabal-freeze", Files: []string{"**/cabal.project.freeze"}, Read: readCabalFreeze},
		{Name: "haskell/stack-lock", Files: []string{"**/stack.yaml.lock"}, Read: readStackLock},
		{Name: "haskell/package-db", Files: []string{"**/package.conf.d/*.conf"}, Read: readGHCPackage},
	},
})

func hackagePURL(name, version string) string {
	return boltseal.PURL{Type: "hackage", Name: name, Version: version}.String()
}

// readCabalFreeze reads the constraints of "cabal freeze": "any.name
// ==version", set apart by commas.
func readCabalFreeze(_ context.Context, in *Input) ([]boltseal.Component, error) {
	data, err := in.text()
	if err != nil {
		return nil, err
	}
	var all []boltseal.Component
	for part := range strings.FieldsFuncSeq(string(data), func(r rune) bool { return r == ',' || r == '\n' }) {
		name, version, ok := strings.Cut(strings.TrimSpace(part), "==")
		if !ok {
			continue
		}
		name = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(name), "constraints:"))
		name = strings.TrimPrefix(name, "any.")
		version = strings.TrimSpace(version)
		if hexName(name) && version != "" && !strings.ContainsAny(version, " *|&<>") {
			all = append(all, boltseal.Component{PURL: hackagePURL(name, version)})
		}
	}
	return all, nil
}

// readStackLock reads what Stack uses beside a snapshot. The snapshot's own
// packages stand elsewhere.
func readStackLock(_ context.Context, in *Input) ([]boltseal.Component, error) {
	var lock struct {
		Packages []struct {
			Completed struct {
				Hackage string `yaml:"hackage"`
				Name    string `yaml:"name"`
				Version loose  `yaml:"version"`
				Git     string `yaml:"git"`
				Commit  string `yaml:"commit"`
			} `yaml:"completed"`
		} `yaml:"packages"`
	}
	if err := in.yaml(&lock); err != nil {
		return nil, err
	}
	var all []boltseal.Component
	for _, p := range lock.Packages {
		c := p.Completed
		id, _, _ := strings.Cut(c.Hackage, "@")
		if dash := strings.LastIndexByte(id, '-'); dash > 0 {
			all = append(all, boltseal.Component{PURL: hackagePURL(id[:dash], id[dash+1:]), Direct: true})
			continue
		}
		if hexName(c.Name) && c.Version != "" {
			purl := boltseal.PURL{Type: "hackage", Name: c.Name, Version: string(c.Version)}
			purl.Qualifiers = map[string]string{"vcs_url": vcsURL("git", c.Git, c.Commit)}
			all = append(all, boltseal.Component{PURL: purl.String(), Direct: true})
		}
	}
	return all, nil
}

// readGHCPackage reads an installed library's record in a database of GHC's
// (GHC user's guide, "InstalledPackageInfo").
func readGHCPackage(_ context.Context, in *Input) ([]boltseal.Component, error) {
	h, err := readPythonHeaders(in.File) // the same syntax
	if err != nil {
		return nil, err
	}
	name, version := h.get("name"), h.get("version")
	if !hexName(name) || version == "" {
		return nil, nil // another program's configuration
	}
	c := boltseal.Component{
		PURL: hackagePURL(name, version), Name: name, Version: version, Basis: boltseal.Installed,
		Licenses: licenses(h.get("license")), Supplier: h.get("maintainer"),
	}
	for id := range strings.FieldsSeq(h.get("depends")) {
		// "name-1.2.3-hash", or "name-1.2.3" for GHC's own
		for at := 1; at+1 < len(id); at++ {
			if id[at] == '-' && id[at+1] >= '0' && id[at+1] <= '9' {
				c.DependsOn = append(c.DependsOn, hackagePURL(id[:at], ""))
				break
			}
		}
	}
	return []boltseal.Component{c}, nil
}
