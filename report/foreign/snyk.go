package foreign

import (
	"bytes"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Format{Name: "snyk", Title: "the JSON of snyk test and snyk container test",
	Detect: func(data []byte) bool { return looks(data, "vulnerabilities", "packageManager", "dependencyCount") },
	Read:   readSnyk})

type snykDoc struct {
	Vulnerabilities []struct {
		ID, Title, Description, PackageName, Version, Severity, CVSSv3, PackageManager string
		CVSSScore                                                                      float64
		FixedIn                                                                        []string
		Identifiers                                                                    struct{ CVE, CWE []string }
		References                                                                     []struct{ URL string }
	}
	PackageManager, ProjectName, Path, Platform string
	Docker                                      *struct{}
}

// snykTypes are purl types by what Snyk calls package managers.
var snykTypes = map[string]string{
	"npm": "npm", "yarn": "npm", "pnpm": "npm", "maven": "maven", "gradle": "maven", "pip": "pypi", "poetry": "pypi", "pipenv": "pypi", "rubygems": "gem",
	"gomodules": "golang", "golangdep": "golang", "nuget": "nuget", "composer": "composer", "deb": "deb", "rpm": "rpm", "apk": "apk", "cocoapods": "cocoapods", "hex": "hex",
}

func readSnyk(data []byte) (*boltseal.Report, error) {
	var docs []snykDoc
	if bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("[")) { // several projects at once
		list, err := decode[[]snykDoc](data)
		if err != nil {
			return nil, err
		}
		docs = *list
	} else {
		doc, err := decode[snykDoc](data)
		if err != nil {
			return nil, err
		}
		docs = []snykDoc{*doc}
	}
	r := &boltseal.Report{Tool: boltseal.Tool{Name: "snyk"}, Artifact: boltseal.Artifact{Kind: boltseal.KindDirectory}}
	known := map[string]*boltseal.Component{}
	for i := range docs {
		doc := &docs[i]
		if r.Artifact.Name == "" {
			r.Artifact.Name = doc.Path
		}
		if doc.Docker != nil {
			r.Artifact.Kind = boltseal.KindImage
			if r.Artifact.Name == "" {
				r.Artifact.Name = strings.TrimPrefix(doc.ProjectName, "docker-image|")
			}
			if p, ok := boltseal.ParsePlatform(doc.Platform); ok {
				r.Artifact.Platform = &p
			}
		}
		for j := range doc.Vulnerabilities {
			v := &doc.Vulnerabilities[j]
			manager := v.PackageManager
			if manager == "" {
				manager = doc.PackageManager
			}
			// A distribution's package is told as linux/openssl: source and package.
			name, version := v.PackageName, v.Version
			kind := snykTypes[manager]
			if kind == "deb" || kind == "rpm" || kind == "apk" {
				name = name[strings.LastIndexByte(name, '/')+1:]
			}
			key := kind + "\x00" + name + "\x00" + version
			if known[key] == nil {
				known[key] = &boltseal.Component{PURL: purl(kind, name, version, nil), Name: name, Version: version, FoundBy: "snyk/" + manager, Basis: boltseal.Declared}
			}
			x := told{id: v.ID, title: v.Title, text: v.Description, severity: v.Severity, by: "snyk", fixed: v.FixedIn, cwes: v.Identifiers.CWE, score: v.CVSSScore, vector: v.CVSSv3}
			if cves := v.Identifiers.CVE; len(cves) > 0 {
				x.id, x.aliases = cves[0], slices.Concat(cves[1:], []string{v.ID})
			}
			for _, link := range v.References {
				x.links = append(x.links, link.URL)
			}
			r.Findings = append(r.Findings, finding(known[key], &x))
		}
	}
	for _, c := range known {
		r.Components = append(r.Components, *c)
	}
	return r, nil
}
