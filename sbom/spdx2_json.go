package sbom

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strings"
)

var _ = addSPDXJSON("2.2", "spdx-2.2-json") && addSPDXJSON("2.3", "spdx-json", "spdx", "spdx-2.3-json")

func addSPDXJSON(version, name string, aliases ...string) bool {
	read := "spdx-" + version + "-json"
	return add(Format{
		Name: name, Aliases: aliases, Title: "SPDX " + version + " JSON", MediaType: "application/spdx+json; version=" + version,
		Detect: detect(read),
		Read:   func(data []byte) (*Document, error) { return readSPDXJSON(data, read) },
		Write: func(w io.Writer, doc *Document) error {
			return writeParts(w, toSPDX(doc, version, false).json())
		},
	})
}

// json writes the document. Its namespace is made of its content, so that
// the same content gives the same bytes.
func (d *spdxDocument) json() [2][]byte {
	w := &jsonWriter{buf: make([]byte, 0, 8192+1900*len(d.packages)), depth: 1}
	w.key("creationInfo")
	w.object()
	w.must("created", d.creation.Created)
	w.strings("creators", d.creation.Creators)
	w.end()
	if d.annotation != nil {
		writeSPDXAnnotations(w, []spdxAnnotation{*d.annotation})
	}
	if extracted := d.extracted(); len(extracted) > 0 {
		w.key("hasExtractedLicensingInfos")
		w.array()
		for _, e := range extracted {
			w.object()
			w.must("licenseId", e.ID)
			w.must("extractedText", e.Text)
			w.field("name", e.Name)
			w.end()
		}
		w.endArray()
	}
	w.key("packages")
	w.array()
	for i := range d.packages {
		d.packages[i].write(w, d.version)
	}
	w.endArray()
	w.key("relationships")
	w.array()
	for _, r := range d.relationships {
		w.object()
		w.must("spdxElementId", r.From)
		w.must("relationshipType", r.Type)
		w.must("relatedSpdxElement", r.To)
		w.end()
	}
	w.endArray()
	w.end()

	head := &jsonWriter{}
	head.object()
	head.must("spdxVersion", "SPDX-"+d.version)
	head.must("dataLicense", "CC0-1.0")
	head.must("SPDXID", spdxDocumentID)
	head.must("name", d.name)
	head.must("documentNamespace", d.namespace(w.buf))
	return [2][]byte{head.buf, append(w.buf, '\n')}
}

func writeSPDXAnnotations(w *jsonWriter, all []spdxAnnotation) {
	if len(all) == 0 {
		return
	}
	w.key("annotations")
	w.array()
	for _, a := range all {
		w.object()
		w.must("annotator", a.Annotator)
		w.must("annotationDate", a.Date)
		w.must("annotationType", a.Type)
		w.must("comment", a.Comment)
		w.end()
	}
	w.endArray()
}

func (p *spdxPackage) write(w *jsonWriter, version string) {
	w.object()
	w.must("SPDXID", p.ID)
	w.must("name", p.Name)
	w.field("versionInfo", p.Version)
	w.field("packageFileName", p.FileName)
	if version != "2.2" {
		w.field("primaryPackagePurpose", p.Purpose)
	}
	w.field("supplier", p.Supplier)
	w.must("downloadLocation", p.Download)
	w.bool("filesAnalyzed", false)
	if len(p.Checksums) > 0 {
		w.key("checksums")
		w.array()
		for _, c := range p.Checksums {
			w.object()
			w.must("algorithm", c.Algorithm)
			w.must("checksumValue", c.Value)
			w.end()
		}
		w.endArray()
	}
	w.field("homepage", p.Homepage)
	w.must("licenseConcluded", p.Concluded)
	w.must("licenseDeclared", p.Declared)
	w.must("copyrightText", p.Copyright)
	w.field("summary", p.Summary)
	w.field("description", p.Description)
	if len(p.References) > 0 {
		w.key("externalRefs")
		w.array()
		for _, r := range p.References {
			w.object()
			w.must("referenceCategory", r.Category)
			w.must("referenceType", r.Type)
			w.must("referenceLocator", r.Locator)
			w.end()
		}
		w.endArray()
	}
	writeSPDXAnnotations(w, p.Annotations)
	w.end()
}

// readSPDXJSON reads any minor version of SPDX 2, package by package.
func readSPDXJSON(data []byte, format string) (*Document, error) {
	data = trimMark(data)
	if err := checkJSON(data); err != nil {
		return nil, fmt.Errorf("read %s: %w", format, err)
	}
	r := newSPDXReader(format)
	raw := maps.Collect(members(data))
	decode := func(value []byte, v any) {
		if len(value) > 0 && json.Unmarshal(value, v) != nil {
			r.b.broken++
		}
	}
	var creation spdxCreation
	var annotations []spdxAnnotation
	var describes []string
	decode(raw["documentNamespace"], &r.b.doc.Serial)
	decode(raw["creationInfo"], &creation)
	decode(raw["annotations"], &annotations)
	decode(raw["documentDescribes"], &describes)
	r.document(&creation, annotations, describes)
	for value := range elements(raw["hasExtractedLicensingInfos"]) {
		var e spdxExtracted
		decode(value, &e)
		r.extracted(&e)
	}
	for value := range elements(raw["relationships"]) {
		var rel spdxRelationship
		decode(value, &rel)
		r.relationship(&rel)
	}
	for value := range elements(raw["files"]) {
		var f spdxFile
		decode(value, &f)
		r.file(&f)
	}
	for value := range elements(raw["packages"]) {
		var p spdxPackage
		decode(value, &p)
		if err := r.element(&p); err != nil {
			return nil, fmt.Errorf("read %s: %w", format, err)
		}
	}
	doc := r.finish()
	if doc.Artifact.Name == "" && !r.b.ours {
		var name string
		decode(raw["name"], &name)
		doc.Artifact.Name = strings.TrimSpace(name)
	}
	return doc, nil
}
