package report

import (
	"cmp"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

var _ = add(Format{Name: "trivy-json", Title: "JSON as Trivy writes it (schema version 2), for dashboards that read that", Write: writeTrivy})

// The part of Trivy's report that its readers rely on. Field names are its
// own.
type (
	trivyReport struct {
		SchemaVersion int
		CreatedAt     string `json:",omitempty"`
		ArtifactName  string
		ArtifactType  string
		Metadata      trivyMetadata
		Results       []*trivyResult
	}
	trivyMetadata struct {
		Size        int64             `json:",omitempty"`
		OS          *trivyOS          `json:",omitempty"`
		ImageID     string            `json:",omitempty"`
		DiffIDs     []string          `json:",omitempty"`
		RepoTags    []string          `json:",omitempty"`
		RepoDigests []string          `json:",omitempty"`
		ImageConfig *trivyImageConfig `json:",omitempty"`
	}
	trivyOS struct {
		Family string
		Name   string
	}
	trivyImageConfig struct {
		Architecture string            `json:"architecture"`
		Created      string            `json:"created,omitempty"`
		OS           string            `json:"os"`
		Config       trivyLabels       `json:"config"`
		RootFS       trivyRootFS       `json:"rootfs"`
		History      []trivyHistoryRow `json:"history,omitempty"`
	}
	trivyLabels struct {
		Labels map[string]string `json:"Labels,omitempty"`
	}
	trivyRootFS struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	}
	trivyHistoryRow struct {
		CreatedBy string `json:"created_by"`
	}
	trivyResult struct {
		Target            string
		Class             string
		Type              string               `json:",omitempty"`
		Vulnerabilities   []trivyVulnerability `json:",omitempty"`
		MisconfSummary    *trivySummary        `json:",omitempty"`
		Misconfigurations []trivyMisconf       `json:",omitempty"`
		Secrets           []trivySecret        `json:",omitempty"`
	}
	trivyVulnerability struct {
		VulnerabilityID  string
		VendorIDs        []string `json:",omitempty"`
		PkgID            string   `json:",omitempty"`
		PkgName          string
		PkgPath          string `json:",omitempty"`
		PkgIdentifier    trivyIdentifier
		InstalledVersion string
		FixedVersion     string `json:",omitempty"`
		Status           string
		Layer            trivyLayer
		SeveritySource   string           `json:",omitempty"`
		PrimaryURL       string           `json:",omitempty"`
		DataSource       *trivyDataSource `json:",omitempty"`
		Title            string           `json:",omitempty"`
		Description      string           `json:",omitempty"`
		Severity         string
		CweIDs           []string             `json:",omitempty"`
		CVSS             map[string]trivyCVSS `json:",omitempty"`
		References       []string             `json:",omitempty"`
		PublishedDate    string               `json:",omitempty"`
		LastModifiedDate string               `json:",omitempty"`
	}
	trivyIdentifier struct {
		PURL string `json:",omitempty"`
	}
	trivyLayer struct {
		Digest string `json:",omitempty"`
		DiffID string `json:",omitempty"`
	}
	trivyDataSource struct {
		ID   string
		Name string
	}
	trivyCVSS struct {
		V2Vector  string  `json:",omitempty"`
		V3Vector  string  `json:",omitempty"`
		V40Vector string  `json:",omitempty"`
		V2Score   float64 `json:",omitempty"`
		V3Score   float64 `json:",omitempty"`
		V40Score  float64 `json:",omitempty"`
	}
	trivySummary struct{ Successes, Failures int }
	trivyMisconf struct {
		Type          string
		ID            string
		AVDID         string `json:",omitempty"`
		Title         string
		Description   string `json:",omitempty"`
		Message       string
		Resolution    string `json:",omitempty"`
		Severity      string
		PrimaryURL    string `json:",omitempty"`
		Status        string
		Layer         trivyLayer
		CauseMetadata trivyCause
	}
	trivyCause struct {
		Provider  string
		Service   string
		StartLine int `json:",omitempty"`
		EndLine   int `json:",omitempty"`
	}
	trivySecret struct {
		RuleID    string
		Category  string
		Severity  string
		Title     string
		StartLine int
		EndLine   int
		Match     string
		Layer     trivyLayer
	}
)

