package inventory

import (
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/signature"
)

// attest makes evidence of what only says once more that a component is
// there: a program that looks like bash, or says so itself, and belongs to
// the OS package bash is that package and not a second one. A program that
// belongs to a package and is other software than the package - a copy of
// OpenSSL inside somebody's agent - stays a component of its own.
func attest(all []boltseal.Component, own *owners) []boltseal.Component {
	if !slices.ContainsFunc(all, saysSo) {
		return all
	}
	at := make(map[string]int, len(all))
	var homes []int
	for i := range all {
		if _, ok := at[all[i].PURL]; !ok {
			at[all[i].PURL] = i
		}
		if home(&all[i]) != "" {
			homes = append(homes, i)
		}
	}
	told := make([]bool, len(all))
	for n := range all {
		c := &all[n]
		if !saysSo(*c) || len(c.Locations) == 0 {
			continue
		}
		file := outermost(c.Locations[0].File)
		if i, ok := at[own.of[file]]; ok && isIt(c, &all[i]) {
			all[i].Evidence, told[n] = append(all[i].Evidence, witness(c)), true
			continue
		}
		for _, i := range homes {
			if strings.HasPrefix(file, home(&all[i])) && isIt(c, &all[i]) {
				all[i].Evidence, told[n] = append(all[i].Evidence, witness(c)), true
				break
			}
		}
	}
	kept := all[:0]
	for n := range all {
		if !told[n] {
			kept = append(kept, all[n])
		}
	}
	return kept
}

// saysSo holds for what was told from the content of programs.
func saysSo(c boltseal.Component) bool {
	return c.FoundBy == "binary/signature" || c.FoundBy == "elf/package-note"
}

// isIt says whether what a program looks like is the very software that
// owner is a package of.
func isIt(c, owner *boltseal.Component) bool {
	source := ""
	if owner.Source != nil {
		source = owner.Source.Name
	}
	if c.FoundBy == "elf/package-note" {
		return c.Name == owner.Name || c.Name == source
	}
	if kindOf(owner.PURL) == "generic" { // a Java runtime by its release file
		return c.Name == "openjdk" && owner.FoundBy == "jvm/release"
	}
	s := signature.Named(c.Name)
	return s != nil && s.Is(owner.Name, source)
}

// home is the folder, ended by a slash, below which everything is of the
// component, for the few kinds that keep themselves apart; else empty.
func home(c *boltseal.Component) string {
	if len(c.Locations) == 0 {
		return ""
	}
	switch file := c.Locations[0].File; c.FoundBy {
	case "jvm/release", "homebrew/receipt":
		return path.Dir(file) + "/"
	case "conda/meta":
		return path.Dir(path.Dir(file)) + "/"
	case "nix/store":
		return file + "/"
	}
	return ""
}
