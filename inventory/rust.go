package inventory

import (
	"compress/zlib"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/exe"
	"github.com/boltseal/boltseal/internal/limit"
)

var _ = add(Ecosystem{
	Name:  "rust",
	Title: "Rust (Cargo)",
	Readers: []Reader{
		{Name: "rust/auditable", Sniff: exe.Is, Accept: acceptRustBinary, Read: readRustBinary},
		{Name: "rust/cargo-lock", Files: []string{"**/Cargo.lock"}, Beside: []string{"**/Cargo.toml"}, Read: readCargoLock},
	},
})

// maxAuditable is what cargo-auditable's own readers accept inflated.
const maxAuditable = 8 << 20

// auditable is the section that cargo-auditable makes.
const auditable = ".dep-v0"

// acceptRustBinary wants programs with that section. The Go reader speaks of
// what hides its sections.
func acceptRustBinary(_ string, p *exe.Program, err error) bool {
	return err == nil && p.Has(auditable)
}

// readRustBinary reads the list of crates that cargo-auditable puts into an
// executable: compressed JSON in a section of its own.
func readRustBinary(_ context.Context, in *Input) ([]boltseal.Component, error) {
	program, err := in.executable()
	if err != nil {
		return nil, err
	}
	section, err := program.Section(auditable)
	if errors.Is(err, exe.ErrFormat) || err == nil && section == nil {
		return nil, nil // what was split off for debuggers names sections that it does not have
	}
	if err != nil {
		return nil, err
	}
	inflated, err := zlib.NewReader(section)
	if err != nil {
		return nil, fmt.Errorf("read cargo-auditable data: %w", err)
	}
	data, err := limit.ReadAll(inflated, maxAuditable, &limit.Error{
		What: "cargo-auditable data", Max: maxAuditable, Unit: "bytes", Flag: "--max-file-bytes",
	})
	if err != nil {
		return nil, fmt.Errorf("read cargo-auditable data: %w", err)
	}
	var list struct {
		Packages []struct {
			Name         string `json:"name"`
			Version      string `json:"version"`
			Source       string `json:"source"`
			Kind         string `json:"kind"`
			Root         bool   `json:"root"`
			Dependencies []int  `json:"dependencies"`
		} `json:"packages"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("read cargo-auditable data: %w", err)
	}
	at := make([]string, len(list.Packages)) // purl by index in the list
	for i, p := range list.Packages {
		if crateName(p.Name) && p.Version != "" {
			at[i] = cratePURL(p.Name, p.Version, "")
		}
	}
	direct := map[int]bool{}
	var all []boltseal.Component
	for i, p := range list.Packages {
		if at[i] == "" {
			continue
		}
		c := boltseal.Component{PURL: at[i], Name: p.Name, Version: p.Version, Basis: boltseal.Embedded, Dev: p.Kind == "build"}
		for _, d := range p.Dependencies {
			if d < 0 || d >= len(at) || at[d] == "" {
				continue
			}
			c.DependsOn = append(c.DependsOn, at[d])
			if p.Root {
				direct[d] = true
			}
		}
		all = append(all, c)
	}
	byPURL := map[string]bool{}
	for d := range direct {
		byPURL[at[d]] = true
	}
	for i := range all {
		all[i].Direct = byPURL[all[i].PURL]
	}
	return all, nil
}

// crateName says whether Cargo allows the name.
func crateName(name string) bool {
	return name != "" && len(name) <= 128 && !strings.ContainsAny(name, " \t\r\n/\\@#?%\"'")
}

func cratePURL(name, version, vcs string) string {
	p := boltseal.PURL{Type: "cargo", Name: name, Version: version}
	if vcs != "" {
		p.Qualifiers = map[string]string{"vcs_url": vcs}
	}
	return p.String()
}

// cargoManifest is what matters here of a Cargo.toml.
type cargoManifest struct {
	Package struct {
		Name       string `toml:"name"`
		Publish    any    `toml:"publish"`
		Repository any    `toml:"repository"`
	} `toml:"package"`
	Workspace struct {
		Members []string `toml:"members"`
	} `toml:"workspace"`
	Dev    map[string]any `toml:"dev-dependencies"`
	Normal map[string]any `toml:"dependencies"`
	Build  map[string]any `toml:"build-dependencies"`
	Target map[string]struct {
		Dev    map[string]any `toml:"dev-dependencies"`
		Normal map[string]any `toml:"dependencies"`
		Build  map[string]any `toml:"build-dependencies"`
	} `toml:"target"`
}

type cargoPackage struct {
	Name         string   `toml:"name"`
	Version      string   `toml:"version"`
	Source       string   `toml:"source"`
	Checksum     string   `toml:"checksum"`
	Dependencies []string `toml:"dependencies"`
}

// readCargoLock reads Cargo.lock in its versions 1 to 4. Packages without a
// source are the project's own.
func readCargoLock(_ context.Context, in *Input) ([]boltseal.Component, error) {
	if strings.Contains("/"+in.Path, "/registry/src/") {
		return nil, nil // it came with somebody else's crate
	}
	var lock struct {
		Packages []cargoPackage `toml:"package"`
	}
	if err := in.toml(&lock); err != nil {
		return nil, err
	}
	var g graph
	for _, p := range lock.Packages {
		if !crateName(p.Name) || p.Version == "" {
			continue
		}
		c := boltseal.Component{PURL: cratePURL(p.Name, p.Version, cargoVCS(p.Source)), Name: p.Name, Version: p.Version}
		if digest, err := boltseal.ParseDigest("sha256:" + p.Checksum); err == nil {
			c.Hashes = []boltseal.Digest{digest}
		}
		n := g.add(p.Name+" "+p.Version, c)
		if g.byKey[p.Name] == nil {
			g.byKey[p.Name] = n // enough where only one version is locked
		}
		for _, d := range p.Dependencies {
			n.need(cargoKey(d))
		}
	}
	in.cargoProject(&g, lock.Packages)
	return g.components(), nil
}

// cargoKey drops the source from "name version (source)".
func cargoKey(dependency string) string {
	key, _, _ := strings.Cut(dependency, " (")
	return key
}

// cargoVCS is where a crate from a repository came from:
// "git+https://host/repo?branch=main#commit".
func cargoVCS(source string) string {
	rest, ok := strings.CutPrefix(source, "git+")
	if !ok {
		return ""
	}
	where, commit, _ := strings.Cut(rest, "#")
	where, _, _ = strings.Cut(where, "?")
	return vcsURL("git", where, commit)
}

// cargoProject notes what the project's own packages ask for and takes them
// out of the components, but for the one whose manifest stands beside the
// lock file.
func (in *Input) cargoProject(g *graph, packages []cargoPackage) {
	manifests := in.cargoManifests()
	onlyDev := map[string]map[string]bool{}
	for _, m := range manifests {
		onlyDev[m.Package.Name] = m.onlyDev()
	}
	root := ""
	if len(manifests) > 0 {
		root = manifests[0].Package.Name
	}
	for _, p := range packages {
		if p.Source != "" {
			continue
		}
		dev := onlyDev[p.Name]
		for _, d := range p.Dependencies {
			name, _, _ := strings.Cut(d, " ")
			g.want(cargoKey(d), dev[name])
		}
		own := g.byKey[p.Name+" "+p.Version]
		if own == nil {
			continue
		}
		if p.Name == root && manifests[0].published() {
			continue
		}
		if own.PURL = ""; p.Name == root {
			own.PURL = boltseal.PURL{Type: "generic", Name: p.Name, Version: p.Version}.String()
		}
	}
	g.nodes = slices.DeleteFunc(g.nodes, func(n *node) bool { return n.PURL == "" })
	for key, n := range g.byKey {
		if n.PURL == "" {
			delete(g.byKey, key)
		}
	}
}

// published says whether the crate is one for everybody, by whose name
// advisories may call it.
func (m *cargoManifest) published() bool {
	return m.Package.Publish != false && m.Package.Repository != nil
}

// cargoManifests are the manifests beside the lock file and of the members of
// its workspace; the first is that beside it.
func (in *Input) cargoManifests() []*cargoManifest {
	read := func(dir string) *cargoManifest {
		m := &cargoManifest{}
		data, err := in.textBeside(path.Join(dir, "Cargo.toml"))
		if err != nil || unmarshalTOML(data, m) != nil {
			return nil
		}
		return m
	}
	dir := path.Dir(in.Path)
	root := read(dir)
	if root == nil {
		return nil
	}
	all := []*cargoManifest{root}
	for _, folder := range in.expand(dir, root.Workspace.Members) {
		if m := read(folder); m != nil {
			all = append(all, m)
		}
	}
	return all
}

// onlyDev names the crates that only tests and examples of a package use. The
// real name of a renamed one stands in its table.
func (m *cargoManifest) onlyDev() map[string]bool {
	dev := map[string]bool{}
	mark := func(list map[string]any, only bool) {
		for name, spec := range list {
			if table, ok := spec.(map[string]any); ok {
				if real, ok := table["package"].(string); ok {
					name = real
				}
			}
			if only {
				dev[name] = true
			} else {
				delete(dev, name)
			}
		}
	}
	mark(m.Dev, true)
	for _, t := range m.Target {
		mark(t.Dev, true)
	}
	mark(m.Normal, false)
	mark(m.Build, false)
	for _, t := range m.Target {
		mark(t.Normal, false)
		mark(t.Build, false)
	}
	return dev
}
