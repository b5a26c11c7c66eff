package inventory

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// npmManifest is what a package.json says (npm documentation,
// "package.json"). Installed manifests come from twelve years of publishers,
// so that only what is needed is looked at, and that leniently.
type npmManifest struct {
	Name, Version        loose
	Private              bool
	License, Licenses    json.RawMessage
	Author               json.RawMessage
	Published            bool // it says where its source or its page is
	Workspaces           json.RawMessage
	Dependencies         looseMap
	OptionalDependencies looseMap
	PeerDependencies     looseMap
	DevDependencies      looseMap
	Integrity, Resolved  string // written by npm before version 7
}

// UnmarshalJSON reads the members that matter.
func (m *npmManifest) UnmarshalJSON(data []byte) error {
	*m = npmManifest{}
	return jsonMembers(data, func(name string, value json.RawMessage) {
		switch name {
		case "name":
			m.Name = loose(strings.TrimSpace(jsonText(value)))
		case "version":
			m.Version = loose(strings.TrimSpace(jsonText(value)))
		case "private":
			m.Private = string(value) == "true"
		case "license":
			m.License = value
		case "licenses":
			m.Licenses = value
		case "author":
			m.Author = value
		case "repository", "homepage":
			m.Published = true
		case "workspaces":
			m.Workspaces = value
		case "dependencies":
			m.Dependencies.read(value)
		case "optionalDependencies":
			m.OptionalDependencies.read(value)
		case "peerDependencies":
			m.PeerDependencies.read(value)
		case "devDependencies":
			m.DevDependencies.read(value)
		case "_integrity":
			m.Integrity = jsonText(value)
		case "_resolved":
			m.Resolved = jsonText(value)
		}
	})
}

// npmManifest reads the package.json of a folder of the project's own. It
// returns false when there is none to be read.
func (in *Input) npmManifest(dir string) (*npmManifest, bool) {
	m, ok := in.once("npm-manifest "+dir, func() any {
		data, err := in.textBeside(path.Join(dir, "package.json"))
		if err != nil {
			return (*npmManifest)(nil)
		}
		m := &npmManifest{}
		if m.UnmarshalJSON(data) != nil {
			return (*npmManifest)(nil)
		}
		return m
	}).(*npmManifest)
	if !ok || m == nil {
		return &npmManifest{}, false
	}
	return m, true
}

// named says whether the manifest is of a package: without name or version
// it only sets options for a folder.
func (m *npmManifest) named() bool {
	return npmName(string(m.Name)) && npmVersion(string(m.Version)) != ""
}

// component is the package that the manifest is of.
func (m *npmManifest) component() boltseal.Component {
	name, version := string(m.Name), npmVersion(string(m.Version))
	return boltseal.Component{
		PURL:     npmPURL(name, version, m.Resolved),
		Name:     name,
		Version:  version,
		Licenses: npmLicenses(m.License, m.Licenses),
		Supplier: npmPerson(m.Author),
		Hashes:   integrity(m.Integrity),
	}
}

// project is the application that the manifest is of. One that was never
// meant for the registry must not be mistaken for the package that has its
// name there: "app" and "test" exist, and some of their like are malware.
func (m *npmManifest) project() boltseal.Component {
	c := m.component()
	if m.Private || !m.Published {
		c.PURL = boltseal.PURL{Type: "generic", Name: c.Name, Version: c.Version}.String()
	}
	return c
}

// asks lists the names of what a package loads at run time or, of a project,
// also what it is developed with.
func (m *npmManifest) asks(dev bool) []string {
	lists := []looseMap{m.Dependencies, m.OptionalDependencies, m.PeerDependencies}
	if dev {
		lists = append(lists, m.DevDependencies)
	}
	var names []string
	for _, list := range lists {
		for name := range list {
			if npmName(name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return names[:min(len(names), maxNpmNeeds)]
}

// maxNpmNeeds is how many names one manifest may ask for; real ones stay
// below a thousand.
const maxNpmNeeds = 10_000

// needs gives the same as purls without a version, which link resolves.
func (m *npmManifest) needs(dev bool) []string {
	purls := m.asks(dev)
	for i, name := range purls {
		purls[i] = npmPURL(name, "", "")
	}
	return purls
}

// npmLicenses reads the three forms that the licence field has had: a string,
// an object with a type, and an array of either.
func npmLicenses(fields ...json.RawMessage) []string {
	var statements []string
	for _, field := range fields {
		statements = append(statements, npmLicense(field, 0)...)
	}
	return licenses(statements...)
}

func npmLicense(field json.RawMessage, depth int) []string {
	var text string
	var object struct {
		Type loose `json:"type"`
		Name loose `json:"name"`
		URL  loose `json:"url"`
	}
	var list []json.RawMessage
	switch {
	case len(field) == 0 || depth > 1:
	case json.Unmarshal(field, &text) == nil:
		return []string{text}
	case json.Unmarshal(field, &list) == nil:
		var all []string
		for _, one := range list {
			all = append(all, npmLicense(one, depth+1)...)
		}
		return all
	case json.Unmarshal(field, &object) == nil:
		for _, says := range []loose{object.Type, object.Name, object.URL} {
			if says != "" {
				return []string{string(says)}
			}
		}
	}
	return nil
}

// npmPerson reads a person, who is a string or an object.
func npmPerson(field json.RawMessage) string {
	var text string
	var object struct {
		Name  loose `json:"name"`
		Email loose `json:"email"`
	}
	switch {
	case len(field) == 0:
	case json.Unmarshal(field, &text) == nil:
		text, _, _ = strings.Cut(text, "(") // the address of a page
		return strings.TrimSpace(text)
	case json.Unmarshal(field, &object) == nil && object.Name != "":
		if object.Email != "" {
			return fmt.Sprintf("%s <%s>", object.Name, object.Email)
		}
		return string(object.Name)
	}
	return ""
}

// npmWorkspaces reads the patterns of a project's workspaces: an array, or an
// object that has the array under "packages".
func npmWorkspaces(field json.RawMessage) []string {
	var list []string
	var object struct {
		Packages []string `json:"packages"`
	}
	switch {
	case len(field) == 0:
	case json.Unmarshal(field, &list) == nil:
		return list
	case json.Unmarshal(field, &object) == nil:
		return object.Packages
	}
	return nil
}
