package scan

import (
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// inUse is what was seen of the files of the image that is scanned; nil when
// nobody watched it.
type inUse struct {
	paths []string
	long  bool
}

// useOf joins the uses of an artifact.
func (o *Options) useOf(a *boltseal.Artifact) *inUse {
	var all *inUse
	for i := range o.Used {
		u := &o.Used[i]
		if !u.Of(a) {
			continue
		}
		if all == nil {
			all = &inUse{}
		}
		all.paths = append(all.paths, u.Files...)
		all.long = all.long || u.Long()
	}
	if all != nil {
		slices.Sort(all.paths)
		all.paths = slices.Compact(all.paths)
	}
	return all
}

func (u *inUse) files() []string {
	if u == nil {
		return nil
	}
	return u.paths
}

// mark says of each component whether it is in use. owners are the packages
// that brought the files that were used.
func (u *inUse) mark(p *part, owners map[string]string) {
	if u == nil {
		return
	}
	seen := map[string]bool{}
	for _, purl := range owners {
		seen[purl] = true
	}
	opened := map[string]bool{}
	for _, file := range u.paths {
		file = strings.TrimPrefix(file, "/")
		for dir := file; dir != "." && dir != "/" && !opened[dir]; dir = path.Dir(dir) {
			opened[dir] = true // the file, and every folder above it
		}
	}
	for i := range p.components {
		c := &p.components[i]
		switch used, known := u.uses(c, seen, opened); {
		case used:
			c.InUse = boltseal.UsageSeen
		case known && u.long:
			c.InUse = boltseal.UsageUnseen
		}
	}
}

// uses tells whether a component's files were used, and whether that can be
// told of it at all.
func (u *inUse) uses(c *boltseal.Component, seen, opened map[string]bool) (used, known bool) {
	if seen[c.PURL] || c.OwnedBy != "" && seen[c.OwnedBy] {
		return true, true
	}
	switch kind, _, _ := strings.Cut(strings.TrimPrefix(c.PURL, "pkg:"), "/"); kind {
	case "deb", "apk", "rpm", "alpm":
		return false, true
	}
	for _, l := range c.Locations {
		place, told := placeOf(c, l.File)
		known = known || told
		if told && opened[place] {
			return true, true
		}
	}
	return false, known
}

// placeOf is the file or the folder whose use is that of the component, when
// its metadata lie at name.
func placeOf(c *boltseal.Component, name string) (string, bool) {
	outer, _, inside := strings.Cut(name, "!/")
	base, dir := path.Base(outer), path.Dir(outer)
	switch {
	case inside, c.Basis == boltseal.Embedded:
		return outer, true // the archive, or the executable that carries it
	case base == "package.json":
		return dir, true
	case base == "METADATA" && strings.HasSuffix(dir, ".dist-info"), base == "PKG-INFO" && strings.HasSuffix(dir, ".egg-info"):
		// Beside the metadata lies what is imported, mostly under the same name.
		return path.Join(path.Dir(dir), strings.ReplaceAll(strings.ToLower(c.Name), "-", "_")), true
	case strings.HasSuffix(base, ".jar"), strings.HasSuffix(base, ".war"):
		return outer, true
	}
	return "", false
}
