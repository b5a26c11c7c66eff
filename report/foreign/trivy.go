package foreign

import (
	"cmp"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

var _ = add(Format{Name: "trivy", Title: "Trivy's JSON, schema version 2",
	Detect: func(data []byte) bool { return looks(data, "SchemaVersion", "ArtifactName") },
	Read:   readTrivy})

type trivyDoc struct {
	CreatedAt, ArtifactName, ArtifactType string
	Metadata                              struct {
		OS          *struct{ Family, Name string }
		ImageID     string
		DiffIDs     []string
		RepoDigests []string
		ImageConfig struct {
			Architecture, OS, Created string
		}
	}
	Results []trivyResult
}

type trivyResult struct {
	Target, Class, Type string
	Packages            []trivyPackage
	Vulnerabilities     []struct {
		VulnerabilityID, PkgName, PkgPath, InstalledVersion, FixedVersion, SeveritySource, Title, Description, Severity, PrimaryURL string
		PkgIdentifier                                                                                                               struct{ PURL string }
		Layer                                                                                                                       struct{ DiffID string }
		References, CweIDs                                                                                                          []string
		CVSS                                                                                                                        map[string]struct {
			V3Vector string
			V3Score  float64
		}
	}
	Misconfigurations []struct {
		ID, AVDID, Title, Description, Message, Resolution, Severity, Status string
		CauseMetadata                                                        struct{ StartLine int }
	}
	Secrets []struct {
		RuleID, Title, Severity, Match string
		StartLine                      int
	}
}

type trivyPackage struct {
	Name, Version, Release, FilePath string
	Epoch                            int
	Identifier                       struct{ PURL string }
	Layer                            struct{ DiffID string }
	Licenses                         []string
}

func readTrivy(data []byte) (*boltseal.Report, error) {
	doc, err := decode[trivyDoc](data)
	if err != nil {
		return nil, err
	}
	r := &boltseal.Report{Tool: boltseal.Tool{Name: "trivy"}, Artifact: boltseal.Artifact{Name: doc.ArtifactName, Kind: boltseal.KindImage}}
	r.Time, _ = time.Parse(time.RFC3339Nano, doc.CreatedAt) // without it, finish sets it
	if doc.ArtifactType != "container_image" {
		r.Artifact.Kind = boltseal.KindDirectory
	}
	if os := doc.Metadata.OS; os != nil {
		r.Artifact.Distro = &boltseal.Distro{ID: os.Family, Version: os.Name}
	}
	for _, d := range doc.Metadata.RepoDigests {
		if _, digest, ok := strings.Cut(d, "@"); ok {
			r.Artifact.Digest, err = boltseal.ParseDigest(digest)
			if err != nil {
				return nil, err
			}
			break
		}
	}
	if c := doc.Metadata.ImageConfig; c.OS != "" && c.Architecture != "" {
		r.Artifact.Platform = &boltseal.Platform{OS: c.OS, Arch: c.Architecture}
		r.Artifact.Created, _ = time.Parse(time.RFC3339Nano, c.Created)
	}
	for _, d := range doc.Metadata.DiffIDs {
		r.Artifact.Layers = append(r.Artifact.Layers, boltseal.Layer{DiffID: boltseal.Digest(d)})
	}
	known := map[string]*boltseal.Component{}
	for i := range doc.Results {
		doc.Results[i].into(r, known)
	}
	for _, c := range known {
		r.Components = append(r.Components, *c)
	}
	return r, nil
}

func (t *trivyResult) into(r *boltseal.Report, known map[string]*boltseal.Component) {
	component := func(name, version, purl, path, layer string) *boltseal.Component {
		key := strings.Join([]string{cmp.Or(purl, t.Type+"/"+name+"@"+version), path}, "\x00")
		c := known[key]
		if c == nil {
			c = &boltseal.Component{PURL: purl, Name: name, Version: version, FoundBy: "trivy/" + t.Type, Basis: boltseal.Installed}
			if path == "" && t.Class != "os-pkgs" {
				path = t.Target
			}
			c.Locations = []boltseal.Location{{File: strings.TrimPrefix(path, "/"), Layer: boltseal.Digest(layer)}}
			known[key] = c
		}
		return c
	}
	for i := range t.Packages {
		p := &t.Packages[i]
		version := p.Version
		if p.Release != "" {
			version += "-" + p.Release
		}
		component(p.Name, version, p.Identifier.PURL, p.FilePath, p.Layer.DiffID).Licenses = p.Licenses
	}
	for i := range t.Vulnerabilities {
		v := &t.Vulnerabilities[i]
		c := component(v.PkgName, v.InstalledVersion, v.PkgIdentifier.PURL, v.PkgPath, v.Layer.DiffID)
		x := told{id: v.VulnerabilityID, title: v.Title, text: v.Description, severity: v.Severity, by: "trivy/" + v.SeveritySource, fixed: strings.Split(v.FixedVersion, ", "),
			cwes: v.CweIDs, links: v.References, layer: boltseal.Digest(v.Layer.DiffID)}
		if score, ok := v.CVSS[v.SeveritySource]; ok {
			x.score, x.vector = score.V3Score, score.V3Vector
		}
		r.Findings = append(r.Findings, finding(c, &x))
	}
	for _, m := range t.Misconfigurations {
		if m.Status != "FAIL" && m.Status != "" {
			continue
		}
		severity, _ := boltseal.ParseSeverity(m.Severity)
		r.Findings = append(r.Findings, boltseal.Finding{Check: "trivy/" + cmp.Or(m.AVDID, m.ID), Title: m.Title, Message: cmp.Or(m.Message, m.Description), Severity: severity,
			Location: boltseal.Location{File: t.Target, Line: m.CauseMetadata.StartLine}})
	}
	for _, s := range t.Secrets {
		severity, _ := boltseal.ParseSeverity(s.Severity)
		r.Findings = append(r.Findings, boltseal.Finding{Check: "trivy/secret/" + s.RuleID, Title: s.Title, Message: s.Title, Severity: severity,
			Location: boltseal.Location{File: strings.TrimPrefix(t.Target, "/"), Line: s.StartLine}})
	}
}
