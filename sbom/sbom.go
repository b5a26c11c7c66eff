// Package sbom reads and writes bills of materials: CycloneDX 1.4 to 1.7 in
// JSON and XML, SPDX 2.2 and 2.3 in JSON and tag-value, SPDX 3.0.1 in
// JSON-LD. One file adds one [Format] to the registry. [Read] finds the
// format by content, and a Format's Write gives the same bytes for the same
// [Document]; start with those two.
//
// A document that boltseal wrote comes back with everything that matching
// needs, in every format: what a format has no field for travels in the
// properties of docs/reference/sbom-properties.md. Documents of other tools
// are read leniently where they inform and strictly where they decide; what
// could not be understood is a gap. [Merge], [Diff] and [Check] work on
// documents of any origin.
//
// It does not find components (inventory does) and does no input or output
// of its own.
package sbom

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
)

// Document is a bill of materials, whatever format it is written in.
type Document struct {
	Artifact   boltseal.Artifact   // what the document describes
	Children   []boltseal.Artifact // the images of an index
	Components []boltseal.Component
	Tool       boltseal.Tool
	Time       time.Time // whole seconds, UTC; zero is not known
	Gaps       []boltseal.Gap

	Serial          string       // serial number or namespace of the document read
	Format          string       // name of the format read, with its version; empty when made here
	Authors         []string     // people and organizations that vouch for it, "Name <mail>"
	Phase           string       // CycloneDX lifecycle phase: "pre-build", "build", "post-build", "operations", …
	Completeness    Completeness // whether the components are all there are
	Vulnerabilities int          // how many the document read lists; they are not kept
	Details         []Detail     // Details[i] belongs to Components[i]; nil or as many
}

// Completeness is what a document says of itself.
type Completeness string

// The values of Completeness. Empty is not stated.
const (
	Complete      Completeness = "complete"
	Incomplete    Completeness = "incomplete"
	CannotBeKnown Completeness = "unknown"
)

// Detail is what a document says of a component that no decision rests on.
// It is kept so that conversion loses nothing and quality can be judged.
type Detail struct {
	Kind        string // CycloneDX component type; empty is "library"
	Description string
	Copyright   string
	Contact     string // mail or web address of who made the component
	Filename    string // of the component as delivered, without directory
	Website     string
	Download    string // where the component as delivered can be fetched
	SourceCode  string // where its source code can be fetched
	Executable  *bool  // nil is not stated
	Archive     *bool
	Structured  *bool      // its metadata and parts can be told apart again
	Orphan      bool       // no relationship of the document read names it
	Properties  []Property // those that nobody here understands
}

// Property is a name and a value that a format carries without looking at it.
type Property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Format is one way to write a document.
type Format struct {
	Name      string   // "cyclonedx-json"
	Aliases   []string // other names for the command line
	Title     string   // "CycloneDX 1.6 JSON"
	MediaType string
	Detect    func(data []byte) bool
	Read      func(data []byte) (*Document, error)
	Write     func(w io.Writer, doc *Document) error
}

var formats []Format

// add registers a format; each file calls it from a package-level variable.
func add(f Format) bool {
	formats = append(formats, f)
	return true
}

// Formats lists every format by name.
func Formats() []Format {
	all := slices.Clone(formats)
	slices.SortFunc(all, func(a, b Format) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Lookup finds a format by its name or one of its aliases, in any case.
func Lookup(name string) (Format, bool) {
	name = strings.ToLower(name)
	for _, f := range formats {
		if f.Name == name || slices.Contains(f.Aliases, name) {
			return f, true
		}
	}
	return Format{}, false
}

// ErrUnknownFormat says that the bytes are no bill of materials that this
// package can read.
var ErrUnknownFormat = errors.New("not a CycloneDX or SPDX document")

// Read reads a document of any format. An in-toto statement whose predicate
// is a document, as BuildKit attaches to images, is read as that document, and
// so is the answer of GitHub's dependency graph; nothing here verifies who
// made the statement.
func Read(data []byte) (*Document, Format, error) {
	if err := checkSize(data); err != nil {
		return nil, Format{}, err
	}
	data = unwrap(data)
	kind := sniff(data)
	f, ok := Lookup(kind.format())
	if !ok {
		if kind.family == "" {
			return nil, Format{}, ErrUnknownFormat
		}
		return nil, Format{}, fmt.Errorf("%q: %w", kind.String(), ErrUnknownFormat)
	}
	doc, err := f.Read(data)
	if err != nil {
		return nil, f, err
	}
	return doc, f, nil
}

// checkSize refuses documents past the limit on JSON documents, whatever
// their syntax.
func checkSize(data []byte) error {
	if most := limit.Default().JSONBytes; int64(len(data)) > most {
		return &limit.Error{What: "bill of materials", Max: most, Unit: "bytes", Flag: "--max-json-bytes"}
	}
	return nil
}

// FromReport makes the document of what a report found in its artifact.
func FromReport(r *boltseal.Report) *Document {
	doc := &Document{
		Artifact:     r.Artifact,
		Children:     slices.Clone(r.Children),
		Components:   slices.Clone(r.Components),
		Tool:         r.Tool,
		Time:         r.Time,
		Gaps:         slices.Clone(r.Gaps),
		Phase:        phaseOf(r.Artifact.Kind),
		Completeness: CannotBeKnown,
	}
	if len(doc.Gaps) > 0 {
		doc.Completeness = Incomplete
	}
	return doc
}

// phaseOf is when in its life an artifact of this kind was looked at.
func phaseOf(kind boltseal.Kind) string {
	switch kind {
	case boltseal.KindImage, boltseal.KindIndex, boltseal.KindFile:
		return "post-build"
	case boltseal.KindDirectory:
		return "pre-build"
	case boltseal.KindRootFS, boltseal.KindWorkload, boltseal.KindCluster:
		return "operations"
	}
	return ""
}

// detail is what is known of the component i besides.
func (d *Document) detail(i int) *Detail {
	if i < len(d.Details) {
		return &d.Details[i]
	}
	return &Detail{}
}

// sorted is a copy of the document with everything in the order in which it
// is written, so that the same components give the same bytes.
func (d *Document) sorted() *Document {
	s := *d
	order := make([]int, len(d.Components))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := &d.Components[i], &d.Components[j]
		return cmp.Or(a.Compare(*b), strings.Compare(a.Name, b.Name), strings.Compare(a.Version, b.Version))
	})
	s.Components = make([]boltseal.Component, len(order))
	s.Details = nil
	if len(d.Details) > 0 {
		s.Details = make([]Detail, len(order))
	}
	for to, from := range order {
		s.Components[to] = d.Components[from]
		if len(d.Details) > 0 {
			s.Details[to] = *d.detail(from)
		}
	}
	s.Gaps = slices.Clone(d.Gaps)
	slices.SortFunc(s.Gaps, boltseal.Gap.Compare)
	return &s
}
