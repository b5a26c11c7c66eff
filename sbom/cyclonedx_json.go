package sbom

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

var _ = addCycloneDX("json", "JSON", writeCDXJSON, readCDXJSON)

// addCycloneDX registers one syntax in every version; 1.6 is what most
// readers of today understand, and is meant when no version is named.
func addCycloneDX(syntax, title string, write func(*cdxDocument) [2][]byte, read func([]byte, string) (*Document, error)) bool {
	for _, version := range cdxVersions {
		f := Format{
			Name:      "cyclonedx-" + version + "-" + syntax,
			Title:     "CycloneDX " + version + " " + title,
			MediaType: "application/vnd.cyclonedx+" + syntax + "; version=" + version,
			Detect:    detect("cyclonedx-" + version + "-" + syntax),
			Write: func(w io.Writer, doc *Document) error {
				return writeParts(w, write(toCDX(doc, version)))
			},
		}
		f.Read = func(data []byte) (*Document, error) { return read(data, f.Name) }
		if version == "1.6" {
			f.Aliases = []string{f.Name}
			f.Name = "cyclonedx-" + syntax
			if syntax == "json" {
				f.Aliases = append(f.Aliases, "cyclonedx", "cdx", "cdx-json")
			}
		}
		add(f)
	}
	return true
}

