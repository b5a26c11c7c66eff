package docker

import (
	"iter"
	"slices"
	"strings"

	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// Call is a command that calls a distribution's package manager.
type Call struct {
	*dockerfile.Command
	Tool  string // "apt", "apk", "dnf", "yum", "microdnf", "zypper" or "pacman"
	Verb  string // "install", "remove", "upgrade", "refresh", "clean", or what was written
	Sub   dockerfile.Word
	Names []dockerfile.Word // packages: what is neither verb nor flag
	Whole bool              // no name is a variable
}

// manager is how a package manager is spoken to.
type manager struct {
	tool   string
	verbs  map[string]string
	valued string // flags that take the next word, between spaces
}

var rpmVerbs = map[string]string{
	"install": "install", "localinstall": "install", "groupinstall": "install", "reinstall": "install",
	"remove": "remove", "erase": "remove", "autoremove": "remove",
	"update": "upgrade", "upgrade": "upgrade", "distro-sync": "upgrade", "update-minimal": "upgrade",
	"makecache": "refresh", "check-update": "refresh", "clean": "clean",
}

const rpmValued = " -c --config --releasever --enablerepo --disablerepo -x --exclude --setopt --installroot --repo --repoid -d -e --forcearch "

// managers are the programs, by name.
var managers = map[string]manager{
	"apt-get": {"apt", aptVerbs, aptValued},
	"apt":     {"apt", aptVerbs, aptValued},
	"apk": {"apk", map[string]string{
		"add": "install", "del": "remove", "upgrade": "upgrade", "update": "refresh",
	}, " -t --virtual -X --repository -p --root --repositories-file --keys-dir --cache-dir --arch "},
	"dnf":      {"dnf", rpmVerbs, rpmValued},
	"dnf5":     {"dnf", rpmVerbs, rpmValued},
	"yum":      {"yum", rpmVerbs, rpmValued},
	"microdnf": {"microdnf", rpmVerbs, rpmValued},
	"tdnf":     {"dnf", rpmVerbs, rpmValued},
	"zypper": {"zypper", map[string]string{
		"install": "install", "in": "install", "remove": "remove", "rm": "remove",
		"update": "upgrade", "up": "upgrade", "patch": "upgrade", "dist-upgrade": "upgrade", "dup": "upgrade",
		"refresh": "refresh", "ref": "refresh", "clean": "clean", "cc": "clean",
	}, " -R --root -r --repo --from -t --type -p --plus-repo "},
}

var aptVerbs = map[string]string{
	"install": "install", "reinstall": "install", "build-dep": "build-dep",
	"remove": "remove", "purge": "remove", "autoremove": "autoremove",
	"upgrade": "upgrade", "dist-upgrade": "upgrade", "full-upgrade": "upgrade",
	"update": "refresh", "clean": "clean", "autoclean": "clean", "dist-clean": "clean",
}

const aptValued = " -o --option -t --target-release --default-release -c --config-file "

// call reads a command as one of a package manager.
func call(c *dockerfile.Command) (Call, bool) {
	m, ok := managers[c.Name]
	if !ok {
		return Call{}, false
	}
	out := Call{Command: c, Tool: m.tool, Whole: true}
	for i := 1; i < len(c.Args); i++ {
		w := c.Args[i]
		switch {
		case strings.HasPrefix(w.Text, "-"):
			if strings.Contains(m.valued, " "+w.Text+" ") {
				i++
			}
		case out.Sub.Text == "":
			out.Sub, out.Verb = w, w.Text
			if verb, ok := m.verbs[w.Text]; ok {
				out.Verb = verb
			}
		case strings.HasPrefix(w.Text, ">") || strings.HasPrefix(w.Text, "<"):
			out.Whole = false
		default:
			out.Names = append(out.Names, w)
			out.Whole = out.Whole && c.Const[i]
		}
	}
	return out, out.Sub.Text != ""
}

// virtual is the name that "apk add --virtual" gives its packages.
func (c Call) virtual() string {
	for i, w := range c.Args {
		if (w.Text == "-t" || w.Text == "--virtual") && i+1 < len(c.Args) {
			return c.Args[i+1].Text
		}
		if name, ok := strings.CutPrefix(w.Text, "--virtual="); ok {
			return name
		}
	}
	return ""
}

// names tells whether the call speaks of a package, whatever its version.
func (c Call) names(name string) bool {
	return slices.ContainsFunc(c.Names, func(w dockerfile.Word) bool { return bareName(w.Text) == name })
}

// bareName is a package's name without the version asked for.
func bareName(s string) string {
	if i := strings.IndexAny(s, "=<>~@"); i > 0 {
		s = s[:i]
	}
	return s
}

// Calls gives the calls of package managers in all RUN, those of the given
// tools only if there are any.
func (m *Model) Calls(tools ...string) iter.Seq2[*Step, Call] {
	return func(yield func(*Step, Call) bool) {
		for step := range m.All("RUN") {
			for _, c := range step.Packages {
				if (len(tools) == 0 || slices.Contains(tools, c.Tool)) && !yield(step, c) {
					return
				}
			}
		}
	}
}

// installed tells whether steps before one install a package, and whether
// that can be told at all: names may be variables.
func installed(before *Step, name string) (yes, sure bool) {
	if _, ok := before.State.past.packages.Get(name); ok {
		return true, true
	}
	return false, !before.State.past.unnamed
}