// writeTrivy writes findings where Trivy's readers look for them. Waived
// findings are left out, as Trivy leaves out what it ignores.
func writeTrivy(w io.Writer, r *boltseal.Report, opts *Options) error {
	o := opts.orDefault()
	checks := map[string]boltseal.Check{}
	for _, c := range o.Checks {
		checks[c.ID] = c
	}
	out := trivyReport{SchemaVersion: 2, ArtifactName: r.Artifact.Name, ArtifactType: trivyKind(r.Artifact.Kind), Metadata: trivyMeta(r), Results: []*trivyResult{}}
	if !r.Time.IsZero() {
		out.CreatedAt = r.Time.UTC().Format(time.RFC3339)
	}
	at := map[string]*trivyResult{}
	result := func(target, class, kind string) *trivyResult {
		key := class + "\x00" + kind + "\x00" + target
		if at[key] == nil {
			at[key] = &trivyResult{Target: target, Class: class, Type: kind}
			out.Results = append(out.Results, at[key])
		}
		return at[key]
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		switch {
		case f.Waived != nil || familyOf(f.Check) == "policy":
		case f.Component != nil && f.Advisory != nil:
			target, class, kind := trivyPlace(r, f)
			to := result(target, class, kind)
			to.Vulnerabilities = append(to.Vulnerabilities, trivyVulnerabilityOf(r, f))
		case familyOf(f.Check) == "secret":
			to := result(f.Location.File, "secret", "")
			to.Secrets = append(to.Secrets, trivySecret{RuleID: strings.TrimPrefix(f.Check, "secret/"), Category: "boltseal", Severity: trivySeverity(f.Severity),
				Title: f.Title, StartLine: f.Location.Line, EndLine: f.Location.Line, Match: excerptOf(f), Layer: trivyLayerOf(r, f)})
		default:
			kind := trivyConfigKind(familyOf(f.Check))
			to := result(cmp.Or(f.Location.File, f.Subject.Name, r.Artifact.Name), "config", kind)
			to.Misconfigurations = append(to.Misconfigurations, trivyMisconfOf(r, f, checks[f.Check], kind))
			if to.MisconfSummary == nil {
				to.MisconfSummary = &trivySummary{}
			}
			to.MisconfSummary.Failures++
		}
	}
	slices.SortStableFunc(out.Results, func(a, b *trivyResult) int {
		order := []string{"os-pkgs", "lang-pkgs", "config", "secret"}
		return cmp.Or(slices.Index(order, a.Class)-slices.Index(order, b.Class), strings.Compare(a.Type, b.Type), strings.Compare(a.Target, b.Target))
	})
	return encode(w, &out)
}

func trivyKind(k boltseal.Kind) string {
	switch k {
	case boltseal.KindImage, boltseal.KindIndex:
		return "container_image"
	case boltseal.KindSBOM:
		return "cyclonedx"
	case boltseal.KindDirectory, boltseal.KindRootFS, boltseal.KindFile, boltseal.KindDockerfile, boltseal.KindManifest,
		boltseal.KindWorkload, boltseal.KindCluster:
		return "filesystem"
	}
	return "filesystem"
}

func trivyMeta(r *boltseal.Report) trivyMetadata {
	a := &r.Artifact
	if a.Kind == boltseal.KindIndex && len(r.Children) == 1 {
		a = &r.Children[0]
	}
	m := trivyMetadata{Size: a.Size, ImageID: string(a.ImageID)}
	if d := firstDistro(r); d != nil {
		m.OS = &trivyOS{Family: d.ID, Name: d.Version}
	}
	m.RepoTags, m.RepoDigests = namesOf(&r.Artifact)
	if trivyKind(a.Kind) != "container_image" {
		return m
	}
	m.DiffIDs = diffIDsOf(a)
	c := &trivyImageConfig{Config: trivyLabels{Labels: a.Labels}, RootFS: trivyRootFS{Type: "layers", DiffIDs: m.DiffIDs}}
	if a.Platform != nil {
		c.Architecture, c.OS = a.Platform.Arch, a.Platform.OS
	}
	if !a.Created.IsZero() {
		c.Created = a.Created.UTC().Format(time.RFC3339)
	}
	for _, l := range a.Layers {
		c.History = append(c.History, trivyHistoryRow{CreatedBy: l.CreatedBy})
	}
	m.ImageConfig = c
	return m
}

// trivyPlace is the result that a component belongs to: the distribution, a
// lock file, or all that is installed of one language.
func trivyPlace(r *boltseal.Report, f *boltseal.Finding) (target, class, kind string) {
	t := peerTypeOf(f.Component)
	if t.system {
		d := distroIn(r, f)
		if d == nil {
			return r.Artifact.Name, "os-pkgs", ""
		}
		return r.Artifact.Name + " (" + d.ID + " " + d.Version + ")", "os-pkgs", d.ID
	}
	if f.Component.Basis == boltseal.Declared {
		return f.Location.File, "lang-pkgs", t.trivyLock
	}
	return cmp.Or(t.trivyTarget, f.Location.File), "lang-pkgs", t.trivy
}

