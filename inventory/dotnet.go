package inventory

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"io"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "dotnet",
	Title: ".NET (NuGet)",
	Readers: []Reader{
		{Name: "dotnet/deps-json", Files: []string{"**/*.deps.json"}, Read: readDepsJSON},
		{Name: "dotnet/packages-lock", Files: []string{"**/packages.lock.json", "**/packages.*.lock.json"}, Read: readNuGetLock},
		{Name: "dotnet/project-assets", Files: []string{"**/project.assets.json"}, Read: readProjectAssets},
		{Name: "dotnet/packages-config", Files: []string{"**/packages.config", "**/packages.*.config"}, Read: readPackagesConfig},
		{
			Name:  "dotnet/project",
			Files: []string{"**/*.csproj", "**/*.fsproj", "**/*.vbproj", "**/Directory.Packages.props", "**/Directory.Build.props"},
			Read:  readMSBuild,
		},
	},
})

func nugetPURL(name, version string) string {
	return boltseal.PURL{Type: "nuget", Name: name, Version: version}.String()
}

func nugetName(name string) bool {
	return name != "" && len(name) <= 128 && !strings.ContainsAny(name, " \t\r\n/\\@#?%$();")
}

// nugetLibrary is an entry of the libraries in deps.json and
// project.assets.json.
type nugetLibrary struct {
	Type   string `json:"type"`
	SHA512 string `json:"sha512"`
}

// nugetTarget is what one library needs on one framework.
type nugetTarget struct {
	Dependencies map[string]loose `json:"dependencies"`
}

// nugetGraph reads the part that both files share. Keys are "name/version";
// requests name the lowest version, the library that answers is there once.
func nugetGraph(libraries map[string]nugetLibrary, targets map[string]map[string]nugetTarget, basis boltseal.Basis) *graph {
	g := &graph{}
	for _, key := range sortedKeys(libraries) {
		library := libraries[key]
		name, version, ok := strings.Cut(key, "/")
		// The runtime that is delivered with an application.
		name = strings.TrimPrefix(name, "runtimepack.")
		if !ok || !nugetName(name) || version == "" {
			continue
		}
		c := boltseal.Component{PURL: nugetPURL(name, version), Name: name, Version: version, Basis: basis}
		switch strings.ToLower(library.Type) {
		case "package", "runtimepack":
			c.Hashes = nugetHash(library.SHA512)
		case "project":
			c.PURL = boltseal.PURL{Type: "generic", Name: name, Version: version}.String()
		default:
			continue // a file on the builder's machine
		}
		n := g.add(key, c)
		if first := strings.ToLower(name); g.byKey[first] == nil {
			g.byKey[first] = n
		}
	}
	for _, framework := range sortedKeys(targets) {
		for key, target := range targets[framework] {
			n := g.byKey[key]
			if n == nil {
				continue
			}
			for name := range target.Dependencies {
				n.need(strings.ToLower(strings.TrimPrefix(name, "runtimepack.")))
			}
			if strings.ToLower(libraries[key].Type) == "project" {
				for name := range target.Dependencies {
					g.want(strings.ToLower(strings.TrimPrefix(name, "runtimepack.")), false)
				}
			}
		}
	}
	return g
}

// nugetHash reads the checksum of a package: base64, perhaps behind "sha512-".
func nugetHash(sum string) []boltseal.Digest {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(sum, "sha512-"))
	if err != nil || len(raw) != 64 {
		return nil
	}
	return []boltseal.Digest{boltseal.Digest("sha512:" + hex.EncodeToString(raw))}
}

// readDepsJSON reads what the host of a deployed application loads.
func readDepsJSON(_ context.Context, in *Input) ([]boltseal.Component, error) {
	var file struct {
		Targets   map[string]map[string]nugetTarget `json:"targets"`
		Libraries map[string]nugetLibrary           `json:"libraries"`
	}
	if err := in.json(&file); err != nil {
		return nil, err
	}
	return nugetGraph(file.Libraries, file.Targets, boltseal.Installed).components(), nil
}

// readProjectAssets reads what "dotnet restore" resolved.
func readProjectAssets(_ context.Context, in *Input) ([]boltseal.Component, error) {
	var file struct {
		Targets   map[string]map[string]nugetTarget `json:"targets"`
		Libraries map[string]nugetLibrary           `json:"libraries"`
		Project   struct {
			Frameworks map[string]struct {
				Dependencies map[string]struct {
					Private string `json:"suppressParent"`
				} `json:"dependencies"`
			} `json:"frameworks"`
		} `json:"project"`
	}
	if err := in.json(&file); err != nil {
		return nil, err
	}
	g := nugetGraph(file.Libraries, file.Targets, boltseal.Declared)
	for _, framework := range file.Project.Frameworks {
		for name, wanted := range framework.Dependencies {
			// Analyzers and build tools are kept from whoever uses the project.
			g.want(strings.ToLower(name), strings.EqualFold(wanted.Private, "All"))
		}
	}
	return g.components(), nil
}

