package inventory

import (
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// link turns what components say they depend on into components that are
// there.
//
// A reader that sees one file knows what its component asks for by name, not
// which component answers. It then writes a purl without a version into
// DependsOn ("pkg:pypi/requests"). link replaces each such purl, and each that
// names a version nobody has, by that of the component that the asking one
// would meet at run time; it drops those that nothing answers. It must run
// before the places of equal components are merged. resolve follows the links
// of the file tree.
func link(components []boltseal.Component, resolve func(name string) (string, error)) {
	l := linker{
		known:   make(map[string]bool, len(components)),
		byName:  make(map[string][]candidate, len(components)),
		byDir:   map[string]string{},
		resolve: resolve,
	}
	for i := range components {
		l.note(&components[i])
	}
	for i := range components {
		if len(components[i].DependsOn) > 0 {
			l.settle(&components[i])
		}
	}
}

// linker knows who answers to a name.
type linker struct {
	known    map[string]bool
	byName   map[string][]candidate
	byDir    map[string]string // folder of an installed npm package → its purl
	resolve  func(string) (string, error)
	symlinks bool // some packages lie in a store that node_modules links to
}

type candidate struct {
	purl     string
	dir      string // folder of its first place, ended by a slash
	declared bool
}

func (l *linker) note(c *boltseal.Component) {
	dir, base := place(c)
	if base == "package.json" && c.Basis == boltseal.Installed {
		l.byDir[strings.TrimSuffix(dir, "/")] = c.PURL
		// pnpm, yarn and bun keep their stores in node_modules/.pnpm and the like.
		l.symlinks = l.symlinks || strings.Contains(dir, "node_modules/.")
	}
	l.known[c.PURL] = true
	name := versionless(c.PURL)
	l.byName[name] = append(l.byName[name], candidate{c.PURL, dir, c.Basis == boltseal.Declared})
}

// place splits the path of a component's first location.
func place(c *boltseal.Component) (dir, base string) {
	if len(c.Locations) == 0 {
		return "", ""
	}
	return path.Split(c.Locations[0].File)
}

func (l *linker) settle(c *boltseal.Component) {
	dir, base := place(c)
	node := base == "package.json" && c.Basis == boltseal.Installed
	var purls []string
	for _, dependency := range c.DependsOn {
		if !l.known[dependency] {
			name := versionless(dependency)
			if required, ok := strings.CutPrefix(name, "pkg:npm/"); ok && node {
				dependency = l.require(strings.TrimSuffix(dir, "/"), strings.Replace(required, "%40", "@", 1))
			} else {
				dependency = l.nearest(name, dir, c)
			}
		}
		if dependency != "" && dependency != c.PURL {
			purls = append(purls, dependency)
		}
	}
	slices.Sort(purls)
	c.DependsOn = slices.Compact(purls)
}

// require finds what require(name) in a file of dir would load: the package
// in the nearest node_modules up the tree (Node.js documentation, "Loading
// from node_modules folders").
func (l *linker) require(dir, name string) string {
	for range maxLevels {
		folder := path.Join(dir, "node_modules", name)
		if purl, ok := l.byDir[folder]; ok {
			return purl
		}
		if l.symlinks && l.resolve != nil {
			if real, err := l.resolve(folder); err == nil && l.byDir[real] != "" {
				return l.byDir[real]
			}
		}
		if dir == "" || dir == "." {
			return ""
		}
		if dir = path.Dir(dir); path.Base(dir) == "node_modules" {
			dir = path.Dir(dir)
		}
	}
	return ""
}

// Beyond these only somebody who wants to keep the scan busy goes.
const (
	maxLevels     = 64    // folders up the tree
	maxCandidates = 1_000 // components of one name
)

// nearest finds the component of that name whose place shares the longest
// path with dir: the one in the same site-packages, gem home or library
// folder before one elsewhere. What is merely declared answers only to what
// is declared itself.
func (l *linker) nearest(name, dir string, c *boltseal.Component) string {
	best, shared, depth := "", -1, 0
	candidates := l.byName[name]
	for _, other := range candidates[:min(len(candidates), maxCandidates)] {
		if other.declared && c.Basis != boltseal.Declared {
			continue
		}
		s, d := sharedFolders(dir, other.dir), strings.Count(other.dir, "/")
		if s > shared || s == shared && (d < depth || d == depth && other.purl < best) {
			best, shared, depth = other.purl, s, d
		}
	}
	return best
}

// sharedFolders counts the leading folders that two folder paths, each ended
// by a slash, have in common.
func sharedFolders(a, b string) int {
	n := 0
	for i := 0; i < len(a) && i < len(b) && a[i] == b[i]; i++ {
		if a[i] == '/' {
			n++
		}
	}
	return n
}
