package sbom

import (
	"strings"
	"unicode/utf8"
)

var _ = addCycloneDX("xml", "XML", writeCDXXML, readCDXXML)

// xmlWriter appends indented XML.
type xmlWriter struct {
	buf   []byte
	depth int
}

func (w *xmlWriter) line() {
	w.buf = append(w.buf, '\n')
	for range w.depth {
		w.buf = append(w.buf, ' ', ' ')
	}
}

// tag begins an element with attributes, given as name and value in turn;
// those with empty values are left out.
func (w *xmlWriter) tag(name string, attributes ...string) {
	w.line()
	w.buf = append(append(w.buf, '<'), name...)
	for i := 0; i+1 < len(attributes); i += 2 {
		if attributes[i+1] == "" {
			continue
		}
		w.buf = append(append(append(w.buf, ' '), attributes[i]...), '=', '"')
		w.escape(attributes[i+1], true)
		w.buf = append(w.buf, '"')
	}
}

// open begins an element that has children.
func (w *xmlWriter) open(name string, attributes ...string) {
	w.tag(name, attributes...)
	w.buf = append(w.buf, '>')
	w.depth++
}

func (w *xmlWriter) end(name string) {
	w.depth--
	w.line()
	w.buf = append(append(append(w.buf, "</"...), name...), '>')
}

// leaf writes an element without children or text.
func (w *xmlWriter) leaf(name string, attributes ...string) {
	w.tag(name, attributes...)
	w.buf = append(w.buf, "/>"...)
}

// must writes an element with text, even if it is empty.
func (w *xmlWriter) must(name, text string, attributes ...string) {
	w.tag(name, attributes...)
	w.buf = append(w.buf, '>')
	w.escape(text, false)
	w.buf = append(append(append(w.buf, "</"...), name...), '>')
}

// field writes an element with text, unless it is empty.
func (w *xmlWriter) field(name, text string) {
	if text != "" {
		w.must(name, text)
	}
}

// escape appends text. Characters that XML 1.0 cannot hold (section 2.2)
// become U+FFFD; white space that a parser would normalize is escaped.
func (w *xmlWriter) escape(s string, attribute bool) {
	start := 0
	flush := func(i int, with string, size int) {
		w.buf = append(append(w.buf, s[start:i]...), with...)
		start = i + size
	}
	for i, r := range s {
		switch {
		case r == '&':
			flush(i, "&amp;", 1)
		case r == '<':
			flush(i, "&lt;", 1)
		case r == '>':
			flush(i, "&gt;", 1)
		case r == '"':
			flush(i, "&quot;", 1)
		case r == '\r':
			flush(i, "&#xD;", 1)
		case r == '\n' && attribute:
			flush(i, "&#xA;", 1)
		case r == '\t' && attribute:
			flush(i, "&#x9;", 1)
		case r == '\n' || r == '\t':
		case r == utf8.RuneError:
			_, size := utf8.DecodeRuneInString(s[i:])
			flush(i, "\ufffd", size)
		case r < 0x20 || r == 0xfffe || r == 0xffff:
			flush(i, "\ufffd", utf8.RuneLen(r))
		}
	}
	w.buf = append(w.buf, s[start:]...)
}

// writeCDXXML writes the document; elements stand in the order of the XML
// schema.
func writeCDXXML(doc *cdxDocument) [2][]byte {
	w := &xmlWriter{buf: make([]byte, 0, 8192+1500*len(doc.components)), depth: 1}
	doc.metadata.writeXML(w, doc.version)
	writeXMLComponents(w, doc.components)
	w.open("dependencies")
	for i := range doc.dependencies {
		d := &doc.dependencies[i]
		if len(d.DependsOn) == 0 {
			w.leaf("dependency", "ref", d.Ref)
			continue
		}
		w.open("dependency", "ref", d.Ref)
		for _, ref := range d.DependsOn {
			w.leaf("dependency", "ref", ref)
		}
		w.end("dependency")
	}
	w.end("dependencies")
	if len(doc.compositions) > 0 {
		w.open("compositions")
		for _, c := range doc.compositions {
			w.open("composition")
			w.must("aggregate", c.Aggregate)
			w.open("assemblies")
			for _, ref := range c.Assemblies {
				w.leaf("assembly", "ref", ref)
			}
			w.end("assemblies")
			w.end("composition")
		}
		w.end("compositions")
	}
	w.end("bom")

	head := &xmlWriter{buf: []byte(`<?xml version="1.0" encoding="UTF-8"?>`)}
	head.open("bom", "xmlns", "http://cyclonedx.org/schema/bom/"+doc.version, "serialNumber", "urn:uuid:"+contentID(w.buf), "version", "1")
	return [2][]byte{head.buf, append(w.buf, '\n')}
}

