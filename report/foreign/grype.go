package foreign

import (
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

var _ = add(Format{Name: "grype", Title: "Grype's JSON",
	Detect: func(data []byte) bool { return looks(data, "matches", "descriptor", "source") },
	Read:   readGrype})

type grypeDoc struct {
	Matches []struct {
		Vulnerability struct {
			ID, Severity, Description, Namespace, DataSource string
			URLs                                             []string
			CVSS                                             []grypeScore
			Fix                                              struct{ Versions []string }
			KnownExploited                                   []struct{ CVE string }
		}
		RelatedVulnerabilities []struct {
			ID             string
			KnownExploited []struct{ CVE string }
		}
		Artifact struct {
			Name, Version, Type, PURL string
			Locations                 []struct {
				Path    string
				LayerID string
			}
			Licenses []string
		}
	}
	Source struct {
		Type   string
		Target any
	}
	Distro     struct{ Name, Version string }
	Descriptor struct{ Name, Version, Timestamp string }
}

type grypeScore struct {
	Vector  string
	Metrics struct{ BaseScore float64 }
}

func readGrype(data []byte) (*boltseal.Report, error) {
	doc, err := decode[grypeDoc](data)
	if err != nil {
		return nil, err
	}
	r := &boltseal.Report{Tool: boltseal.Tool{Name: "grype", Version: doc.Descriptor.Version}, Artifact: boltseal.Artifact{Kind: boltseal.KindDirectory}}
	r.Time, _ = time.Parse(time.RFC3339Nano, doc.Descriptor.Timestamp) // without it, finish sets it
	if doc.Distro.Name != "" {
		r.Artifact.Distro = &boltseal.Distro{ID: doc.Distro.Name, Version: doc.Distro.Version}
	}
	switch target := doc.Source.Target.(type) {
	case string:
		r.Artifact.Name = target
	case map[string]any:
		r.Artifact.Kind = boltseal.KindImage
		r.Artifact.Name, _ = target["userInput"].(string)
		if digest, _ := target["manifestDigest"].(string); digest != "" {
			if r.Artifact.Digest, err = boltseal.ParseDigest(digest); err != nil {
				return nil, err
			}
		}
	}
	known := map[string]*boltseal.Component{}
	for i := range doc.Matches {
		m := &doc.Matches[i]
		a := &m.Artifact
		var place boltseal.Location
		if len(a.Locations) > 0 {
			place = boltseal.Location{File: strings.TrimPrefix(a.Locations[0].Path, "/"), Layer: boltseal.Digest(a.Locations[0].LayerID)}
		}
		key := a.PURL + "\x00" + a.Name + "\x00" + a.Version + "\x00" + place.File
		if known[key] == nil {
			known[key] = &boltseal.Component{PURL: a.PURL, Name: a.Name, Version: a.Version, Licenses: a.Licenses, FoundBy: "grype/" + a.Type, Basis: boltseal.Installed, Locations: []boltseal.Location{place}}
		}
		v := told{id: m.Vulnerability.ID, text: m.Vulnerability.Description, severity: m.Vulnerability.Severity, by: "grype/" + m.Vulnerability.Namespace, fixed: m.Vulnerability.Fix.Versions,
			links: m.Vulnerability.URLs, kev: len(m.Vulnerability.KnownExploited) > 0}
		for _, x := range m.RelatedVulnerabilities {
			if x.ID != v.id {
				v.aliases = append(v.aliases, x.ID)
			}
			v.kev = v.kev || len(x.KnownExploited) > 0
		}
		if len(m.Vulnerability.CVSS) > 0 {
			v.score, v.vector = m.Vulnerability.CVSS[0].Metrics.BaseScore, m.Vulnerability.CVSS[0].Vector
		}
		r.Findings = append(r.Findings, finding(known[key], &v))
	}
	for _, c := range known {
		r.Components = append(r.Components, *c)
	}
	return r, nil
}
