package inventory

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/boltseal/boltseal"
)

// readGoMod reads what a module requires. Since Go 1.17 go.mod names all that
// is built; before, go.sum tells of the rest.
func readGoMod(_ context.Context, in *Input) ([]boltseal.Component, error) {
	if goForeign(in.Path) {
		return nil, nil
	}
	data, err := in.text()
	if err != nil {
		return nil, err
	}
	f, err := modfile.ParseLax(in.Path, data, nil)
	if err != nil {
		return nil, err
	}
	// ParseLax leaves out what only concerns the main module, which this is.
	if strict, err := modfile.Parse(in.Path, data, nil); err == nil {
		f = strict
	}
	if f.Module != nil && (f.Module.Mod.Path == "std" || f.Module.Mod.Path == "cmd") {
		return nil, nil // the toolchain's own source
	}
	have := map[string]bool{}
	replaced := goReplacements(f)
	var all []boltseal.Component
	for _, r := range f.Require {
		have[r.Mod.Path] = true
		// What a folder stands in for is the project's own code.
		if path, version := replaced.of(r.Mod); version != "" {
			all = append(all, boltseal.Component{
				PURL: goPURL(path, version, ""), Name: path, Version: version, Direct: !r.Indirect,
			})
		}
	}
	if f.Toolchain != nil {
		if release := goRelease(f.Toolchain.Name); release != "" {
			all = append(all, boltseal.Component{PURL: goPURL("stdlib", release, ""), Name: "stdlib", Version: release})
		}
	}
	if f.Go == nil || semver.Compare("v"+f.Go.Version, "v1.17") < 0 {
		rest, err := in.goSum(f, replaced, have)
		return append(all, rest...), err
	}
	return all, nil
}

// goForeign says whether a go.mod is of somebody else's code or of a test.
func goForeign(name string) bool {
	name = "/" + name
	return strings.Contains(name, "/pkg/mod/") || strings.Contains(name, "/vendor/") || strings.Contains(name, "/testdata/")
}

// goReplacement maps modules, without a version for all of them, to what
// replaces them.
type goReplacement map[module.Version]module.Version

func goReplacements(f *modfile.File) goReplacement {
	all := make(goReplacement, len(f.Replace))
	for _, r := range f.Replace {
		all[r.Old] = r.New
	}
	return all
}

// of is the module that stands in for m. The code of a local folder has no
// version.
func (g goReplacement) of(m module.Version) (path, version string) {
	to, ok := g[m]
	if !ok {
		to, ok = g[module.Version{Path: m.Path}]
	}
	switch {
	case !ok:
		return m.Path, m.Version
	case to.Version == "":
		return m.Path, ""
	}
	return to.Path, to.Version
}

// goSum lists the modules that go.sum has the content's checksum of and that
// go.mod does not name; of several versions the highest is what is built.
func (in *Input) goSum(f *modfile.File, replaced goReplacement, have map[string]bool) ([]boltseal.Component, error) {
	data, err := in.textBeside(in.beside("go.sum"))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	highest := map[string]string{}
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) != 3 || strings.HasSuffix(fields[1], "/go.mod") || !semver.IsValid(fields[1]) || have[fields[0]] {
			continue
		}
		if old := highest[fields[0]]; old == "" || semver.Compare(old, fields[1]) < 0 {
			highest[fields[0]] = fields[1]
		}
	}
	excluded := map[module.Version]bool{}
	for _, e := range f.Exclude {
		excluded[e.Mod] = true
	}
	var all []boltseal.Component
	for _, p := range sortedKeys(highest) {
		m := module.Version{Path: p, Version: highest[p]}
		if path, version := replaced.of(m); version != "" && !excluded[m] {
			all = append(all, boltseal.Component{PURL: goPURL(path, version, ""), Name: path, Version: version})
		}
	}
	return all, nil
}