// writeParts writes the beginning of a document and the rest, which had to be
// known first: it decides the document's identifier.
func writeParts(w io.Writer, parts [2][]byte) error {
	for _, part := range parts {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// writeCDXJSON writes the document. Its serial number is made of its
// content, so that the same content gives the same bytes.
func writeCDXJSON(doc *cdxDocument) [2][]byte {
	body := &jsonWriter{buf: make([]byte, 0, 8192+1500*len(doc.components)), depth: 1}
	body.int("version", 1)
	body.key("metadata")
	doc.metadata.write(body, doc.version)
	if len(doc.components) > 0 {
		body.key("components")
		writeCDXComponents(body, doc.components)
	}
	body.key("dependencies")
	body.array()
	for i := range doc.dependencies {
		body.object()
		body.must("ref", doc.dependencies[i].Ref)
		body.strings("dependsOn", doc.dependencies[i].DependsOn)
		body.end()
	}
	body.endArray()
	if len(doc.compositions) > 0 {
		body.key("compositions")
		body.array()
		for _, c := range doc.compositions {
			body.object()
			body.must("aggregate", c.Aggregate)
			body.strings("assemblies", c.Assemblies)
			body.end()
		}
		body.endArray()
	}
	body.end()

	head := &jsonWriter{}
	head.object()
	head.must("$schema", "http://cyclonedx.org/schema/bom-"+doc.version+".schema.json")
	head.must("bomFormat", "CycloneDX")
	head.must("specVersion", doc.version)
	head.must("serialNumber", "urn:uuid:"+contentID(body.buf))
	return [2][]byte{head.buf, append(body.buf, '\n')}
}

func (m *cdxMetadata) write(w *jsonWriter, version string) {
	w.object()
	w.field("timestamp", m.Timestamp)
	if len(m.Lifecycles) > 0 {
		w.key("lifecycles")
		w.array()
		for _, l := range m.Lifecycles {
			w.object()
			w.field("phase", l.Phase)
			w.field("name", l.Name)
			w.end()
		}
		w.endArray()
	}
	if len(m.tools) > 0 {
		w.key("tools")
		if version >= "1.5" {
			w.object()
			w.key("components")
			writeCDXComponents(w, m.tools)
			w.end()
		} else {
			w.array()
			for _, t := range m.tools {
				w.object()
				w.field("name", t.Name)
				w.field("version", t.Version)
				w.end()
			}
			w.endArray()
		}
	}
	if len(m.Authors) > 0 {
		w.key("authors")
		writeCDXContacts(w, m.Authors)
	}
	if m.Component != nil {
		w.key("component")
		m.Component.write(w)
	}
	writeCDXProperties(w, m.Properties)
	w.end()
}

func writeCDXContacts(w *jsonWriter, all []cdxContact) {
	w.array()
	for _, c := range all {
		w.object()
		w.field("name", c.Name)
		w.field("email", c.Email)
		w.end()
	}
	w.endArray()
}

func writeCDXComponents(w *jsonWriter, all []cdxComponent) {
	w.array()
	for i := range all {
		all[i].write(w)
	}
	w.endArray()
}

func (c *cdxComponent) write(w *jsonWriter) {
	w.object()
	w.must("type", c.Type)
	w.field("mime-type", c.MIMEType)
	w.field("bom-ref", c.Ref)
	if c.Supplier != nil {
		w.key("supplier")
		w.object()
		w.field("name", c.Supplier.Name)
		if len(c.Supplier.Contact) > 0 {
			w.key("contact")
			writeCDXContacts(w, c.Supplier.Contact)
		}
		w.end()
	}
	w.field("group", c.Group)
	w.must("name", c.Name)
	w.field("version", c.Version)
	w.field("description", c.Description)
	w.field("scope", c.Scope)
	if len(c.Hashes) > 0 {
		w.key("hashes")
		w.array()
		for _, h := range c.Hashes {
			w.object()
			w.must("alg", h.Algorithm)
			w.must("content", h.Content)
			w.end()
		}
		w.endArray()
	}
	writeCDXLicences(w, c.Licenses)
	w.field("copyright", c.Copyright)
	w.field("cpe", c.CPE)
	w.field("purl", c.PURL)
	if len(c.References) > 0 {
		w.key("externalReferences")
		w.array()
		for _, r := range c.References {
			w.object()
			w.must("type", r.Type)
			w.must("url", r.URL)
			w.end()
		}
		w.endArray()
	}
	if len(c.components) > 0 {
		w.key("components")
		writeCDXComponents(w, c.components)
	}
	if c.Evidence != nil {
		w.key("evidence")
		w.object()
		w.key("occurrences")
		w.array()
		for _, o := range c.Evidence.Occurrences {
			w.object()
			w.must("location", o.Location)
			w.end()
		}
		w.endArray()
		w.end()
	}
	writeCDXProperties(w, c.Properties)
	w.end()
}

func writeCDXLicences(w *jsonWriter, all []cdxLicence) {
	if len(all) == 0 {
		return
	}
	w.key("licenses")
	w.array()
	for _, l := range all {
		w.object()
		if l.License != nil {
			w.key("license")
			w.object()
			w.field("id", l.License.ID)
			w.field("name", l.License.Name)
			w.end()
		} else {
			w.must("expression", l.Expression)
		}
		w.end()
	}
	w.endArray()
}

func writeCDXProperties(w *jsonWriter, all []Property) {
	if len(all) == 0 {
		return
	}
	w.key("properties")
	w.array()
	for _, p := range all {
		w.object()
		w.must("name", p.Name)
		w.must("value", p.Value)
		w.end()
	}
	w.endArray()
}

// readCDXJSON reads any minor version. Components are decoded one by one, so
// that a document costs little more memory than what is kept of it.
func readCDXJSON(data []byte, format string) (*Document, error) {
	data = trimMark(data)
	if err := checkJSON(data); err != nil {
		return nil, fmt.Errorf("read %s: %w", format, err)
	}
	r := newCDXReader(format)
	var components, dependencies, compositions []byte
	for name, raw := range members(data) {
		switch name {
		case "serialNumber":
			r.b.doc.Serial = cdxText(raw)
		case "metadata":
			var m cdxMetadata
			r.decode(raw, &m)
			m.tools = r.tools(m.Tools)
			r.metadata(&m)
			for member, raw := range members(raw) {
				if member == "component" {
					if err := r.nested(raw, 0); err != nil {
						return nil, fmt.Errorf("read %s: %w", format, err)
					}
				}
			}
		case "components":
			components = raw
		case "dependencies":
			dependencies = raw
		case "compositions":
			compositions = raw
		case "vulnerabilities":
			for range elements(raw) {
				r.b.doc.Vulnerabilities++
			}
		}
	}
	for raw := range elements(components) {
		if err := r.component(raw, 0); err != nil {
			return nil, fmt.Errorf("read %s: %w", format, err)
		}
	}
	for raw := range elements(dependencies) {
		var d cdxDependency
		r.decode(raw, &d)
		r.dependency(&d)
	}
	for raw := range elements(compositions) {
		var c cdxComposition
		r.decode(raw, &c)
		r.composition(&c)
	}
	return r.b.finish(), nil
}

// decode fills v as far as the types agree, and counts where they do not:
// what a tool gets wrong in one field is no reason to refuse the rest.
func (r *cdxReader) decode(raw []byte, v any) {
	if json.Unmarshal(raw, v) != nil {
		r.b.broken++
	}
}

// tools understands both shapes of metadata.tools.
func (r *cdxReader) tools(raw []byte) []cdxComponent {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return nil
	}
	if raw[0] == '{' {
		var t cdxTools
		r.decode(raw, &t)
		return t.Components
	}
	var old []cdxTool
	r.decode(raw, &old)
	var all []cdxComponent
	for _, t := range old {
		all = append(all, cdxComponent{Group: t.Vendor, Name: strings.TrimSpace(t.Name), Version: t.Version})
	}
	return all
}

// component reads a component and those nested in it.
func (r *cdxReader) component(raw []byte, depth int) error {
	var c cdxComponent
	r.decode(raw, &c)
	if err := r.add(&c); err != nil {
		return err
	}
	if depth > 0 {
		r.b.contained = append(r.b.contained, c.Ref)
	}
	return r.nested(raw, depth)
}

// maxNested is how deep components may be nested in components.
const maxNested = 16

var errNested = fmt.Errorf("components nested deeper than %d", maxNested)

func (r *cdxReader) nested(raw []byte, depth int) error {
	for name, list := range members(raw) {
		if name != "components" {
			continue
		}
		if depth >= maxNested {
			return errNested
		}
		for element := range elements(list) {
			if err := r.component(element, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}
