package inventory

import (
	"context"
	"errors"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "swift",
	Title: "Swift and Objective-C (Swift Package Manager, CocoaPods)",
	Readers: []Reader{
		{Name: "swift/package-resolved", Files: []string{"**/Package.resolved"}, Read: readPackageResolved},
		{Name: "swift/podfile-lock", Files: []string{"**/Podfile.lock"}, Read: readPodfileLock},
	},
})

// swiftPin is one package of Package.resolved, in version 1 and since.
type swiftPin struct {
	URL      string `json:"repositoryURL"`
	Location string `json:"location"`
	Identity string `json:"identity"`
	State    struct {
		Version  loose  `json:"version"`
		Revision string `json:"revision"`
	} `json:"state"`
}

func readPackageResolved(_ context.Context, in *Input) ([]boltseal.Component, error) {
	var file struct {
		Object struct {
			Pins []swiftPin `json:"pins"`
		} `json:"object"`
		Pins []swiftPin `json:"pins"`
	}
	if err := in.json(&file); err != nil {
		return nil, err
	}
	var all []boltseal.Component
	for _, pin := range append(file.Object.Pins, file.Pins...) {
		url, _ := firstOf(pin.URL, pin.Location)
		purl, ok := swiftPURL(url, pin.Identity)
		if !ok {
			continue
		}
		if purl.Version = string(pin.State.Version); purl.Version == "" {
			if pin.State.Revision == "" {
				continue // a folder of the project's own
			}
			purl.Qualifiers = map[string]string{"vcs_url": vcsURL("git", url, pin.State.Revision)}
		}
		all = append(all, boltseal.Component{PURL: purl.String()})
	}
	return all, nil
}

// swiftPURL names a package by its repository, whose address is
// "https://host/owner/repo.git" or "git@host:owner/repo.git"; one from a
// registry is "scope.name".
func swiftPURL(url, identity string) (boltseal.PURL, bool) {
	url = withoutPassword(url)
	if scheme, rest, ok := strings.Cut(url, "://"); ok && scheme != "file" {
		url = rest
	} else if user, rest, ok := strings.Cut(url, "@"); ok && !strings.Contains(user, "/") {
		url = strings.Replace(rest, ":", "/", 1)
	} else {
		url = ""
	}
	if _, rest, ok := strings.Cut(url, "@"); ok {
		url = rest
	}
	url = strings.TrimSuffix(strings.Trim(url, "/"), ".git")
	if host, _, ok := strings.Cut(url, "/"); ok && strings.Contains(host, ".") {
		return boltseal.PURL{Type: "swift", Namespace: path.Dir(url), Name: path.Base(url)}, true
	}
	if scope, name, ok := strings.Cut(identity, "."); ok && scope != "" && name != "" {
		return boltseal.PURL{Type: "swift", Namespace: scope, Name: name}, true
	}
	return boltseal.PURL{}, false
}

// readPodfileLock reads the lock file of CocoaPods: each pod, perhaps with
// what it needs. Parts of one pod are components of their own, as subpaths.
func readPodfileLock(_ context.Context, in *Input) ([]boltseal.Component, error) {
	var lock struct {
		Pods      []yaml.Node                 `yaml:"PODS"`
		Asked     []string                    `yaml:"DEPENDENCIES"`
		External  yamlMap[yamlMap[yaml.Node]] `yaml:"EXTERNAL SOURCES"`
		Checkouts yamlMap[yamlMap[string]]    `yaml:"CHECKOUT OPTIONS"`
	}
	if err := in.yaml(&lock); err != nil {
		return nil, err
	}
	var g graph
	for _, pod := range lock.Pods {
		var text string
		var needs yamlMap[[]string]
		switch pod.Kind {
		case yaml.ScalarNode:
			text = pod.Value
		case yaml.MappingNode:
			if err := pod.Decode(&needs); err != nil {
				return nil, err
			}
			for key := range needs {
				text = key
			}
		default:
			return nil, errors.New("pod is neither a name nor a name with others")
		}
		name, rest, _ := strings.Cut(text, " (")
		version := strings.TrimSuffix(rest, ")")
		main, part, _ := strings.Cut(name, "/")
		if _, local := lock.External[main][":path"]; local || !hexName(main) || version == "" {
			continue
		}
		purl := boltseal.PURL{Type: "cocoapods", Name: main, Version: version, Subpath: part}
		if at := lock.Checkouts[main]; at[":git"] != "" {
			purl.Qualifiers = map[string]string{"vcs_url": vcsURL("git", at[":git"], at[":commit"])}
		}
		n := g.add(name, boltseal.Component{PURL: purl.String(), Name: name, Version: version})
		for _, list := range needs {
			for _, needed := range list {
				needed, _, _ = strings.Cut(needed, " (")
				n.need(needed)
			}
		}
	}
	for _, asked := range lock.Asked {
		asked, _, _ = strings.Cut(asked, " (")
		g.want(asked, false)
	}
	return g.components(), nil
}
