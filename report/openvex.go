package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

var _ = add(Format{Name: "openvex", Title: "what waivers say of vulnerabilities, for other scanners", Write: writeOpenVEX})

// openVEX is a document of the OpenVEX specification 0.2.0.
type openVEX struct {
	Context    string             `json:"@context"`
	ID         string             `json:"@id"`
	Author     string             `json:"author"`
	Timestamp  string             `json:"timestamp"`
	Version    int                `json:"version"`
	Tooling    string             `json:"tooling,omitempty"`
	Statements []openVEXStatement `json:"statements"`
}

type openVEXStatement struct {
	Vulnerability   openVEXVulnerability `json:"vulnerability"`
	Products        []openVEXProduct     `json:"products"`
	Status          string               `json:"status"`
	Justification   string               `json:"justification,omitempty"`
	ImpactStatement string               `json:"impact_statement,omitempty"`
	ActionStatement string               `json:"action_statement,omitempty"`
}

type openVEXVulnerability struct {
	Name    string   `json:"name"`
	Aliases []string `json:"aliases,omitempty"`
}

type openVEXProduct struct {
	ID            string           `json:"@id"`
	Subcomponents []openVEXProduct `json:"subcomponents,omitempty"`
}

// writeOpenVEX writes one statement for each waived vulnerability. Only a
// waiver with a status says "not affected"; an accepted risk is still
// "affected", and its terms are the action statement. Its id is a hash of
// what it says, so that saying the same twice gives the same document.
func writeOpenVEX(w io.Writer, r *boltseal.Report, _ *Options) error {
	doc := openVEX{
		Context: "https://openvex.dev/ns/v0.2.0", Version: 1, Timestamp: r.Time.UTC().Format(time.RFC3339),
		Tooling: r.Tool.Name + " " + r.Tool.Version, Statements: []openVEXStatement{},
	}
	var authors []string
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Waived == nil || f.Advisory == nil || f.Component == nil {
			continue
		}
		authors = append(authors, f.Waived.Owner)
		doc.Statements = append(doc.Statements, openVEXOf(f, r))
	}
	slices.Sort(authors)
	if doc.Author = strings.Join(slices.Compact(authors), ", "); doc.Author == "" {
		doc.Author = "Unknown Author" // the name that the specification gives it
	}
	said, err := json.Marshal(doc.Statements)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(said)
	doc.ID = "https://openvex.dev/docs/public/vex-" + hex.EncodeToString(sum[:])
	return encode(w, doc)
}

func openVEXOf(f *boltseal.Finding, r *boltseal.Report) openVEXStatement {
	s := openVEXStatement{
		Vulnerability: openVEXVulnerability{Name: f.Advisory.ID, Aliases: f.Advisory.Aliases},
		Products:      []openVEXProduct{{ID: f.Component.PURL}},
	}
	if image := imagePURL(f, r); image != "" {
		s.Products = []openVEXProduct{{ID: image, Subcomponents: s.Products}}
	}
	switch f.Waived.Status {
	case boltseal.StatusNotAffected:
		s.Status, s.Justification, s.ImpactStatement = "not_affected", f.Waived.Justification, f.Waived.Reason
	case boltseal.StatusFixed:
		s.Status = "fixed"
	default:
		s.Status, s.ActionStatement = "affected", f.Waived.String()
	}
	return s
}

// imagePURL names the image that a finding is in by its digest, or is empty
// where it is in none.
func imagePURL(f *boltseal.Finding, r *boltseal.Report) string {
	digest := f.Subject.Digest
	if digest == "" {
		digest = r.Artifact.Digest
	}
	if r.Artifact.Kind != boltseal.KindImage && r.Artifact.Kind != boltseal.KindIndex || digest == "" {
		return ""
	}
	repository, _, _ := strings.Cut(strings.TrimPrefix(r.Artifact.Name, "registry:"), "@")
	if colon := strings.LastIndexByte(repository, ':'); colon > strings.LastIndexByte(repository, '/') {
		repository = repository[:colon]
	}
	p := boltseal.PURL{Type: "oci", Name: repository[strings.LastIndexByte(repository, '/')+1:], Version: string(digest)}
	if strings.Contains(repository, "/") {
		p.Qualifiers = map[string]string{"repository_url": repository}
	}
	return p.String()
}
