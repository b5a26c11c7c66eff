package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/apt-unpinned", Title: "apt-get takes whatever version there is", Severity: boltseal.Negligible,
		Aliases: []string{"hadolint:DL3008"},
		Doc: `Two builds of one commit install different versions, and nobody can say which. Name the version, or pin the base image by digest and the
archive by date (snapshot.debian.org), which holds all of them at once.`,
	},
	Run: func(p *Pass) {
		p.unpinned("apt")
	},
})

// unpinned reports installs of a package manager that leave the version of a
// package open.
func (p *Pass) unpinned(tools ...string) {
	for _, c := range p.Calls(tools...) {
		if c.Verb != "install" {
			continue
		}
		var open []string
		for _, w := range c.Names {
			if !pinned(c.Tool, w.Text) {
				open = append(open, w.Text)
			}
		}
		switch {
		case len(open) == 1:
			p.Report(c.Span, "the version of "+open[0]+" is left open")
		case len(open) > 1:
			p.Report(c.Span, "the versions of "+strings.Join(open[:min(len(open), 3)], ", ")+" and so on are left open")
		}
	}
}

// pinned tells whether an argument names a version, or is no package of a
// repository: a file, an address, a group, a variable.
func pinned(tool, name string) bool {
	if strings.ContainsAny(name, "/$*`(") || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "@") || strings.HasSuffix(name, "-") {
		return true
	}
	switch tool {
	case "apt":
		return strings.Contains(name, "=") || strings.HasSuffix(name, ".deb")
	case "apk":
		return strings.ContainsAny(name, "=<>~")
	case "zypper":
		return strings.ContainsAny(name, "=<>") || strings.HasSuffix(name, ".rpm")
	}
	for i := range len(name) - 1 {
		if name[i] == '-' && name[i+1] >= '0' && name[i+1] <= '9' {
			return true
		}
	}
	return strings.HasSuffix(name, ".rpm")
}
