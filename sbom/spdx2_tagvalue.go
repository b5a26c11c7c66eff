package sbom

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

var _ = add(Format{
	Name: "spdx-tag-value", Aliases: []string{"spdx-tv", "spdx-2.3-tag-value"}, Title: "SPDX 2.3 tag-value", MediaType: "text/spdx; version=2.3",
	Detect: detect("spdx-tag-value"),
	Read:   readSPDXTagValue,
	Write: func(w io.Writer, doc *Document) error {
		return writeParts(w, toSPDX(doc, "2.3", true).tagValue())
	},
})

// tagWriter appends tags and values (SPDX 2.3, section 5.2 and annex I).
type tagWriter struct{ buf []byte }

// must writes a value of one line.
func (w *tagWriter) must(tag, value string) {
	w.buf = append(append(w.buf, tag...), ": "...)
	for i := range len(value) {
		if c := value[i]; c == '\n' || c == '\r' {
			w.buf = append(w.buf, ' ')
		} else {
			w.buf = append(w.buf, c)
		}
	}
	w.buf = append(w.buf, '\n')
}

func (w *tagWriter) field(tag, value string) {
	if value != "" {
		w.must(tag, value)
	}
}

// text writes a value of any lines, unless it is empty.
func (w *tagWriter) text(tag, value string) {
	if value != "" {
		value = strings.ReplaceAll(value, "</text>", "</ text>")
		w.buf = append(append(append(append(append(w.buf, tag...), ": <text>"...), value...), "</text>"...), '\n')
	}
}

// section begins a new paragraph.
func (w *tagWriter) section() { w.buf = append(w.buf, '\n') }

// tagValue writes the document. Its namespace is made of its content.
func (d *spdxDocument) tagValue() [2][]byte {
	w := &tagWriter{buf: make([]byte, 0, 8192+1400*len(d.packages))}
	for _, c := range d.creation.Creators {
		w.must("Creator", c)
	}
	w.must("Created", d.creation.Created)
	if d.annotation != nil {
		w.section()
		d.annotation.tags(w, spdxDocumentID)
	}
	for i := range d.packages {
		w.section()
		d.packages[i].tags(w)
	}
	w.section()
	for _, r := range d.relationships {
		w.must("Relationship", r.From+" "+r.Type+" "+r.To)
	}
	for _, e := range d.extracted() {
		w.section()
		w.must("LicenseID", e.ID)
		w.text("ExtractedText", e.Text)
		w.must("LicenseName", e.Name)
	}

	head := &tagWriter{}
	head.must("SPDXVersion", "SPDX-"+d.version)
	head.must("DataLicense", "CC0-1.0")
	head.must("SPDXID", spdxDocumentID)
	head.must("DocumentName", d.name)
	head.must("DocumentNamespace", d.namespace(w.buf))
	return [2][]byte{head.buf, w.buf}
}

func (a *spdxAnnotation) tags(w *tagWriter, id string) {
	w.must("Annotator", a.Annotator)
	w.must("AnnotationDate", a.Date)
	w.must("AnnotationType", a.Type)
	w.must("SPDXREF", id)
	w.text("AnnotationComment", a.Comment)
}

func (p *spdxPackage) tags(w *tagWriter) {
	w.must("PackageName", p.Name)
	w.must("SPDXID", p.ID)
	w.field("PackageVersion", p.Version)
	w.field("PackageFileName", p.FileName)
	w.field("PackageSupplier", p.Supplier)
	w.must("PackageDownloadLocation", p.Download)
	w.field("PrimaryPackagePurpose", strings.ReplaceAll(p.Purpose, "_", "-"))
	w.must("FilesAnalyzed", "false")
	for _, c := range p.Checksums {
		w.must("PackageChecksum", c.Algorithm+": "+c.Value)
	}
	w.field("PackageHomePage", p.Homepage)
	w.must("PackageLicenseConcluded", p.Concluded)
	w.must("PackageLicenseDeclared", p.Declared)
	if p.Copyright == noAssertion {
		w.must("PackageCopyrightText", p.Copyright)
	} else {
		w.text("PackageCopyrightText", p.Copyright)
	}
	w.text("PackageSummary", p.Summary)
	w.text("PackageDescription", p.Description)
	for _, r := range p.References {
		w.must("ExternalRef", r.Category+" "+r.Type+" "+r.Locator)
	}
	for i := range p.Annotations {
		w.section()
		p.Annotations[i].tags(w, p.ID)
	}
}

// tags gives the tags and values of a document. A value between <text> and
// </text> may have many lines.
func tags(data []byte, visit func(tag, value string) error) error {
	const open, end = "<text>", "</text>"
	for len(data) > 0 {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		trimmed := bytes.TrimSpace(line)
		if len(trimmed) == 0 || trimmed[0] == '#' {
			data = rest
			continue
		}
		tag, value, ok := bytes.Cut(trimmed, []byte(":"))
		if !ok {
			return fmt.Errorf("tag-value: line %q has no colon", trimmed[:min(len(trimmed), 40)])
		}
		value = bytes.TrimSpace(value)
		if bytes.HasPrefix(value, []byte(open)) {
			_, after, _ := bytes.Cut(data, []byte(open))
			text, behind, closed := bytes.Cut(after, []byte(end))
			if !closed {
				return errors.New("tag-value: <text> without </text>")
			}
			value = text
			_, rest, _ = bytes.Cut(behind, []byte("\n"))
		}
		if err := visit(string(bytes.TrimSpace(tag)), string(value)); err != nil {
			return err
		}
		data = rest
	}
	return nil
}

