package jar

import (
	"path"
	"slices"
	"strings"
)

// identify turns the metadata of one archive into artifacts: first the archive
// itself, if it can be named, then those that are shaded into it.
func (rd *reading) identify(w *wanted, file, inner string, parent int) {
	all := w.coordinates()
	own := w.own(all, file)
	main := Artifact{Path: inner, Parent: parent, Vendor: w.vendor()}
	switch {
	case own >= 0:
		c := all[own]
		main.Group, main.Name, main.Version = c.group, c.name, c.version
		if main.Version == "" || !hasDigit(main.Version) {
			_, main.Version = splitFile(file)
		}
		main.Licenses = w.licenses(c.folder)
		all = slices.Delete(slices.Clone(all), own, own+1)
	case !strings.HasSuffix(file, ".jmod"): // modules of the runtime have no version of their own
		main.Group, main.Name, main.Version = w.guess(file)
		main.Guessed = true
	}
	if len(main.Licenses) == 0 {
		main.Licenses = bundleLicenses(w.manifest.get("Bundle-License"))
	}
	holder := parent
	if main.Name != "" {
		holder = len(rd.artifacts)
		rd.artifacts = append(rd.artifacts, main)
	}
	for _, c := range all {
		rd.artifacts = append(rd.artifacts, Artifact{
			Path: inner, Group: c.group, Name: c.name, Version: c.version, Licenses: w.licenses(c.folder),
			Shaded: true, Parent: holder,
		})
	}
}

// coordinates are those of pom.properties, and of pom.xml where that stands
// alone, without repetition.
func (w *wanted) coordinates() []coordinates {
	var all []coordinates
	have := map[string]bool{}
	add := func(c coordinates) {
		id := c.group + ":" + c.name + ":" + c.version
		if c.name != "" && !have[id] {
			have[id] = true
			all = append(all, c)
		}
	}
	folders := map[string]bool{}
	for _, c := range w.properties {
		folders[c.folder] = true
		if p := w.poms[c.folder]; p != nil {
			c = c.or(p.coordinates())
		}
		add(c.or(fromFolder(c.folder)))
	}
	alone := make([]string, 0, len(w.poms))
	for folder := range w.poms {
		if !folders[folder] {
			alone = append(alone, folder)
		}
	}
	slices.Sort(alone)
	for _, folder := range alone {
		c := w.poms[folder].coordinates()
		c.folder = folder
		add(c.or(fromFolder(folder)))
	}
	return all
}

// or fills what is empty from d.
func (c coordinates) or(d coordinates) coordinates {
	if c.group == "" {
		c.group = d.group
	}
	if c.name == "" {
		c.name = d.name
	}
	if c.version == "" {
		c.version = d.version
	}
	return c
}

// fromFolder takes group and name from "META-INF/maven/<group>/<name>/".
func fromFolder(folder string) coordinates {
	_, rest, _ := strings.Cut(folder, mavenFolder)
	group, name, _ := strings.Cut(strings.TrimSuffix(rest, "/"), "/")
	return coordinates{folder: folder, group: literal(group), name: literal(name)}
}

// own finds the coordinates that are the archive's own: those that its file
// name begins with, the longest first, or that its manifest names, or the
// only ones there are. It returns -1 when all are of shaded artifacts.
func (w *wanted) own(all []coordinates, file string) int {
	stem := strings.TrimSuffix(file, path.Ext(file))
	best := -1
	for i, c := range all {
		if !strings.HasPrefix(stem, c.name) {
			continue
		}
		if rest := stem[len(c.name):]; rest != "" && rest[0] != '-' && rest[0] != '_' && rest[0] != '.' {
			continue
		}
		if best < 0 || len(c.name) > len(all[best].name) {
			best = i
		}
	}
	if best >= 0 {
		return best
	}
	titles := []string{
		w.manifest.get("Implementation-Title"), w.symbolicName(), w.manifest.get("Automatic-Module-Name"),
		w.manifest.get("Extension-Name"),
	}
	for i, c := range all {
		for _, title := range titles {
			if title != "" && (title == c.name || title == c.group+"."+c.name || title == c.group+":"+c.name) {
				return i
			}
		}
	}
	if len(all) == 1 {
		return 0
	}
	return -1
}

// symbolicName is the OSGi name of a bundle without its directives.
func (w *wanted) symbolicName() string {
	name, _, _ := strings.Cut(w.manifest.get("Bundle-SymbolicName"), ";")
	return strings.TrimSpace(name)
}

func (w *wanted) vendor() string {
	for _, name := range []string{"Implementation-Vendor", "Bundle-Vendor", "Specification-Vendor"} {
		if vendor := w.manifest.get(name); vendor != "" && len(vendor) < 200 && !strings.Contains(vendor, "${") {
			return vendor
		}
	}
	return ""
}

func (w *wanted) licenses(folder string) []string {
	if p := w.poms[folder]; p != nil {
		return p.licenses()
	}
	return nil
}

// bundleLicenses reads the OSGi header: a list of names or addresses, each
// with attributes.
func bundleLicenses(header string) []string {
	var all []string
	for clause := range strings.SplitSeq(header, ",") {
		name, _, _ := strings.Cut(clause, ";")
		if name = strings.Trim(strings.TrimSpace(name), `"`); name != "" && name != "<<EXTERNAL>>" {
			all = append(all, name)
		}
	}
	return all
}