func trivyVulnerabilityOf(r *boltseal.Report, f *boltseal.Finding) trivyVulnerability {
	a, c := f.Advisory, f.Component
	out := trivyVulnerability{
		VulnerabilityID: nameOf(f), VendorIDs: a.Aliases, PkgName: c.Name, PkgID: c.Name + "@" + c.Version,
		PkgIdentifier: trivyIdentifier{PURL: c.PURL}, InstalledVersion: c.Version, FixedVersion: strings.Join(f.FixedIn, ", "),
		Status: trivyStatus(f), Layer: trivyLayerOf(r, f), PrimaryURL: helpURI(f), Title: titleOf(f), Description: cmp.Or(a.Details, a.Summary),
		Severity: trivySeverity(f.Severity), CweIDs: a.CWEs,
	}
	if !peerTypeOf(c).system {
		out.PkgPath = f.Location.File
	}
	if a.Feed != "" {
		id, name, _ := strings.Cut(a.Feed, "/")
		out.DataSource = &trivyDataSource{ID: strings.ToLower(cmp.Or(name, id)), Name: a.Feed}
	}
	if f.Rating != nil {
		out.SeveritySource = f.Rating.By
	}
	for _, rating := range a.Ratings {
		if rating.Vector == "" {
			continue
		}
		if out.CVSS == nil {
			out.CVSS = map[string]trivyCVSS{}
		}
		by := cmp.Or(rating.By, "nvd")
		score := out.CVSS[by]
		switch v := cvssVersion(rating.Vector); {
		case strings.HasPrefix(v, "4"):
			score.V40Vector, score.V40Score = rating.Vector, rating.Score
		case strings.HasPrefix(v, "3"):
			score.V3Vector, score.V3Score = rating.Vector, rating.Score
		default:
			score.V2Vector, score.V2Score = rating.Vector, rating.Score
		}
		out.CVSS[by] = score
	}
	for _, ref := range a.References {
		if address := webAddress(ref); address != "" {
			out.References = append(out.References, address)
		}
	}
	if !a.Published.IsZero() {
		out.PublishedDate = a.Published.UTC().Format(time.RFC3339)
	}
	if !a.Modified.IsZero() {
		out.LastModifiedDate = a.Modified.UTC().Format(time.RFC3339)
	}
	return out
}

func trivyLayerOf(r *boltseal.Report, f *boltseal.Finding) trivyLayer {
	return trivyLayer{DiffID: string(f.Location.Layer), Digest: digestByDiffID(r, f.Location.Layer)}
}

func trivyMisconfOf(r *boltseal.Report, f *boltseal.Finding, check boltseal.Check, kind string) trivyMisconf {
	id := cmp.Or(aliasOf(check, "trivy"), f.Check)
	out := trivyMisconf{
		Type: kind, ID: strings.TrimPrefix(id, "AVD-"), Title: cmp.Or(check.Title, f.Title), Description: check.Doc, Message: f.Message,
		Resolution: resolutionOf(f), Severity: trivySeverity(f.Severity), PrimaryURL: webAddress(check.URL), Status: "FAIL", Layer: trivyLayerOf(r, f),
		CauseMetadata: trivyCause{Provider: "boltseal", Service: "general", StartLine: f.Location.Line, EndLine: f.Location.Line},
	}
	if id != f.Check {
		out.AVDID = "AVD-" + out.ID
	}
	return out
}

func trivyConfigKind(family string) string {
	switch family {
	case "docker", "image":
		return "dockerfile"
	case "kube", "netpol", "seccomp":
		return "kubernetes"
	}
	return family
}

func trivyStatus(f *boltseal.Finding) string {
	switch f.Status {
	case boltseal.StatusWillNotFix:
		return "will_not_fix"
	case boltseal.StatusDeferred:
		return "fix_deferred"
	case boltseal.StatusUnderReview:
		return "under_investigation"
	case boltseal.StatusNotAffected:
		return "not_affected"
	case boltseal.StatusFixed:
		return "fixed"
	case boltseal.StatusAffected:
	}
	if len(f.FixedIn) > 0 {
		return "fixed"
	}
	return "affected"
}

func trivySeverity(s boltseal.Severity) string {
	switch s {
	case boltseal.Negligible:
		return "LOW"
	case boltseal.Unknown:
		return "UNKNOWN"
	case boltseal.Low, boltseal.Medium, boltseal.High, boltseal.Critical:
		return strings.ToUpper(s.String())
	}
	return "UNKNOWN"
}

// excerptOf is the redacted text that a finding shows.
func excerptOf(f *boltseal.Finding) string {
	for _, e := range f.Evidence {
		if e.Kind == boltseal.EvidenceFile && e.Excerpt != "" {
			return e.Excerpt
		}
	}
	return f.Message
}