func (m *cdxMetadata) writeXML(w *xmlWriter, version string) {
	w.open("metadata")
	w.field("timestamp", m.Timestamp)
	if len(m.Lifecycles) > 0 {
		w.open("lifecycles")
		for _, l := range m.Lifecycles {
			w.open("lifecycle")
			w.field("phase", l.Phase)
			w.field("name", l.Name)
			w.end("lifecycle")
		}
		w.end("lifecycles")
	}
	if len(m.tools) > 0 {
		w.open("tools")
		if version >= "1.5" {
			writeXMLComponents(w, m.tools)
		} else {
			for _, t := range m.tools {
				w.open("tool")
				w.field("name", t.Name)
				w.field("version", t.Version)
				w.end("tool")
			}
		}
		w.end("tools")
	}
	if len(m.Authors) > 0 {
		w.open("authors")
		for _, a := range m.Authors {
			writeXMLContact(w, "author", a)
		}
		w.end("authors")
	}
	if m.Component != nil {
		m.Component.writeXML(w)
	}
	writeXMLProperties(w, m.Properties)
	w.end("metadata")
}

func writeXMLContact(w *xmlWriter, element string, c cdxContact) {
	w.open(element)
	w.field("name", c.Name)
	w.field("email", c.Email)
	w.end(element)
}

func writeXMLComponents(w *xmlWriter, all []cdxComponent) {
	if len(all) == 0 {
		return
	}
	w.open("components")
	for i := range all {
		all[i].writeXML(w)
	}
	w.end("components")
}

func (c *cdxComponent) writeXML(w *xmlWriter) {
	w.open("component", "type", c.Type, "mime-type", c.MIMEType, "bom-ref", c.Ref)
	if c.Supplier != nil {
		w.open("supplier")
		w.field("name", c.Supplier.Name)
		for _, contact := range c.Supplier.Contact {
			writeXMLContact(w, "contact", contact)
		}
		w.end("supplier")
	}
	w.field("group", c.Group)
	w.must("name", c.Name)
	w.field("version", c.Version)
	w.field("description", c.Description)
	w.field("scope", c.Scope)
	if len(c.Hashes) > 0 {
		w.open("hashes")
		for _, h := range c.Hashes {
			w.must("hash", h.Content, "alg", h.Algorithm)
		}
		w.end("hashes")
	}
	if len(c.Licenses) > 0 {
		w.open("licenses")
		for _, l := range c.Licenses {
			if l.License == nil {
				w.must("expression", l.Expression)
				continue
			}
			w.open("license")
			w.field("id", l.License.ID)
			w.field("name", l.License.Name)
			w.end("license")
		}
		w.end("licenses")
	}
	w.field("copyright", c.Copyright)
	w.field("cpe", c.CPE)
	w.field("purl", c.PURL)
	if len(c.References) > 0 {
		w.open("externalReferences")
		for _, r := range c.References {
			w.open("reference", "type", r.Type)
			w.must("url", r.URL)
			w.end("reference")
		}
		w.end("externalReferences")
	}
	writeXMLProperties(w, c.Properties)
	writeXMLComponents(w, c.components)
	if c.Evidence != nil {
		w.open("evidence")
		w.open("occurrences")
		for _, o := range c.Evidence.Occurrences {
			w.open("occurrence")
			w.must("location", o.Location)
			w.end("occurrence")
		}
		w.end("occurrences")
		w.end("evidence")
	}
	w.end("component")
}

func writeXMLProperties(w *xmlWriter, all []Property) {
	if len(all) == 0 {
		return
	}
	w.open("properties")
	for _, p := range all {
		w.must("property", p.Value, "name", p.Name)
	}
	w.end("properties")
}

// trimmed is the text of an element that holds a name rather than a text.
func trimmed(s string) string { return strings.TrimSpace(s) }
