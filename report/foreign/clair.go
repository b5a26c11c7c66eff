package foreign

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Format{Name: "clair", Title: "the vulnerability report of Clair 4",
	Detect: func(data []byte) bool { return looks(data, "manifest_hash", "package_vulnerabilities") },
	Read:   readClair})

type clairDoc struct {
	Hash     string `json:"manifest_hash"`
	Packages map[string]struct {
		Name, Version, Kind string
		Source              *struct{ Name, Version string }
	}
	Distributions map[string]struct {
		DID       string
		VersionID string `json:"version_id"`
	}
	Environments map[string][]struct {
		PackageDB    string `json:"package_db"`
		IntroducedIn string `json:"introduced_in"`
	}
	Vulnerabilities map[string]struct {
		Name, Description, Links, Updater string
		NormalizedSeverity                string `json:"normalized_severity"`
		Fixed                             string `json:"fixed_in_version"`
	}
	Of map[string][]string `json:"package_vulnerabilities"`
}

func readClair(data []byte) (*boltseal.Report, error) {
	doc, err := decode[clairDoc](data)
	if err != nil {
		return nil, err
	}
	r := &boltseal.Report{Tool: boltseal.Tool{Name: "clair"}, Artifact: boltseal.Artifact{Kind: boltseal.KindImage}}
	if r.Artifact.Digest, err = boltseal.ParseDigest(doc.Hash); err != nil {
		return nil, err
	}
	if len(doc.Distributions) == 1 {
		for _, d := range doc.Distributions {
			r.Artifact.Distro = &boltseal.Distro{ID: d.DID, Version: d.VersionID}
		}
	}
	for id, p := range doc.Packages {
		if p.Kind == "source" {
			continue
		}
		c := &boltseal.Component{Name: p.Name, Version: p.Version, FoundBy: "clair", Basis: boltseal.Installed}
		if p.Source != nil && p.Source.Name != "" {
			c.Source = &boltseal.Source{Name: p.Source.Name, Version: p.Source.Version}
		}
		if env := doc.Environments[id]; len(env) > 0 {
			c.Locations = []boltseal.Location{{File: strings.TrimPrefix(env[0].PackageDB, "/")}}
			c.PURL = purl(clairType(env[0].PackageDB), p.Name, p.Version, r.Artifact.Distro)
		}
		r.Components = append(r.Components, *c)
		for _, v := range doc.Of[id] {
			x, ok := doc.Vulnerabilities[v]
			if !ok {
				continue
			}
			// A name may be that of an advisory with the vulnerability behind it.
			name, _, _ := strings.Cut(x.Name, " ")
			r.Findings = append(r.Findings, finding(c, &told{id: name, text: x.Description, severity: x.NormalizedSeverity, by: "clair/" + x.Updater, fixed: []string{x.Fixed}, links: strings.Fields(x.Links)}))
		}
	}
	return r, nil
}

// clairType is the purl type of packages of a database that Clair names.
func clairType(database string) string {
	switch {
	case strings.Contains(database, "dpkg"):
		return "deb"
	case strings.Contains(database, "rpm"), strings.HasPrefix(database, "sqlite:"), strings.HasPrefix(database, "bdb:"), strings.HasPrefix(database, "ndb:"):
		return "rpm"
	case strings.Contains(database, "apk"):
		return "apk"
	case strings.HasPrefix(database, "python:"):
		return "pypi"
	case strings.HasPrefix(database, "maven:"):
		return "maven"
	case strings.HasPrefix(database, "go:"):
		return "golang"
	case strings.HasPrefix(database, "ruby:"), strings.HasPrefix(database, "gem:"):
		return "gem"
	}
	return ""
}
