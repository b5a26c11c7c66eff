package report

import (
	"cmp"
	"io"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

var _ = add(Format{Name: "grype-json", Title: "JSON as Grype writes it, for dashboards that read that", Write: writeGrype})

// The part of Grype's document that its readers rely on.
type (
	grypeDoc struct {
		Matches    []grypeMatch    `json:"matches"`
		Ignored    []grypeIgnored  `json:"ignoredMatches,omitempty"`
		Source     grypeSource     `json:"source"`
		Distro     grypeDistro     `json:"distro"`
		Descriptor grypeDescriptor `json:"descriptor"`
	}
	grypeMatch struct {
		Vulnerability grypeVulnerability `json:"vulnerability"`
		Related       []grypeMetadata    `json:"relatedVulnerabilities"`
		Details       []grypeDetail      `json:"matchDetails"`
		Artifact      grypeArtifact      `json:"artifact"`
	}
	grypeIgnored struct {
		grypeMatch
		Rules []grypeRule `json:"appliedIgnoreRules"`
	}
	grypeRule struct {
		Vulnerability string `json:"vulnerability,omitempty"`
		Reason        string `json:"reason,omitempty"`
		Namespace     string `json:"namespace"`
	}
	grypeMetadata struct {
		ID          string      `json:"id"`
		DataSource  string      `json:"dataSource"`
		Namespace   string      `json:"namespace,omitempty"`
		Severity    string      `json:"severity,omitempty"`
		URLs        []string    `json:"urls"`
		Description string      `json:"description,omitempty"`
		CVSS        []grypeCVSS `json:"cvss"`
		Exploited   []grypeKEV  `json:"knownExploited,omitempty"`
		EPSS        []grypeEPSS `json:"epss,omitempty"`
		CWEs        []grypeCWE  `json:"cwes,omitempty"`
	}
	grypeVulnerability struct {
		grypeMetadata
		Fix        grypeFix `json:"fix"`
		Advisories []any    `json:"advisories"`
		Risk       float64  `json:"risk"`
	}
	grypeCVSS struct {
		Source  string       `json:"source,omitempty"`
		Type    string       `json:"type,omitempty"`
		Version string       `json:"version"`
		Vector  string       `json:"vector"`
		Metrics grypeMetrics `json:"metrics"`
		Vendor  struct{}     `json:"vendorMetadata"`
	}
	grypeMetrics struct {
		Base float64 `json:"baseScore"`
	}
	grypeKEV struct {
		CVE        string `json:"cve"`
		DateAdded  string `json:"dateAdded,omitempty"`
		DueDate    string `json:"dueDate,omitempty"`
		Ransomware string `json:"knownRansomwareCampaignUse"`
	}
	grypeEPSS struct {
		CVE        string  `json:"cve"`
		EPSS       float64 `json:"epss"`
		Percentile float64 `json:"percentile"`
		Date       string  `json:"date"`
	}
	grypeCWE struct {
		CVE string `json:"cve"`
		CWE string `json:"cwe"`
	}
	grypeFix struct {
		Versions []string `json:"versions"`
		State    string   `json:"state"`
	}
	grypeDetail struct {
		Type       string         `json:"type"`
		Matcher    string         `json:"matcher"`
		SearchedBy map[string]any `json:"searchedBy"`
		Found      map[string]any `json:"found"`
	}
	grypeArtifact struct {
		ID        string          `json:"id"`
		Name      string          `json:"name"`
		Version   string          `json:"version"`
		Type      string          `json:"type"`
		Locations []grypeLocation `json:"locations"`
		Language  string          `json:"language"`
		Licenses  []string        `json:"licenses"`
		CPEs      []string        `json:"cpes"`
		PURL      string          `json:"purl"`
		Upstreams []grypeUpstream `json:"upstreams"`
	}
	grypeLocation struct {
		Path    string `json:"path"`
		LayerID string `json:"layerID,omitempty"`
	}
	grypeUpstream struct {
		Name    string `json:"name"`
		Version string `json:"version,omitempty"`
	}
	grypeSource struct {
		Type   string `json:"type"`
		Target any    `json:"target"`
	}
	grypeImage struct {
		UserInput      string            `json:"userInput"`
		ImageID        string            `json:"imageID"`
		ManifestDigest string            `json:"manifestDigest"`
		MediaType      string            `json:"mediaType"`
		Tags           []string          `json:"tags"`
		ImageSize      int64             `json:"imageSize"`
		Layers         []grypeLayer      `json:"layers"`
		RepoDigests    []string          `json:"repoDigests"`
		Architecture   string            `json:"architecture"`
		OS             string            `json:"os"`
		Labels         map[string]string `json:"labels,omitempty"`
	}
	grypeLayer struct {
		MediaType string `json:"mediaType"`
		Digest    string `json:"digest"`
		Size      int64  `json:"size"`
	}
	grypeDistro struct {
		Name    string   `json:"name"`
		Version string   `json:"version"`
		IDLike  []string `json:"idLike"`
	}
	grypeDescriptor struct {
		Name      string         `json:"name"`
		Version   string         `json:"version"`
		DB        map[string]any `json:"db,omitempty"`
		Timestamp string         `json:"timestamp"`
	}
)

// writeGrype writes vulnerabilities as Grype's matches, and waived ones as
// those that it ignored. Grype knows nothing of other findings.
func writeGrype(w io.Writer, r *boltseal.Report, _ *Options) error {
	out := grypeDoc{Matches: []grypeMatch{}, Source: grypeSourceOf(r), Distro: grypeDistro{IDLike: []string{}},
		Descriptor: grypeDescriptor{Name: cmp.Or(r.Tool.Name, "boltseal"), Version: r.Tool.Version, Timestamp: r.Time.UTC().Format(time.RFC3339)}}
	if d := firstDistro(r); d != nil {
		out.Distro.Name, out.Distro.Version = d.ID, d.Version
		out.Distro.IDLike = append(out.Distro.IDLike, d.Like...)
	}
	if r.Snapshot != nil {
		out.Descriptor.DB = map[string]any{"checksum": r.Snapshot.ID, "built": r.Snapshot.Built.UTC().Format(time.RFC3339), "status": "valid"}
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Component == nil || f.Advisory == nil {
			continue
		}
		m := grypeMatchOf(r, f)
		if f.Waived != nil {
			out.Ignored = append(out.Ignored, grypeIgnored{m, []grypeRule{{Vulnerability: m.Vulnerability.ID, Reason: f.Waived.String()}}})
			continue
		}
		out.Matches = append(out.Matches, m)
	}
	return encode(w, &out)
}

func grypeMatchOf(r *boltseal.Report, f *boltseal.Finding) grypeMatch {
	a, c, t := f.Advisory, f.Component, peerTypeOf(f.Component)
	namespace, kind := grypeNamespace(r, f), "exact-direct-match"
	if c.Source != nil && c.Source.Name != "" && c.Source.Name != c.Name {
		kind = "exact-indirect-match"
	}
	m := grypeMatch{
		Vulnerability: grypeVulnerability{
			grypeMetadata: grypeMetadata{ID: nameOf(f), DataSource: helpURI(f), Namespace: namespace, Severity: grypeSeverity(f.Severity),
				URLs: []string{}, Description: cmp.Or(a.Summary, a.Details), CVSS: []grypeCVSS{}},
			Fix: grypeFixOf(f), Advisories: []any{}, Risk: float64(f.Score),
		},
		Related: []grypeMetadata{},
		Details: []grypeDetail{{Type: kind, Matcher: t.grype + "-matcher",
			SearchedBy: map[string]any{"package": map[string]any{"name": c.Name, "version": c.Version}, "namespace": namespace},
			Found:      map[string]any{"vulnerabilityID": nameOf(f)}}},
		Artifact: grypeArtifactOf(f, t),
	}
	for _, rating := range a.Ratings {
		if rating.Vector != "" {
			m.Vulnerability.CVSS = append(m.Vulnerability.CVSS, grypeCVSS{Source: rating.By, Version: cvssVersion(rating.Vector), Vector: rating.Vector, Metrics: grypeMetrics{rating.Score}})
		}
	}
	for _, ref := range a.References {
		if address := webAddress(ref); address != "" {
			m.Vulnerability.URLs = append(m.Vulnerability.URLs, address)
		}
	}
	if k := a.KEV; k != nil {
		use := "unknown"
		if k.Ransomware {
			use = "known"
		}
		m.Vulnerability.Exploited = []grypeKEV{{CVE: nameOf(f), DateAdded: day(k.Added), DueDate: day(k.Due), Ransomware: use}}
	}
	if e := a.EPSS; e != nil {
		m.Vulnerability.EPSS = []grypeEPSS{{CVE: nameOf(f), EPSS: e.Score, Percentile: e.Percentile, Date: day(e.Date)}}
	}
	for _, cwe := range a.CWEs {
		m.Vulnerability.CWEs = append(m.Vulnerability.CWEs, grypeCWE{CVE: nameOf(f), CWE: cwe})
	}
	for _, alias := range a.Aliases {
		m.Related = append(m.Related, grypeMetadata{ID: alias, URLs: []string{}, CVSS: []grypeCVSS{}})
	}
	return m
}

func grypeArtifactOf(f *boltseal.Finding, t peerType) grypeArtifact {
	c := f.Component
	out := grypeArtifact{ID: cut(f.Key, 16), Name: c.Name, Version: c.Version, Type: t.grype, Language: t.language, PURL: c.PURL,
		Locations: []grypeLocation{}, Licenses: append([]string{}, c.Licenses...), CPEs: append([]string{}, c.CPEs...), Upstreams: []grypeUpstream{}}
	if len(f.Key) >= 16 {
		out.ID = f.Key[:16]
	}
	for _, l := range placesOf(f) {
		out.Locations = append(out.Locations, grypeLocation{Path: "/" + strings.TrimPrefix(l.File, "/"), LayerID: string(l.Layer)})
	}
	if c.Source != nil && c.Source.Name != "" && c.Source.Name != c.Name {
		out.Upstreams = append(out.Upstreams, grypeUpstream{Name: c.Source.Name, Version: c.Source.Version})
	}
	return out
}

func grypeFixOf(f *boltseal.Finding) grypeFix {
	out := grypeFix{Versions: append([]string{}, f.FixedIn...), State: "not-fixed"}
	switch {
	case len(f.FixedIn) > 0:
		out.State = "fixed"
	case f.Status == boltseal.StatusWillNotFix:
		out.State = "wont-fix"
	case f.Status == boltseal.StatusUnderReview:
		out.State = "unknown"
	}
	return out
}

func grypeNamespace(r *boltseal.Report, f *boltseal.Finding) string {
	t := peerTypeOf(f.Component)
	if !t.system {
		return "github:language:" + cmp.Or(t.language, t.grype)
	}
	d := distroIn(r, f)
	if d == nil {
		return ""
	}
	return d.ID + ":distro:" + d.ID + ":" + d.Version
}

func grypeSourceOf(r *boltseal.Report) grypeSource {
	a := &r.Artifact
	switch a.Kind {
	case boltseal.KindImage, boltseal.KindIndex:
		image := grypeImage{UserInput: a.Name, ImageID: string(a.ImageID), ManifestDigest: string(a.Digest), MediaType: a.MediaType,
			Tags: []string{}, RepoDigests: []string{}, Layers: []grypeLayer{}, ImageSize: a.Size, Labels: a.Labels}
		tags, digests := namesOf(a)
		image.Tags, image.RepoDigests = append(image.Tags, tags...), append(image.RepoDigests, digests...)
		for _, l := range a.Layers {
			image.Layers = append(image.Layers, grypeLayer{MediaType: l.MediaType, Digest: string(l.DiffID), Size: l.Size})
		}
		if a.Platform != nil {
			image.Architecture, image.OS = a.Platform.Arch, a.Platform.OS
		}
		return grypeSource{"image", image}
	case boltseal.KindSBOM:
		return grypeSource{"sbom-file", a.Name}
	case boltseal.KindFile, boltseal.KindDockerfile, boltseal.KindManifest:
		return grypeSource{"file", a.Name}
	case boltseal.KindDirectory, boltseal.KindRootFS, boltseal.KindWorkload, boltseal.KindCluster:
		return grypeSource{"directory", a.Name}
	}
	return grypeSource{"unknown", "unknown"}
}

// grypeSeverity is a severity in Grype's words, which have one for
// negligible.
func grypeSeverity(s boltseal.Severity) string {
	if s == boltseal.Negligible {
		return "Negligible"
	}
	return gitlabSeverity(s)
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}
