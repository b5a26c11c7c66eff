package image

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/boltseal/boltseal/source/repo"
	"github.com/boltseal/boltseal/version"
)

// debPlan decides which packages change together: what was asked for, and what
// the new versions need.
type debPlan struct {
	installed map[string]*installedDeb
	find      func(name string) []repo.Deb
	order     *version.Scheme
	chosen    map[string]*repo.Deb // package → its new version
	refused   map[string]string    // package → why it stays
}

// installedDeb is a paragraph of dpkg's status.
type installedDeb struct {
	fields map[string]string
	text   string
}

// relation is one alternative of a dependency (Debian policy, 7.1).
type relation struct{ name, op, version string }

// relations reads a dependency field: alternatives, all of which have to be
// satisfied.
func relations(field string) [][]relation {
	var out [][]relation
	for part := range strings.SplitSeq(strings.ReplaceAll(field, "\n", " "), ",") {
		var list []relation
		for alternative := range strings.SplitSeq(part, "|") {
			alternative, _, _ = strings.Cut(alternative, "[")
			name, constraint, _ := strings.Cut(strings.TrimSpace(alternative), "(")
			name, _, _ = strings.Cut(strings.TrimSpace(name), ":")
			if name == "" {
				continue
			}
			r := relation{name: name}
			if words := strings.Fields(strings.TrimSuffix(strings.TrimSpace(constraint), ")")); len(words) == 2 {
				r.op, r.version = words[0], words[1]
			} else if c := strings.TrimSuffix(strings.TrimSpace(constraint), ")"); c != "" {
				r.op = strings.TrimRight(c[:min(2, len(c))], "0123456789.")
				r.version = strings.TrimSpace(c[len(r.op):])
			}
			list = append(list, r)
		}
		if len(list) > 0 {
			out = append(out, list)
		}
	}
	return out
}

// holds tells whether a version satisfies a relation.
func (p *debPlan) holds(r relation, v string) bool {
	if r.op == "" {
		return true
	}
	c := p.order.Compare(v, r.version)
	switch r.op {
	case "<<":
		return c < 0
	case "<=", "<":
		return c <= 0
	case "=":
		return c == 0
	case ">=", ">":
		return c >= 0
	case ">>":
		return c > 0
	}
	return false
}

// fields are those of a package as it will be; nil when it will not be there.
func (p *debPlan) fields(name string) map[string]string {
	if d := p.chosen[name]; d != nil {
		return d.Fields
	}
	if i := p.installed[name]; i != nil {
		return i.fields
	}
	return nil
}

// satisfied tells whether one of the alternatives will be there.
func (p *debPlan) satisfied(list []relation) bool {
	for _, r := range list {
		if f := p.fields(r.name); f != nil && p.holds(r, f["Version"]) {
			return true
		}
		for name := range p.names() {
			for _, provided := range relations(p.fields(name)["Provides"]) {
				if provided[0].name == r.name && (r.op == "" || provided[0].version != "" && p.holds(r, provided[0].version)) {
					return true
				}
			}
		}
	}
	return false
}

func (p *debPlan) names() map[string]bool {
	out := map[string]bool{}
	for name := range p.installed {
		out[name] = true
	}
	for name := range p.chosen {
		out[name] = true
	}
	return out
}

// best is the newest version of a package that the repositories have, newer
// than what is installed.
func (p *debPlan) best(name string) *repo.Deb {
	var best *repo.Deb
	for _, d := range p.find(name) {
		if i := p.installed[name]; i != nil && (p.order.Compare(d.Version, i.fields["Version"]) <= 0 || d.Architecture != i.fields["Architecture"] && d.Architecture != "all") {
			continue
		}
		if best == nil || p.order.Compare(d.Version, best.Version) > 0 {
			best = &d
		}
	}
	return best
}

// nothingNewer is why most packages stay when all are asked for.
const nothingNewer = "the repositories have nothing newer"

// choose plans the upgrade of packages, by name with the least version that is
// wanted ("" for any newer one). What cannot be had consistently is refused,
// and nothing is chosen that breaks what stays.
func (p *debPlan) choose(want map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		d := p.best(name)
		switch {
		case p.installed[name] == nil:
			p.refused[name] = "it is not installed"
		case d == nil:
			p.refused[name] = nothingNewer
		case want[name] != "" && p.order.Compare(d.Version, want[name]) < 0:
			p.refused[name] = fmt.Sprintf("the repositories have %s, and %s would be needed", d.Version, want[name])
		default:
			p.chosen[name] = d
		}
	}
	for range 50 {
		if !p.settle() {
			return
		}
	}
	for name := range p.chosen {
		p.refused[name] = "no set of versions was found that fits together"
	}
	clear(p.chosen)
}

// settle makes one change that a dependency asks for.
func (p *debPlan) settle() bool {
	for _, name := range slices.Sorted(maps.Keys(p.names())) {
		f := p.fields(name)
		for _, list := range relations(f["Pre-Depends"] + "," + f["Depends"]) {
			if p.satisfied(list) || p.chosen[name] == nil && !p.wasSatisfied(list) {
				continue // what was broken before is not ours
			}
			return p.repair(name, list)
		}
		for _, list := range relations(f["Breaks"] + "," + f["Conflicts"]) {
			r := list[0]
			other := p.fields(r.name)
			if other == nil || r.name == name || !p.holds(r, other["Version"]) || p.chosen[name] == nil && p.chosen[r.name] == nil {
				continue
			}
			if d := p.best(r.name); d != nil && p.chosen[r.name] == nil && !p.holds(r, d.Version) {
				p.chosen[r.name] = d
			} else {
				p.refuse(name, r.name, fmt.Sprintf("%s does not go with %s", name, r.name))
			}
			return true
		}
	}
	return false
}

// wasSatisfied tells whether a dependency held before anything was chosen.
func (p *debPlan) wasSatisfied(list []relation) bool {
	before := &debPlan{installed: p.installed, order: p.order}
	return before.satisfied(list)
}

// repair takes in what would satisfy a dependency, or gives up on a package.
func (p *debPlan) repair(name string, list []relation) bool {
	for _, r := range list {
		if d := p.best(r.name); d != nil && p.chosen[r.name] == nil && p.refused[r.name] == "" && p.holds(r, d.Version) {
			p.chosen[r.name] = d
			return true
		}
	}
	if d := p.best(name); d != nil && p.chosen[name] == nil && p.refused[name] == "" {
		p.chosen[name] = d // what stays behind moves along
		return true
	}
	p.refuse(name, list[0].name, fmt.Sprintf("%s needs another %s than there is", name, list[0].name))
	return true
}

// refuse drops the first of the packages that was chosen.
func (p *debPlan) refuse(name, other, why string) {
	for _, n := range []string{name, other} {
		if p.chosen[n] != nil {
			delete(p.chosen, n)
			p.refused[n] = why
			return
		}
	}
}
