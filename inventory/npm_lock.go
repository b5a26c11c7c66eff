package inventory

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// npmLock is package-lock.json and npm-shrinkwrap.json in the lock file
// versions 1 (dependencies), 2 (both) and 3 (packages).
type npmLock struct {
	Name         loose                 `json:"name"`
	Version      loose                 `json:"version"`
	Packages     map[string]npmLocked  `json:"packages"`
	Dependencies map[string]*npmNested `json:"dependencies"`
}

// npmLocked is one folder of the tree that npm would make.
type npmLocked struct {
	Name                 string   `json:"name"` // when the folder has another one
	Version              loose    `json:"version"`
	Resolved             string   `json:"resolved"`
	Integrity            string   `json:"integrity"`
	License              loose    `json:"license"`
	Dev                  bool     `json:"dev"`
	Link                 bool     `json:"link"`
	Dependencies         looseMap `json:"dependencies"`
	OptionalDependencies looseMap `json:"optionalDependencies"`
	PeerDependencies     looseMap `json:"peerDependencies"`
	DevDependencies      looseMap `json:"devDependencies"`
}

// npmNested is one folder as version 1 writes it.
type npmNested struct {
	Version      loose                 `json:"version"`
	Resolved     loose                 `json:"resolved"` // false for bundled ones of some releases
	Integrity    loose                 `json:"integrity"`
	Dev          bool                  `json:"dev"`
	Requires     looseMap              `json:"requires"` // true at the top
	Dependencies map[string]*npmNested `json:"dependencies"`
}

// readPackageLock reads what npm would install. Where it has installed, the
// manifests in node_modules say more truly what is there.
func readPackageLock(_ context.Context, in *Input) ([]boltseal.Component, error) {
	if in.npmLockIsSpent() {
		return nil, nil
	}
	var lock npmLock
	if err := in.json(&lock); err != nil {
		return nil, err
	}
	tree := npmTree{in: in}
	if lock.Packages != nil {
		tree.folders(lock.Packages)
	} else {
		tree.project(string(lock.Name), string(lock.Version))
		tree.nested("", lock.Dependencies, 0)
		tree.link("", lock.Dependencies, 0)
		manifest, _ := in.npmManifest(path.Dir(in.Path))
		for _, name := range manifest.asks(true) {
			tree.needs("", name, true)
		}
	}
	return tree.components(), nil
}

// npmLockIsSpent says whether a lock file has been carried out beside it, or
// was published with somebody else's package.
func (in *Input) npmLockIsSpent() bool {
	dir := path.Dir(in.Path)
	return npmInside(dir) || in.hasNodeModules(dir)
}

// npmTree is the tree of folders that a lock file describes; the keys of its
// graph are folders, and that of the project is empty.
type npmTree struct {
	graph
	in       *Input
	children map[string]map[string]bool // folder → names in its node_modules
	folder   string                     // the one that line is of
	line     []string
}

func (t *npmTree) folders(packages map[string]npmLocked) {
	// Longer paths than a file system has would only cost time.
	order := slices.DeleteFunc(sortedKeys(packages), func(folder string) bool { return len(folder) > maxNpmPath })
	for _, folder := range order {
		switch p := packages[folder]; {
		case folder == "":
			t.project(p.Name, string(p.Version))
		case !p.Link && npmInside(folder):
			t.locked(folder, p)
		}
	}
	for _, folder := range order {
		p := packages[folder]
		lists := []looseMap{p.Dependencies, p.OptionalDependencies, p.PeerDependencies}
		// What is not in node_modules is the project or a workspace of it.
		own := !npmInside(folder)
		if own {
			lists = append(lists, p.DevDependencies)
		}
		for _, list := range lists {
			for name := range list {
				t.needs(folder, name, own)
			}
		}
	}
}

// project adds the project itself when it has a name and a version.
func (t *npmTree) project(name, version string) {
	if npmName(name) && version != "" {
		manifest, _ := t.in.npmManifest(path.Dir(t.in.Path))
		m := *manifest
		m.Name, m.Version = loose(name), loose(version)
		t.add("", m.project())
	}
}

func (t *npmTree) locked(folder string, p npmLocked) {
	name := p.Name
	if name == "" {
		name = folder[strings.LastIndex("/"+folder, "/node_modules/")+len("node_modules/"):]
	}
	if !npmName(name) || p.Version == "" && p.Resolved == "" {
		return
	}
	t.place(folder)
	t.add(folder, boltseal.Component{
		PURL: npmPURL(name, string(p.Version), p.Resolved), Name: name, Version: npmVersion(string(p.Version)),
		Licenses: licenses(string(p.License)), Hashes: integrity(p.Integrity), Dev: p.Dev,
	})
}

