package inventory

import (
	"context"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "dart",
	Title: "Dart and Flutter (pub)",
	Readers: []Reader{
		{Name: "dart/pubspec-lock", Files: []string{"**/pubspec.lock"}, Read: readPubspecLock},
	},
})

// readPubspecLock reads pubspec.lock. It says what the project asks for, not
// who needs what.
func readPubspecLock(_ context.Context, in *Input) ([]boltseal.Component, error) {
	var lock struct {
		Packages yamlMap[struct {
			Dependency  string    `yaml:"dependency"`
			Source      string    `yaml:"source"`
			Version     loose     `yaml:"version"`
			Description yaml.Node `yaml:"description"`
		}] `yaml:"packages"`
	}
	if err := in.yaml(&lock); err != nil {
		return nil, err
	}
	var all []boltseal.Component
	for _, name := range sortedKeys(lock.Packages) {
		p := lock.Packages[name]
		if p.Version == "" || !hexName(name) || p.Source == "path" || p.Source == "sdk" {
			continue
		}
		var from struct {
			URL    string `yaml:"url"`
			Commit string `yaml:"resolved-ref"`
			SHA256 string `yaml:"sha256"`
		}
		if p.Description.Kind == yaml.MappingNode {
			if err := p.Description.Decode(&from); err != nil {
				return nil, err
			}
		}
		purl := boltseal.PURL{Type: "pub", Name: name, Version: string(p.Version)}
		if p.Source == "git" {
			purl.Qualifiers = map[string]string{"vcs_url": vcsURL("git", from.URL, from.Commit)}
		}
		c := boltseal.Component{
			PURL: purl.String(), Direct: strings.HasPrefix(p.Dependency, "direct"), Dev: p.Dependency == "direct dev",
		}
		if digest, err := boltseal.ParseDigest("sha256:" + from.SHA256); err == nil {
			c.Hashes = []boltseal.Digest{digest}
		}
		all = append(all, c)
	}
	return all, nil
}
