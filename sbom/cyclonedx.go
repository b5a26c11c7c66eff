package sbom

import (
	"encoding/json"
	"strings"
)

// cdxVersions are the versions of CycloneDX that are written.
var cdxVersions = []string{"1.4", "1.5", "1.6", "1.7"}

// cdxDocument is a CycloneDX document, the parts that are written, in the
// order in which the XML schema wants them.
type cdxDocument struct {
	version      string
	metadata     cdxMetadata
	components   []cdxComponent
	dependencies []cdxDependency
	compositions []cdxComposition
}

type cdxMetadata struct {
	Timestamp  string          `json:"timestamp"`
	Lifecycles []cdxLifecycle  `json:"lifecycles"` // since 1.5
	Tools      json.RawMessage `json:"tools"`      // an array before 1.5, mostly an object after
	Authors    []cdxContact    `json:"authors"`
	Component  *cdxComponent   `json:"component"`
	Supplier   *cdxEntity      `json:"supplier"`
	Maker      *cdxEntity      `json:"manufacturer"` // since 1.6
	OldMaker   *cdxEntity      `json:"manufacture"`
	Properties []Property      `json:"properties"`

	tools []cdxComponent // as understood from Tools
}

type cdxLifecycle struct {
	Phase string `json:"phase"`
	Name  string `json:"name"`
}

type cdxTools struct {
	Components []cdxComponent `json:"components"`
}

type cdxTool struct {
	Vendor  string `json:"vendor"`
	Name    string `json:"name"`
	Version string `json:"version"`
}

type cdxContact struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

type cdxEntity struct {
	Name    string       `json:"name"`
	URL     []string     `json:"url"`
	Contact []cdxContact `json:"contact"`
}

type cdxComponent struct {
	Type         string         `json:"type"`
	MIMEType     string         `json:"mime-type"`
	Ref          string         `json:"bom-ref"`
	Supplier     *cdxEntity     `json:"supplier"`
	Manufacturer *cdxEntity     `json:"manufacturer"` // since 1.6
	Authors      []cdxContact   `json:"authors"`      // since 1.6
	Author       string         `json:"author"`
	Publisher    string         `json:"publisher"`
	Group        string         `json:"group"`
	Name         string         `json:"name"`
	Version      string         `json:"version"`
	Description  string         `json:"description"`
	Scope        string         `json:"scope"`
	Hashes       []cdxHash      `json:"hashes"`
	Licenses     []cdxLicence   `json:"licenses"`
	Copyright    string         `json:"copyright"`
	CPE          string         `json:"cpe"`
	PURL         string         `json:"purl"`
	References   []cdxReference `json:"externalReferences"`
	Properties   []Property     `json:"properties"`
	Evidence     *cdxEvidence   `json:"evidence"`

	components []cdxComponent // nested; read apart, so that nesting is bounded
}

type cdxHash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type cdxLicence struct {
	License    *cdxNamedLicence `json:"license"`
	Expression string           `json:"expression"`
}

type cdxNamedLicence struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	URL  string `json:"url"`
}

type cdxReference struct {
	Type   string    `json:"type"`
	URL    string    `json:"url"`
	Hashes []cdxHash `json:"hashes"`
}

type cdxEvidence struct {
	Occurrences []cdxOccurrence `json:"occurrences"` // since 1.5
}

type cdxOccurrence struct {
	Location string `json:"location"`
	Line     int    `json:"line"` // since 1.6
}

type cdxDependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn"`
}

type cdxComposition struct {
	Aggregate    string   `json:"aggregate"`
	Assemblies   []string `json:"assemblies"`
	Dependencies []string `json:"dependencies"`
}

// cdxText reads a JSON value that should be a string; other scalars are
// taken as they are written.
func cdxText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return strings.Trim(string(raw), `"`)
}