// needs notes that the package in folder needs name; own says that the
// project itself asks for it.
func (t *npmTree) needs(folder, name string, own bool) {
	to := t.require(folder, name)
	if to == "" {
		return
	}
	if own {
		t.byKey[to].Direct = true
	}
	if n := t.byKey[folder]; n != nil {
		n.need(to)
	}
}

// place notes that a package lies in folder.
func (t *npmTree) place(folder string) {
	parent, name := npmParent(folder)
	if t.children == nil {
		t.children = map[string]map[string]bool{}
	}
	if t.children[parent] == nil {
		t.children[parent] = map[string]bool{}
	}
	t.children[parent][name] = true
}

// npmParent splits "a/node_modules/@b/c" into "a" and "@b/c".
func npmParent(folder string) (parent, name string) {
	at := strings.LastIndex("/"+folder, "/node_modules/")
	if at < 0 {
		return "", folder
	}
	return strings.TrimSuffix(folder[:at], "/"), folder[at+len("node_modules/"):]
}

// require finds the folder that a package gets name from: the nearest
// node_modules up the tree.
func (t *npmTree) require(folder, name string) string {
	if t.line == nil || t.folder != folder {
		t.folder, t.line = folder, t.up(folder)
	}
	for _, parent := range t.line {
		if t.children[parent][name] {
			return path.Join(parent, "node_modules", name)
		}
	}
	return ""
}

// up lists folder and those above it that have a node_modules.
func (t *npmTree) up(folder string) []string {
	line := []string{}
	for range maxNpmDepth {
		if t.children[folder] != nil {
			line = append(line, folder)
		}
		if folder == "" {
			break
		}
		if folder = path.Dir(folder); path.Base(folder) == "node_modules" {
			folder = path.Dir(folder)
		}
		if folder == "." {
			folder = ""
		}
	}
	return line
}

const (
	maxNpmDepth = 64      // of folders in folders in version 1
	maxNpmPath  = 1 << 10 // bytes of a folder's path
)

func (t *npmTree) nested(folder string, packages map[string]*npmNested, depth int) {
	if depth > maxNpmDepth {
		return
	}
	for _, name := range sortedKeys(packages) {
		p := packages[name]
		if p == nil || !npmName(name) {
			continue
		}
		inner := path.Join(folder, "node_modules", name)
		locked := npmLocked{
			Name: name, Version: p.Version, Resolved: string(p.Resolved), Integrity: string(p.Integrity), Dev: p.Dev,
		}
		if npmUnversioned(&locked, name) {
			t.locked(inner, locked)
		}
		t.nested(inner, p.Dependencies, depth+1)
	}
}

// npmUnversioned puts right what version 1 keeps in the version's place: an
// alias, or where the package came from. It returns false for folders that
// are the project's own.
func npmUnversioned(p *npmLocked, name string) bool {
	version := string(p.Version)
	switch {
	case strings.HasPrefix(version, "npm:"):
		p.Name, version = npmAlias(version[len("npm:"):])
		p.Version = loose(version)
	case strings.HasPrefix(version, "file:"), strings.HasPrefix(version, "link:"):
		return false
	case strings.Contains(version, "://"), npmRepository(version) != "":
		// A repository or an archive somewhere: where it came from is known,
		// which version it is perhaps from an archive's name.
		p.Name, p.Resolved, p.Version = name, version, npmArchiveVersion(version, name)
	}
	return true
}

// npmArchiveVersion reads the version from an archive's name as registries
// build it: "name-1.2.3.tgz".
func npmArchiveVersion(url, name string) loose {
	base := path.Base(url)
	version, ok := strings.CutPrefix(strings.TrimSuffix(base, ".tgz"), path.Base(name)+"-")
	if !ok || base == version || version == "" || version[0] < '0' || version[0] > '9' {
		return ""
	}
	return loose(version)
}

// npmAlias splits "name@version".
func npmAlias(s string) (name, version string) {
	if at := strings.LastIndexByte(s, '@'); at > 0 {
		return s[:at], s[at+1:]
	}
	return s, ""
}

// link notes who needs whom in version 1, whose folders all stand in t.
func (t *npmTree) link(folder string, packages map[string]*npmNested, depth int) {
	if depth > maxNpmDepth {
		return
	}
	for name, p := range packages {
		if p == nil || !npmName(name) {
			continue
		}
		inner := path.Join(folder, "node_modules", name)
		for required := range p.Requires {
			t.needs(inner, required, false)
		}
		t.link(inner, p.Dependencies, depth+1)
	}
}