// tagReader collects the elements that a tag-value document is made of.
type tagReader struct {
	most          int // packages
	creation      spdxCreation
	name          string
	namespace     string
	packages      []spdxPackage
	files         []spdxFile
	licences      []spdxExtracted
	relationships []spdxRelationship
	annotations   []tagAnnotation
	in            string // the tag that began the element we are in
}

type tagAnnotation struct {
	spdxAnnotation
	ref string
}

// minTagPackage is the fewest bytes that packages of real documents take.
const minTagPackage = 64

// readSPDXTagValue reads any minor version of SPDX 2.
func readSPDXTagValue(data []byte) (*Document, error) {
	const format = "spdx-2.3-tag-value"
	t := &tagReader{most: min(len(data)/minTagPackage+16, maxComponents)}
	err := checkSize(data)
	if err == nil {
		err = tags(trimMark(data), t.tag)
	}
	if err == nil && t.in == "" {
		err = ErrUnknownFormat
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", format, err)
	}
	r := newSPDXReader(format)
	r.b.doc.Serial = t.namespace
	byRef := map[string][]spdxAnnotation{}
	for _, a := range t.annotations {
		byRef[a.ref] = append(byRef[a.ref], a.spdxAnnotation)
	}
	r.document(&t.creation, append(byRef[spdxDocumentID], byRef[""]...), nil)
	for i := range t.licences {
		r.extracted(&t.licences[i])
	}
	for i := range t.relationships {
		r.relationship(&t.relationships[i])
	}
	for i := range t.files {
		r.file(&t.files[i])
	}
	for i := range t.packages {
		p := &t.packages[i]
		p.Annotations = byRef[p.ID]
		if err := r.element(p); err != nil {
			return nil, fmt.Errorf("read %s: %w", format, err)
		}
	}
	doc := r.finish()
	if doc.Artifact.Name == "" && !r.b.ours {
		doc.Artifact.Name = t.name
	}
	return doc, nil
}

func (t *tagReader) tag(tag, value string) error {
	switch tag {
	case "SPDXVersion", "SnippetSPDXID":
		t.in = tag
	case "PackageName":
		t.in = tag
		if t.packages = append(t.packages, spdxPackage{Name: value}); len(t.packages) > t.most {
			return errDense
		}
	case "FileName":
		t.in = tag
		t.files = append(t.files, spdxFile{Name: value})
	case "LicenseID":
		t.in = tag
		t.licences = append(t.licences, spdxExtracted{ID: value})
	case "Annotator":
		t.annotations = append(t.annotations, tagAnnotation{spdxAnnotation: spdxAnnotation{Annotator: value}})
	case "Relationship":
		if parts := strings.Fields(value); len(parts) == 3 {
			t.relationships = append(t.relationships, spdxRelationship{From: parts[0], Type: parts[1], To: parts[2]})
		}
	case "RelationshipComment":
		if n := len(t.relationships); n > 0 {
			t.relationships[n-1].Comment = value
		}
	case "DocumentName":
		t.name = value
	case "DocumentNamespace":
		t.namespace = value
	case "Creator":
		t.creation.Creators = append(t.creation.Creators, value)
	case "Created":
		t.creation.Created = value
	case "SPDXREF", "AnnotationDate", "AnnotationType", "AnnotationComment":
		t.annotation(tag, value)
	default:
		t.element(tag, value)
	}
	return nil
}

func (t *tagReader) annotation(tag, value string) {
	if len(t.annotations) == 0 {
		return
	}
	a := &t.annotations[len(t.annotations)-1]
	switch tag {
	case "SPDXREF":
		a.ref = value
	case "AnnotationDate":
		a.Date = value
	case "AnnotationType":
		a.Type = value
	case "AnnotationComment":
		a.Comment = value
	}
}

// element takes a tag of the package, file or licence that was begun last.
func (t *tagReader) element(tag, value string) {
	switch t.in {
	case "PackageName":
		t.packages[len(t.packages)-1].tag(tag, value)
	case "FileName":
		f := &t.files[len(t.files)-1]
		switch tag {
		case "SPDXID":
			f.ID = value
		case "FileComment":
			f.Comment = value
		}
	case "LicenseID":
		l := &t.licences[len(t.licences)-1]
		switch tag {
		case "ExtractedText":
			l.Text = value
		case "LicenseName":
			l.Name = value
		}
	}
}

func (p *spdxPackage) tag(tag, value string) {
	switch tag {
	case "SPDXID":
		p.ID = value
	case "PackageVersion":
		p.Version = value
	case "PackageFileName":
		p.FileName = value
	case "PackageSupplier":
		p.Supplier = value
	case "PackageOriginator":
		p.Originator = value
	case "PackageDownloadLocation":
		p.Download = value
	case "PrimaryPackagePurpose":
		p.Purpose = value
	case "PackageChecksum":
		if name, sum, ok := strings.Cut(value, ":"); ok {
			p.Checksums = append(p.Checksums, spdxChecksum{strings.TrimSpace(name), strings.TrimSpace(sum)})
		}
	case "PackageHomePage":
		p.Homepage = value
	case "PackageSourceInfo":
		p.SourceInfo = value
	case "PackageLicenseConcluded":
		p.Concluded = value
	case "PackageLicenseDeclared":
		p.Declared = value
	case "PackageCopyrightText":
		p.Copyright = value
	case "PackageSummary":
		p.Summary = value
	case "PackageDescription":
		p.Description = value
	case "PackageAttributionText":
		p.Attributions = append(p.Attributions, value)
	case "ExternalRef":
		if parts := strings.Fields(value); len(parts) == 3 {
			p.References = append(p.References, spdxReference{parts[0], parts[1], parts[2]})
		}
	}
}
