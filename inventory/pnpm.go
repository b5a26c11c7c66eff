package inventory

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/boltseal/boltseal"
)

// pnpmLock is one document of pnpm-lock.yaml in the lock file versions 5 to
// 9. A project without workspaces stands at the top until version 6.
type pnpmLock struct {
	Version      loose                 `yaml:"lockfileVersion"`
	Importers    yamlMap[pnpmImporter] `yaml:"importers"`
	Packages     yamlMap[pnpmPackage]  `yaml:"packages"`
	Snapshots    yamlMap[pnpmPackage]  `yaml:"snapshots"` // since version 9 the packages with their peers
	pnpmImporter `yaml:",inline"`
}

// pnpmImporter is what one project asks for.
type pnpmImporter struct {
	Dependencies         yamlMap[pnpmAnswer] `yaml:"dependencies"`
	OptionalDependencies yamlMap[pnpmAnswer] `yaml:"optionalDependencies"`
	DevDependencies      yamlMap[pnpmAnswer] `yaml:"devDependencies"`
}

// pnpmAnswer is the version that answers a request. Since version 6 it stands
// beside the request.
type pnpmAnswer string

// UnmarshalYAML takes either form.
func (a *pnpmAnswer) UnmarshalYAML(n *yaml.Node) error {
	var both struct {
		Version string `yaml:"version"`
	}
	if n.Kind == yaml.MappingNode {
		err := n.Decode(&both)
		*a = pnpmAnswer(both.Version)
		return err
	}
	*a = pnpmAnswer(n.Value)
	return nil
}

type pnpmPackage struct {
	Name       string `yaml:"name"` // of what is not from a registry
	Version    loose  `yaml:"version"`
	Resolution struct {
		Integrity string `yaml:"integrity"`
		Tarball   string `yaml:"tarball"`
		Repo      string `yaml:"repo"`
		Commit    string `yaml:"commit"`
		Directory string `yaml:"directory"`
	} `yaml:"resolution"`
	Dependencies         yamlMap[loose] `yaml:"dependencies"`
	OptionalDependencies yamlMap[loose] `yaml:"optionalDependencies"`
}

func readPnpmLock(_ context.Context, in *Input) ([]boltseal.Component, error) {
	if in.npmLockIsSpent() {
		return nil, nil
	}
	data, err := in.readText(in.File, in.Path, maxYAML)
	if err != nil {
		return nil, err
	}
	var g graph
	var project *node
	if m, ok := in.npmManifest(path.Dir(in.Path)); ok && m.named() {
		project = g.add("", m.project())
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var lock pnpmLock
		err := nextYAML(decoder, &lock)
		if errors.Is(err, io.EOF) {
			return g.components(), nil
		}
		if err != nil {
			return g.components(), err
		}
		lock.into(&g, project)
	}
}

func (l *pnpmLock) into(g *graph, project *node) {
	instances := l.Snapshots
	if instances == nil {
		instances = l.Packages
	}
	slashes := strings.HasPrefix(string(l.Version), "5")
	for _, key := range sortedKeys(instances) {
		p := instances[key]
		about := p
		if l.Snapshots != nil {
			bare, _, _ := strings.Cut(key, "(")
			about = l.Packages[bare]
		}
		c, ok := about.component(key, slashes)
		if !ok {
			continue
		}
		n := g.add(key, c)
		for _, list := range []yamlMap[loose]{p.Dependencies, p.OptionalDependencies} {
			for name, answer := range list {
				n.need(pnpmKey(instances, name, string(answer)))
			}
		}
	}
	importers := l.Importers
	if importers == nil {
		importers = yamlMap[pnpmImporter]{".": l.pnpmImporter}
	}
	for folder, importer := range importers {
		for i, list := range []yamlMap[pnpmAnswer]{
			importer.Dependencies, importer.OptionalDependencies, importer.DevDependencies,
		} {
			for name, answer := range list {
				key := pnpmKey(instances, name, string(answer))
				g.want(key, i == 2)
				if folder == "." && project != nil {
					project.need(key)
				}
			}
		}
	}
}

// pnpmKey finds the package that answers a request for name. The answer is a
// version, or the whole key where that has another name or another source.
func pnpmKey(packages map[string]pnpmPackage, name, answer string) string {
	for _, key := range []string{name + "@" + answer, "/" + name + "@" + answer, "/" + name + "/" + answer, answer} {
		if _, ok := packages[key]; ok {
			return key
		}
	}
	return ""
}

// component is the package under key: "/name/1.2.3_peers" with slashes, later
// "/name@1.2.3(peers)" and "name@1.2.3(peers)".
func (p *pnpmPackage) component(key string, slashes bool) (boltseal.Component, bool) {
	if p.Resolution.Directory != "" || strings.HasPrefix(key, "file:") && p.Resolution.Tarball == "" {
		return boltseal.Component{}, false
	}
	name, version := pnpmName(key, slashes)
	resolved := p.Resolution.Tarball
	switch {
	case p.Resolution.Repo != "":
		resolved = "git+" + strings.TrimPrefix(p.Resolution.Repo, "git+") + "#" + p.Resolution.Commit
	case strings.Contains(version, ":"):
		version = ""
	}
	if p.Name != "" {
		name = p.Name
	}
	if p.Version != "" {
		version = string(p.Version)
	}
	resolved = yarnResolved(resolved)
	if !npmName(name) || version == "" && resolved == "" {
		return boltseal.Component{}, false
	}
	return boltseal.Component{
		PURL: npmPURL(name, version, resolved), Name: name, Version: npmVersion(version),
		Hashes: integrity(p.Resolution.Integrity),
	}, true
}

// pnpmName splits a key into name and version, without the peers.
func pnpmName(key string, slashes bool) (name, version string) {
	key, _, _ = strings.Cut(key, "(")
	bare, absolute := strings.CutPrefix(key, "/")
	if !slashes {
		return yarnName(bare)
	}
	if !absolute { // a registry of its own comes first
		_, bare, _ = strings.Cut(bare, "/")
	}
	slash := strings.LastIndexByte(bare, '/')
	if slash < 0 {
		return "", ""
	}
	name, version = bare[:slash], bare[slash+1:]
	version, _, _ = strings.Cut(version, "_")
	return name, version
}
