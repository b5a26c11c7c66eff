package inventory

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// pyproject is the part of pyproject.toml that says what a project asks for,
// in the standard tables, Poetry's and PDM's.
type pyproject struct {
	Project struct {
		Name         string              `toml:"name"`
		Version      string              `toml:"version"`
		Dependencies []string            `toml:"dependencies"`
		Optional     map[string][]string `toml:"optional-dependencies"`
	} `toml:"project"`
	Groups map[string][]any `toml:"dependency-groups"`
	Tool   struct {
		Poetry struct {
			Dependencies map[string]any `toml:"dependencies"`
			Dev          map[string]any `toml:"dev-dependencies"`
			Groups       map[string]struct {
				Dependencies map[string]any `toml:"dependencies"`
			} `toml:"group"`
		} `toml:"poetry"`
		PDM struct {
			Dev map[string][]string `toml:"dev-dependencies"`
		} `toml:"pdm"`
	} `toml:"tool"`
}

// pythonWants puts into g what the pyproject.toml beside a lock file asks
// for. A lock file can be read without it.
func (in *Input) pythonWants(g *graph) {
	data, err := in.textBeside(in.beside("pyproject.toml"))
	if err != nil {
		return
	}
	var p pyproject
	if err := unmarshalTOML(data, &p); err != nil {
		return
	}
	want := func(requirement string, dev bool) {
		if name, _ := pythonRequirement(requirement); name != "" {
			g.want(pythonNormal(name), dev)
		}
	}
	for _, requirement := range p.Project.Dependencies {
		want(requirement, false)
	}
	for _, list := range p.Project.Optional {
		for _, requirement := range list {
			want(requirement, false)
		}
	}
	for name := range p.Tool.Poetry.Dependencies {
		want(name, false)
	}
	for name := range p.Tool.Poetry.Dev {
		want(name, true)
	}
	for group, table := range p.Tool.Poetry.Groups {
		for name := range table.Dependencies {
			want(name, group != "main")
		}
	}
	for _, list := range p.Groups {
		for _, requirement := range list {
			if text, ok := requirement.(string); ok {
				want(text, true)
			}
		}
	}
	for _, list := range p.Tool.PDM.Dev {
		for _, requirement := range list {
			want(requirement, true)
		}
	}
}

// readPoetryLock reads poetry.lock in the lock file versions 1 and 2.
func readPoetryLock(_ context.Context, in *Input) ([]boltseal.Component, error) {
	var lock struct {
		Packages []struct {
			Name         string         `toml:"name"`
			Version      string         `toml:"version"`
			Category     string         `toml:"category"` // until Poetry 1.4
			Groups       []string       `toml:"groups"`   // since Poetry 2.0
			Dependencies map[string]any `toml:"dependencies"`
			Source       struct {
				Type     string `toml:"type"`
				URL      string `toml:"url"`
				Resolved string `toml:"resolved_reference"`
			} `toml:"source"`
		} `toml:"package"`
	}
	if err := in.toml(&lock); err != nil {
		return nil, err
	}
	var g graph
	for _, p := range lock.Packages {
		if p.Source.Type == "directory" {
			continue
		}
		vcs := ""
		if p.Source.Type == "git" {
			vcs = vcsURL("git", p.Source.URL, p.Source.Resolved)
		}
		n := pythonLocked(&g, p.Name, p.Version, vcs)
		if n == nil {
			continue
		}
		n.Dev = p.Category == "dev" || len(p.Groups) > 0 && !slices.Contains(p.Groups, "main")
		for name, constraint := range p.Dependencies {
			if !poetryOptional(constraint) {
				n.need(pythonNormal(name))
			}
		}
	}
	in.pythonWants(&g)
	return g.components(), nil
}

// poetryOptional says whether a dependency's table marks it as optional.
func poetryOptional(constraint any) bool {
	table, ok := constraint.(map[string]any)
	optional, _ := table["optional"].(bool)
	return ok && optional
}

// pythonLocked adds a distribution under its normal name. Where several
// versions are locked for several platforms, each is a component.
func pythonLocked(g *graph, name, version, vcs string) *node {
	if !pythonName(name) || version == "" && vcs == "" {
		return nil
	}
	return g.add(pythonNormal(name), boltseal.Component{PURL: pypiPURL(name, version, vcs), Name: name, Version: version})
}

// readUvLock reads uv.lock, which names the project and its workspace among
// the packages.
func readUvLock(_ context.Context, in *Input) ([]boltseal.Component, error) {
	type needed struct {
		Name    string `toml:"name"`
		Version string `toml:"version"`
	}
	var lock struct {
		Packages []struct {
			Name         string              `toml:"name"`
			Version      string              `toml:"version"`
			Source       map[string]any      `toml:"source"`
			Dependencies []needed            `toml:"dependencies"`
			Optional     map[string][]needed `toml:"optional-dependencies"`
			Dev          map[string][]needed `toml:"dev-dependencies"`
		} `toml:"package"`
	}
	if err := in.toml(&lock); err != nil {
		return nil, err
	}
	// A request names the version only where several are locked.
	key := func(n needed) string { return strings.TrimSuffix(pythonNormal(n.Name)+" "+n.Version, " ") }
	var g graph
	for _, p := range lock.Packages {
		var n *node
		if uvOwn(p.Source) {
			n = &node{}
			if p.Source["editable"] == "." || p.Source["virtual"] == "." {
				n = uvProject(&g, p.Name, p.Version)
			}
		} else {
			git, _ := p.Source["git"].(string)
			where, commit, _ := strings.Cut(git, "#")
			where, _, _ = strings.Cut(where, "?")
			if n = pythonLocked(&g, p.Name, p.Version, vcsURL("git", where, commit)); n == nil {
				continue
			}
			if versioned := key(needed{p.Name, p.Version}); g.byKey[versioned] == nil {
				g.byKey[versioned] = n
			}
		}
		own := uvOwn(p.Source)
		lists := append([][]needed{p.Dependencies}, valuesOf(p.Optional)...)
		for _, list := range lists {
			for _, d := range list {
				n.need(key(d))
				if own {
					g.want(key(d), false)
				}
			}
		}
		for _, list := range p.Dev {
			for _, d := range list {
				n.need(key(d))
				if own {
					g.want(key(d), true)
				}
			}
		}
	}
	return g.components(), nil
}

