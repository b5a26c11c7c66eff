// Package foreign reads the reports of other scanners - Trivy, Grype, Snyk,
// Clair, anything that writes SARIF - and bills of materials into a
// [boltseal.Report], so that a team can begin with what it has. Start at
// [Read]; each format is one file.
//
// It judges nothing, and what a report does not say it does not make up: a
// component whose purl is not told gets one only where its type is known.
package foreign

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/strictjson"
)

// Format is a kind of report that somebody else writes.
type Format struct {
	Name   string
	Title  string
	Detect func(data []byte) bool
	Read   func(data []byte) (*boltseal.Report, error)
}

var formats []Format

func add(f Format) bool {
	formats = append(formats, f)
	return true
}

// Formats lists all formats by name.
func Formats() []Format {
	list := slices.Clone(formats)
	slices.SortFunc(list, func(a, b Format) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// ErrUnknown says that no format knows the document.
var ErrUnknown = errors.New("no report of Trivy, Grype, Snyk or Clair, no SARIF and no bill of materials")

// Read reads a report and tells whose it is. now is its time where it tells
// none.
func Read(data []byte, now time.Time) (*boltseal.Report, *Format, error) {
	for _, f := range Formats() {
		if !f.Detect(data) {
			continue
		}
		r, err := f.Read(data)
		if err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", f.Name, err)
		}
		finish(r, now)
		return r, &f, nil
	}
	return nil, nil, ErrUnknown
}

// finish puts a report into the form that ours have.
func finish(r *boltseal.Report, now time.Time) {
	r.Schema = boltseal.ReportSchema
	if r.Time.IsZero() {
		r.Time = now
	}
	r.Time = r.Time.UTC()
	r.Artifact.Name = cmp.Or(r.Artifact.Name, string(r.Artifact.Digest), "unnamed")
	r.Artifact.Kind = cmp.Or(r.Artifact.Kind, boltseal.KindImage)
	if r.Components == nil {
		r.Components = []boltseal.Component{}
	}
	if r.Findings == nil {
		r.Findings = []boltseal.Finding{}
	}
	if r.Gaps == nil {
		r.Gaps = []boltseal.Gap{}
	}
	platform := ""
	if r.Artifact.Platform != nil {
		platform = r.Artifact.Platform.String()
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		f.Subject = boltseal.Subject{Name: r.Artifact.Name, Digest: r.Artifact.Digest, Platform: platform}
		f.Seal()
	}
	r.Sort()
}

// looks tells by the names in a JSON object's text whether it may be ours to
// read. Reading it says for sure.
func looks(data []byte, names ...string) bool {
	if !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n\ufeff"), []byte("{")) && !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("[")) {
		return false
	}
	for _, name := range names {
		if !bytes.Contains(data, []byte(`"`+name+`"`)) {
			return false
		}
	}
	return true
}

// decode reads JSON into v; a name twice in an object is an error.
func decode[T any](data []byte) (*T, error) {
	v := new(T)
	return v, strictjson.Unmarshal(data, v)
}

// told is what another scanner tells of a vulnerability.
type told struct {
	id, title, text, severity, by string
	aliases, fixed, cwes, links   []string
	score                         float64
	vector                        string
	kev                           bool
	layer                         boltseal.Digest
	path                          string
}

// finding makes a finding of what is told about a component.
func finding(c *boltseal.Component, v *told) boltseal.Finding {
	severity, ok := boltseal.ParseSeverity(v.severity)
	if !ok || severity == boltseal.Unknown && v.score > 0 {
		severity = boltseal.SeverityOfScore(v.score)
	}
	f := boltseal.Finding{
		Check: "vuln/known", Title: "component has a known vulnerability", Message: strings.TrimSpace(v.id + " in " + c.Name + " " + c.Version), Severity: severity,
		Component: c, FixedIn: slices.DeleteFunc(v.fixed, func(s string) bool { return s == "" }),
		Advisory: &boltseal.Advisory{ID: v.id, Aliases: v.aliases, Summary: v.title, Details: v.text, References: v.links, CWEs: v.cwes, Feed: v.by},
		Location: boltseal.Location{File: v.path, Layer: v.layer},
		Rating:   &boltseal.Rating{Severity: severity, Score: v.score, Vector: v.vector, By: v.by},
	}
	if v.kev {
		f.Advisory.KEV = &boltseal.KEV{}
	}
	if f.Location == (boltseal.Location{}) && len(c.Locations) > 0 {
		f.Location = c.Locations[0]
	}
	return f
}

// purl is a component's purl where its document tells none.
func purl(kind, name, version string, distro *boltseal.Distro) string {
	p := boltseal.PURL{Type: kind, Name: name, Version: version}
	switch kind {
	case "":
		return ""
	case "deb", "rpm", "apk", "alpm":
		if distro == nil {
			return ""
		}
		p.Namespace, p.Qualifiers = distro.ID, map[string]string{"distro": distro.String()}
	case "maven":
		if group, artifact, ok := strings.Cut(name, ":"); ok {
			p.Namespace, p.Name = group, artifact
		}
	default:
		if i := strings.LastIndexByte(name, '/'); i > 0 {
			p.Namespace, p.Name = name[:i], name[i+1:]
		}
	}
	return p.String()
}
