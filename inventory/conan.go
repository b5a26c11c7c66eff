package inventory

import (
	"context"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "conan",
	Title: "C and C++ (Conan)",
	Readers: []Reader{
		{Name: "conan/lock", Files: []string{"**/conan.lock"}, Read: readConanLock},
	},
})

// conanPURL reads a reference: "name/version@user/channel#revision%time".
func conanPURL(reference string) (string, bool) {
	reference, _, _ = strings.Cut(reference, "#")
	reference, _, _ = strings.Cut(reference, "%")
	reference, place, _ := strings.Cut(reference, "@")
	name, version, ok := strings.Cut(strings.TrimSpace(reference), "/")
	if !ok || !hexName(name) || version == "" || strings.ContainsAny(version, "[]* /") {
		return "", false
	}
	p := boltseal.PURL{Type: "conan", Name: name, Version: version}
	if user, channel, ok := strings.Cut(place, "/"); ok && user != "" && user != "_" {
		p.Namespace = user
		p.Qualifiers = map[string]string{"channel": channel}
	}
	return p.String(), true
}

// readConanLock reads conan.lock: of Conan 2 lists of references, of Conan 1
// a graph.
func readConanLock(_ context.Context, in *Input) ([]boltseal.Component, error) {
	var lock struct {
		Requires []string `json:"requires"`
		Build    []string `json:"build_requires"`
		Python   []string `json:"python_requires"`
		Graph    struct {
			Nodes map[string]struct {
				Ref      string   `json:"ref"`
				Context  string   `json:"context"`
				Path     string   `json:"path"`
				Requires []string `json:"requires"`
				Build    []string `json:"build_requires"`
			} `json:"nodes"`
		} `json:"graph_lock"`
	}
	if err := in.json(&lock); err != nil {
		return nil, err
	}
	var g graph
	for i, list := range [][]string{lock.Requires, lock.Build, lock.Python} {
		for _, reference := range list {
			if purl, ok := conanPURL(reference); ok {
				g.add(purl, boltseal.Component{PURL: purl, Dev: i > 0})
			}
		}
	}
	for _, id := range sortedKeys(lock.Graph.Nodes) {
		n := lock.Graph.Nodes[id]
		needs := slices.Concat(n.Requires, n.Build)
		purl, ok := conanPURL(n.Ref)
		if id == "0" || n.Path != "" || !ok {
			for _, needed := range n.Requires { // the project itself
				g.want(needed, false)
			}
			for _, needed := range n.Build {
				g.want(needed, true)
			}
			continue
		}
		added := g.add(id, boltseal.Component{PURL: purl, Dev: n.Context == "build"})
		added.needs = needs
	}
	return g.components(), nil
}