// uvOwn says whether a package is the project's own.
func uvOwn(source map[string]any) bool {
	return source["virtual"] != nil || source["editable"] != nil || source["directory"] != nil
}

func uvProject(g *graph, name, version string) *node {
	if !pythonName(name) || version == "" {
		return &node{}
	}
	return g.add("", boltseal.Component{
		PURL: boltseal.PURL{Type: "generic", Name: name, Version: version}.String(), Name: name, Version: version,
	})
}

func valuesOf[V any](m map[string]V) []V {
	all := make([]V, 0, len(m))
	for _, key := range sortedKeys(m) {
		all = append(all, m[key])
	}
	return all
}

// readPdmLock reads pdm.lock. A package may stand there once for each of its
// extras.
func readPdmLock(_ context.Context, in *Input) ([]boltseal.Component, error) {
	var lock struct {
		Packages []struct {
			Name         string   `toml:"name"`
			Version      string   `toml:"version"`
			Groups       []string `toml:"groups"`
			Dependencies []string `toml:"dependencies"`
			Git          string   `toml:"git"`
			Revision     string   `toml:"revision"`
			Path         string   `toml:"path"`
		} `toml:"package"`
	}
	if err := in.toml(&lock); err != nil {
		return nil, err
	}
	var g graph
	for _, p := range lock.Packages {
		if p.Path != "" {
			continue
		}
		n := pythonLocked(&g, p.Name, p.Version, vcsURL("git", p.Git, p.Revision))
		if n == nil {
			continue
		}
		n.Dev = len(p.Groups) > 0 && !slices.Contains(p.Groups, "default")
		for _, requirement := range p.Dependencies {
			if name, _ := pythonRequirement(requirement); name != "" {
				n.need(pythonNormal(name))
			}
		}
	}
	in.pythonWants(&g)
	return g.components(), nil
}

// readPylock reads pylock.toml (Python packaging specifications,
// "pylock.toml").
func readPylock(_ context.Context, in *Input) ([]boltseal.Component, error) {
	var lock struct {
		Packages []struct {
			Name         string           `toml:"name"`
			Version      string           `toml:"version"`
			Marker       string           `toml:"marker"`
			Dependencies []map[string]any `toml:"dependencies"`
			Directory    map[string]any   `toml:"directory"`
			VCS          struct {
				Type   string `toml:"type"`
				URL    string `toml:"url"`
				Commit string `toml:"commit-id"`
			} `toml:"vcs"`
		} `toml:"packages"`
	}
	if err := in.toml(&lock); err != nil {
		return nil, err
	}
	var g graph
	for _, p := range lock.Packages {
		if p.Directory != nil {
			continue
		}
		n := pythonLocked(&g, p.Name, p.Version, vcsURL(p.VCS.Type, p.VCS.URL, p.VCS.Commit))
		if n == nil {
			continue
		}
		n.Dev = p.Marker == `'dev' in dependency_groups` || p.Marker == `"dev" in dependency_groups`
		for _, d := range p.Dependencies {
			if name, ok := d["name"].(string); ok {
				n.need(pythonNormal(name))
			}
		}
	}
	return g.components(), nil
}

// readPipfileLock reads Pipfile.lock, which says what is locked for use and
// for development but not who needs what.
func readPipfileLock(_ context.Context, in *Input) ([]boltseal.Component, error) {
	type locked struct {
		Version  string `json:"version"`
		Git      string `json:"git"`
		Ref      string `json:"ref"`
		Path     string `json:"path"`
		Editable bool   `json:"editable"`
	}
	var lock struct {
		Default map[string]locked `json:"default"`
		Develop map[string]locked `json:"develop"`
	}
	if err := in.json(&lock); err != nil {
		return nil, err
	}
	var g graph
	add := func(packages map[string]locked, dev bool) {
		for _, name := range sortedKeys(packages) {
			p := packages[name]
			_, both := lock.Default[name]
			if p.Path != "" || dev && both && lock.Default[name].Version == p.Version {
				continue
			}
			if n := pythonLocked(&g, name, strings.TrimLeft(p.Version, "= "), vcsURL("git", p.Git, p.Ref)); n != nil {
				n.Dev = dev
			}
		}
	}
	add(lock.Default, false)
	add(lock.Develop, true)
	var pipfile struct {
		Packages map[string]any `toml:"packages"`
		Dev      map[string]any `toml:"dev-packages"`
	}
	if data, err := in.textBeside(path.Join(path.Dir(in.Path), "Pipfile")); err == nil && unmarshalTOML(data, &pipfile) == nil {
		for _, list := range []map[string]any{pipfile.Packages, pipfile.Dev} {
			for name := range list {
				if n := g.byKey[pythonNormal(name)]; n != nil {
					n.Direct = true
				}
			}
		}
	}
	return g.components(), nil
}