// readNuGetLock reads packages.lock.json, by framework.
func readNuGetLock(_ context.Context, in *Input) ([]boltseal.Component, error) {
	var lock struct {
		Dependencies map[string]map[string]struct {
			Type         string           `json:"type"`
			Resolved     loose            `json:"resolved"`
			Hash         string           `json:"contentHash"`
			Dependencies map[string]loose `json:"dependencies"`
		} `json:"dependencies"`
	}
	if err := in.json(&lock); err != nil {
		return nil, err
	}
	var all []boltseal.Component
	for _, framework := range sortedKeys(lock.Dependencies) {
		var g graph
		packages := lock.Dependencies[framework]
		for _, name := range sortedKeys(packages) {
			p := packages[name]
			if !nugetName(name) || p.Resolved == "" || p.Type == "Project" {
				for needed := range p.Dependencies {
					g.want(strings.ToLower(needed), false)
				}
				continue
			}
			n := g.add(strings.ToLower(name), boltseal.Component{
				PURL: nugetPURL(name, string(p.Resolved)), Name: name, Version: string(p.Resolved), Hashes: nugetHash(p.Hash),
			})
			for needed := range p.Dependencies {
				n.need(strings.ToLower(needed))
			}
			if p.Type == "Direct" {
				g.want(strings.ToLower(name), false)
			}
		}
		all = append(all, g.components()...)
	}
	return all, nil
}

// readPackagesConfig reads the list of packages that projects had before
// PackageReference.
func readPackagesConfig(_ context.Context, in *Input) ([]boltseal.Component, error) {
	var file struct {
		Packages []struct {
			ID      string `xml:"id,attr"`
			Version string `xml:"version,attr"`
			Dev     string `xml:"developmentDependency,attr"`
		} `xml:"package"`
	}
	if err := in.xml(&file); err != nil {
		return nil, err
	}
	var all []boltseal.Component
	for _, p := range file.Packages {
		if nugetName(p.ID) && nugetPinned(p.Version) {
			all = append(all, boltseal.Component{PURL: nugetPURL(p.ID, p.Version), Direct: true, Dev: strings.EqualFold(p.Dev, "true")})
		}
	}
	return all, nil
}

// nugetPinned says whether a version is one and no range, pattern or
// property.
func nugetPinned(version string) bool {
	return version != "" && version[0] >= '0' && version[0] <= '9' && !strings.ContainsAny(version, "*,[]()$ ")
}

// readMSBuild reads the packages that a project file references with a
// literal version. What was restored or deployed says more; in an image
// project files are leftovers.
func readMSBuild(_ context.Context, in *Input) ([]boltseal.Component, error) {
	if in.Image || in.exists(in.beside("packages.lock.json")) || in.exists(in.beside("obj/project.assets.json")) {
		return nil, nil
	}
	type reference struct {
		Include  string `xml:"Include,attr"`
		Update   string `xml:"Update,attr"`
		Version  string `xml:"Version,attr"`
		Override string `xml:"VersionOverride,attr"`
		Private  string `xml:"PrivateAssets,attr"`
		Child    string `xml:"Version"`
		Assets   string `xml:"PrivateAssets"`
	}
	var file struct {
		Groups []struct {
			References []reference `xml:"PackageReference"`
			Versions   []reference `xml:"PackageVersion"`
			Global     []reference `xml:"GlobalPackageReference"`
		} `xml:"ItemGroup"`
	}
	if err := in.xml(&file); err != nil {
		return nil, err
	}
	var all []boltseal.Component
	for _, group := range file.Groups {
		for _, list := range [][]reference{group.References, group.Versions, group.Global} {
			for _, r := range list {
				name, _ := firstOf(r.Include, r.Update)
				version, _ := firstOf(r.Override, r.Version, r.Child)
				private, _ := firstOf(r.Private, r.Assets)
				if nugetName(name) && nugetPinned(version) {
					all = append(all, boltseal.Component{PURL: nugetPURL(name, version), Direct: true, Dev: strings.EqualFold(private, "all")})
				}
			}
		}
	}
	return all, nil
}

// xml decodes the file into v.
func (in *Input) xml(v any) error {
	data, err := in.text()
	if err != nil {
		return err
	}
	// Visual Studio also writes UTF-16; names and versions in it are ASCII.
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		data = bytes.ReplaceAll(data[2:], []byte{0}, nil)
	}
	d := xml.NewDecoder(bytes.NewReader(data))
	d.Strict = false
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	return d.Decode(v)
}
