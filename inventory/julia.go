package inventory

import (
	"context"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "julia",
	Title: "Julia",
	Readers: []Reader{
		{
			Name: "julia/manifest", Files: []string{"**/Manifest.toml", "**/JuliaManifest.toml", "**/Manifest-v*.toml"},
			Beside: []string{"**/Project.toml"}, Read: readJuliaManifest,
		},
	},
})

// readJuliaManifest reads Manifest.toml, whose packages stand under "deps"
// since version 2 and at the top before.
func readJuliaManifest(_ context.Context, in *Input) ([]boltseal.Component, error) {
	var top map[string]any
	if err := in.toml(&top); err != nil {
		return nil, err
	}
	packages := top
	if deps, ok := top["deps"].(map[string]any); ok {
		packages = deps
	}
	var g graph
	for _, name := range sortedKeys(packages) {
		list, _ := packages[name].([]map[string]any)
		for _, p := range list {
			uuid, _ := p["uuid"].(string)
			version, _ := p["version"].(string)
			url, _ := p["repo-url"].(string)
			rev, _ := p["repo-rev"].(string)
			if _, local := p["path"]; local || uuid == "" || version == "" || !hexName(name) {
				continue // part of Julia or of the project
			}
			purl := boltseal.PURL{Type: "julia", Name: name, Version: version, Qualifiers: map[string]string{"uuid": uuid}}
			if url != "" {
				purl.Qualifiers["vcs_url"] = vcsURL("git", url, rev)
			}
			n := g.add(name, boltseal.Component{PURL: purl.String(), Name: name, Version: version})
			// A list of names, or a table of names and UUIDs.
			switch deps := p["deps"].(type) {
			case []any:
				for _, needed := range deps {
					if text, ok := needed.(string); ok {
						n.need(text)
					}
				}
			case map[string]any:
				for needed := range deps {
					n.need(needed)
				}
			}
		}
	}
	var project struct {
		Deps   map[string]any `toml:"deps"`
		Extras map[string]any `toml:"extras"`
	}
	if data, err := in.textBeside(in.beside("Project.toml")); err == nil && unmarshalTOML(data, &project) == nil {
		for name := range project.Deps {
			g.want(name, false)
		}
		for name := range project.Extras {
			g.want(name, true)
		}
	}
	return g.components(), nil
}
