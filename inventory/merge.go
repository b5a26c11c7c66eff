package inventory

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// rank orders bases, strongest evidence first.
func rank(b boltseal.Basis) int {
	switch b {
	case boltseal.Installed:
		return 0
	case boltseal.Embedded:
		return 1
	case boltseal.Matched:
		return 2
	}
	return 3
}

// merge makes one component of all that were seen under one purl. The
// strongest evidence says what the component is; the others add places.
func merge(all []boltseal.Component) []boltseal.Component {
	slices.SortStableFunc(all, func(a, b boltseal.Component) int {
		return cmp.Or(
			strings.Compare(a.PURL, b.PURL),
			cmp.Compare(rank(a.Basis), rank(b.Basis)),
			slices.CompareFunc(a.Locations, b.Locations, boltseal.Location.Compare),
			strings.Compare(a.FoundBy, b.FoundBy),
		)
	})
	var out []boltseal.Component
	for _, c := range all {
		if len(out) == 0 || out[len(out)-1].PURL != c.PURL {
			out = append(out, c)
			continue
		}
		absorb(&out[len(out)-1], &c)
	}
	for i := range out {
		tidy(&out[i])
	}
	return out
}

func absorb(c, d *boltseal.Component) {
	c.Locations = append(c.Locations, d.Locations...)
	c.Hashes = append(c.Hashes, d.Hashes...)
	c.CPEs = append(c.CPEs, d.CPEs...)
	c.DependsOn = append(c.DependsOn, d.DependsOn...)
	if len(c.Licenses) == 0 {
		c.Licenses = d.Licenses
	}
	if c.Source == nil {
		c.Source = d.Source
	}
	c.Linked = c.Linked.Union(d.Linked)
	c.Evidence = append(c.Evidence, d.Evidence...)
	if d.FoundBy != c.FoundBy && len(d.Locations) > 0 {
		c.Evidence = append(c.Evidence, witness(d))
	}
	c.Supplier = cmp.Or(c.Supplier, d.Supplier)
	c.Module = cmp.Or(c.Module, d.Module)
	c.Direct = c.Direct || d.Direct
	c.Dev = c.Dev && d.Dev
}

// witness says in a sentence what else saw a component.
func witness(d *boltseal.Component) boltseal.Evidence {
	verb := map[boltseal.Basis]string{
		boltseal.Installed: "records", boltseal.Embedded: "names", boltseal.Matched: "looks like",
	}[d.Basis]
	return boltseal.Evidence{
		Kind:      boltseal.EvidenceFile,
		Statement: strings.TrimSpace(d.Locations[0].File+" "+cmp.Or(verb, "asks for")+" "+d.Name+" "+d.Version) + " (" + d.FoundBy + ")",
	}
}

// mostEvidence is how much of it one component keeps.
const mostEvidence = 8

func tidy(c *boltseal.Component) {
	slices.SortFunc(c.Evidence, func(a, b boltseal.Evidence) int { return strings.Compare(a.Statement, b.Statement) })
	c.Evidence = slices.Compact(c.Evidence)
	c.Evidence = c.Evidence[:min(len(c.Evidence), mostEvidence)]
	slices.SortFunc(c.Locations, boltseal.Location.Compare)
	c.Locations = slices.Compact(c.Locations)
	slices.Sort(c.Hashes)
	c.Hashes = slices.Compact(c.Hashes)
	slices.Sort(c.CPEs)
	c.CPEs = slices.Compact(c.CPEs)
	slices.Sort(c.DependsOn)
	c.DependsOn = slices.DeleteFunc(slices.Compact(c.DependsOn), func(purl string) bool { return purl == c.PURL })
}

// undeclare drops what lock files and manifests ask for where they are no
// evidence that it is there. In an image a lock file counts only while
// nothing stronger tells what became of it: no installed tree of the same
// ecosystem below its folder, or, for languages that install elsewhere, none
// of the same name anywhere; and never for what only development asks for.
// Manifests that came with documentation, with somebody else's component or
// with an OS package describe other software.
func undeclare(all []boltseal.Component, image bool, own *owners) []boltseal.Component {
	trees := map[string]bool{} // type and folder of what is installed
	names := map[string]bool{} // purl without version
	if image {
		for i := range all {
			if rank(all[i].Basis) > rank(boltseal.Embedded) || isOS(all[i].PURL) {
				continue
			}
			names[versionless(all[i].PURL)] = true
			for _, l := range all[i].Locations {
				plant(trees, kindOf(all[i].PURL), path.Dir(outermost(l.File)))
			}
		}
	}
	return slices.DeleteFunc(all, func(c boltseal.Component) bool {
		if c.Basis != boltseal.Declared || len(c.Locations) == 0 {
			return false
		}
		file := outermost(c.Locations[0].File)
		kind := kindOf(c.PURL)
		switch {
		case foreign(file):
			return true
		case !image:
			return false
		case strings.HasPrefix(file, "usr/share/doc/"), own.of[file] != "":
			return true
		case trees[kind+" "+path.Dir(file)]:
			return true
		case c.Dev: // images are built without it, or it would be installed
			return true
		}
		return elsewhere(kind) && names[versionless(c.PURL)]
	})
}

// plant notes that something of this kind is installed in folder and
// therefore below all that hold it, the root apart.
func plant(trees map[string]bool, kind, folder string) {
	for ; folder != "." && folder != "/"; folder = path.Dir(folder) {
		if trees[kind+" "+folder] {
			return
		}
		trees[kind+" "+folder] = true
	}
}

// foreign says whether the file was published as part of another component:
// its lock file was never what is installed here.
func foreign(file string) bool {
	return strings.Contains("/"+file, "/node_modules/") || strings.Contains("/"+file, "/site-packages/") ||
		strings.Contains("/"+file, "/dist-packages/")
}

// elsewhere says whether the ecosystem installs outside the project's folder.
func elsewhere(kind string) bool {
	switch kind {
	case "pypi", "gem", "golang", "cargo", "maven", "nuget":
		return true
	}
	return false
}

func kindOf(purl string) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(purl, "pkg:"), "/")
	return kind
}

// versionless is the purl up to its version.
func versionless(purl string) string {
	purl, _, _ = strings.Cut(purl, "#")
	purl, _, _ = strings.Cut(purl, "?")
	if at := strings.LastIndexByte(purl, '@'); at > strings.LastIndexByte(purl, '/') {
		purl = purl[:at]
	}
	return purl
}
