package sbom

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// xmlReader walks over XML element by element. It expands no entities but
// XML's own five, follows no references, and refuses document types.
type xmlReader struct {
	d        *xml.Decoder
	depth    int
	elements int
	most     int // elements
}

var errDoctype = errors.New("xml: a document type has no place in a bill of materials")

// children calls visit for each child of the element just begun. Visit says
// whether it read the child to its end; if not, the child is skipped, so that
// unknown elements cost nothing.
func (x *xmlReader) children(visit func(el *xml.StartElement) (bool, error)) error {
	if x.depth++; x.depth > maxDepth {
		return fmt.Errorf("xml: %w", errDepth)
	}
	defer func() { x.depth-- }()
	for {
		token, err := x.token()
		if err != nil {
			return err
		}
		switch el := token.(type) {
		case xml.StartElement:
			done, err := visit(&el)
			if err == nil && !done {
				err = x.skip()
			}
			if err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}

// list visits the children with one name, and skips the others.
func (x *xmlReader) list(name string, visit func(el *xml.StartElement) error) (bool, error) {
	return true, x.children(func(el *xml.StartElement) (bool, error) {
		if el.Name.Local != name {
			return false, nil
		}
		return true, visit(el)
	})
}

func (x *xmlReader) token() (xml.Token, error) {
	token, err := x.d.Token()
	if errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	switch token.(type) {
	case xml.Directive:
		return nil, errDoctype
	case xml.StartElement:
		if x.elements++; x.elements > x.most {
			return nil, fmt.Errorf("xml: %w", errDense)
		}
	}
	return token, nil
}

// skip reads to the end of the element just begun.
func (x *xmlReader) skip() error {
	for depth := 1; depth > 0; {
		token, err := x.token()
		if err != nil {
			return err
		}
		switch token.(type) {
		case xml.StartElement:
			if depth++; x.depth+depth > maxDepth {
				return fmt.Errorf("xml: %w", errDepth)
			}
		case xml.EndElement:
			depth--
		}
	}
	return nil
}

// into reads the text of the element just begun into s.
func (x *xmlReader) into(s *string) (bool, error) {
	text, err := x.text()
	*s = text
	return true, err
}

// text reads the text of the element just begun, to its end.
func (x *xmlReader) text() (string, error) {
	var b strings.Builder
	for {
		token, err := x.token()
		if err != nil {
			return "", err
		}
		switch t := token.(type) {
		case xml.CharData:
			b.Write(t)
		case xml.StartElement:
			if err := x.skip(); err != nil {
				return "", err
			}
		case xml.EndElement:
			return b.String(), nil
		}
	}
}

func attribute(el *xml.StartElement, name string) string {
	for _, a := range el.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// readCDXXML reads any minor version, component by component.
func readCDXXML(data []byte, format string) (*Document, error) {
	r := newCDXReader(format)
	err := checkSize(data)
	if err == nil {
		x := &cdxXMLReader{xmlReader: xmlReader{d: xml.NewDecoder(bytes.NewReader(trimMark(data))), most: len(data)/minContainer + 1<<12}, r: r}
		err = x.document()
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", format, err)
	}
	return r.b.finish(), nil
}

type cdxXMLReader struct {
	xmlReader
	r      *cdxReader
	inside int // components that hold the one being read
}

func (x *cdxXMLReader) document() error {
	for {
		token, err := x.token()
		if err != nil {
			return err
		}
		el, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if el.Name.Local != "bom" || !strings.HasPrefix(el.Name.Space, "http://cyclonedx.org/schema/bom/") {
			return ErrUnknownFormat
		}
		x.r.b.doc.Serial = attribute(&el, "serialNumber")
		if err := x.children(x.part); err != nil {
			return err
		}
		break
	}
	for { // nothing but comments and white space may follow
		switch token, err := x.d.Token(); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		default:
			if text, ok := token.(xml.CharData); ok && strings.TrimSpace(string(text)) == "" {
				continue
			}
			if _, ok := token.(xml.Comment); !ok {
				return errors.New("xml: data after the document")
			}
		}
	}
}

func (x *cdxXMLReader) part(el *xml.StartElement) (bool, error) {
	switch el.Name.Local {
	case "metadata":
		return true, x.metadata()
	case "components":
		return x.components()
	case "dependencies":
		return x.list("dependency", x.dependency)
	case "compositions":
		return x.list("composition", x.composition)
	case "vulnerabilities":
		return x.list("vulnerability", func(*xml.StartElement) error {
			x.r.b.doc.Vulnerabilities++
			return x.skip()
		})
	}
	return false, nil
}

func (x *cdxXMLReader) metadata() error {
	m := &cdxMetadata{}
	err := x.children(func(el *xml.StartElement) (bool, error) {
		switch el.Name.Local {
		case "timestamp":
			return x.into(&m.Timestamp)
		case "lifecycles":
			return x.list("lifecycle", func(*xml.StartElement) error {
				var l cdxLifecycle
				err := x.fields(map[string]*string{"phase": &l.Phase, "name": &l.Name})
				m.Lifecycles = append(m.Lifecycles, l)
				return err
			})
		case "tools":
			return true, x.tools(m)
		case "authors":
			return x.list("author", func(*xml.StartElement) error { return x.contact(&m.Authors) })
		case "component":
			m.Component = &cdxComponent{}
			return true, x.component(el, m.Component)
		case "manufacturer", "manufacture":
			return true, x.entity(&m.Maker)
		case "supplier":
			return true, x.entity(&m.Supplier)
		case "properties":
			return x.properties(&m.Properties)
		}
		return false, nil
	})
	x.r.metadata(m)
	return err
}

// tools understands both shapes of metadata/tools.
func (x *cdxXMLReader) tools(m *cdxMetadata) error {
	return x.children(func(el *xml.StartElement) (bool, error) {
		switch el.Name.Local {
		case "tool":
			var t cdxTool
			err := x.fields(map[string]*string{"vendor": &t.Vendor, "name": &t.Name, "version": &t.Version})
			m.tools = append(m.tools, cdxComponent{Group: t.Vendor, Name: trimmed(t.Name), Version: t.Version})
			return true, err
		case "components":
			return x.list("component", func(*xml.StartElement) error {
				var t cdxComponent
				err := x.fields(map[string]*string{"group": &t.Group, "name": &t.Name, "version": &t.Version})
				m.tools = append(m.tools, t)
				return err
			})
		}
		return false, nil
	})
}

// fields reads children that hold text.
func (x *cdxXMLReader) fields(to map[string]*string) error {
	return x.children(func(el *xml.StartElement) (bool, error) {
		if s := to[el.Name.Local]; s != nil {
			return x.into(s)
		}
		return false, nil
	})
}

func (x *cdxXMLReader) contact(to *[]cdxContact) error {
	var c cdxContact
	err := x.fields(map[string]*string{"name": &c.Name, "email": &c.Email})
	*to = append(*to, c)
	return err
}

func (x *cdxXMLReader) entity(to **cdxEntity) error {
	e := &cdxEntity{}
	*to = e
	return x.children(func(el *xml.StartElement) (bool, error) {
		switch el.Name.Local {
		case "name":
			return x.into(&e.Name)
		case "url":
			s, err := x.text()
			e.URL = append(e.URL, trimmed(s))
			return true, err
		case "contact":
			return true, x.contact(&e.Contact)
		}
		return false, nil
	})
}

// components adds each component when it is read, the nested ones before
// those that hold them.
func (x *cdxXMLReader) components() (bool, error) {
	return x.list("component", func(el *xml.StartElement) error {
		var c cdxComponent
		if err := x.component(el, &c); err != nil {
			return err
		}
		if x.inside > 0 {
			x.r.b.contained = append(x.r.b.contained, c.Ref)
		}
		return x.r.add(&c)
	})
}

func (x *cdxXMLReader) component(el *xml.StartElement, c *cdxComponent) error {
	c.Type, c.Ref = attribute(el, "type"), attribute(el, "bom-ref")
	if x.inside++; x.inside > maxNested+1 {
		return errNested
	}
	defer func() { x.inside-- }()
	err := x.children(func(el *xml.StartElement) (bool, error) {
		switch el.Name.Local {
		case "supplier":
			return true, x.entity(&c.Supplier)
		case "manufacturer":
			return true, x.entity(&c.Manufacturer)
		case "authors":
			return x.list("author", func(*xml.StartElement) error { return x.contact(&c.Authors) })
		case "author":
			return x.into(&c.Author)
		case "publisher":
			return x.into(&c.Publisher)
		case "group":
			return x.into(&c.Group)
		case "name":
			return x.into(&c.Name)
		case "version":
			return x.into(&c.Version)
		case "description":
			return x.into(&c.Description)
		case "scope":
			return x.into(&c.Scope)
		case "copyright":
			return x.into(&c.Copyright)
		case "cpe":
			return x.into(&c.CPE)
		case "purl":
			return x.into(&c.PURL)
		case "hashes":
			return x.hashes(&c.Hashes)
		case "licenses":
			return true, x.licences(c)
		case "externalReferences":
			return x.list("reference", func(el *xml.StartElement) error {
				r := cdxReference{Type: attribute(el, "type")}
				err := x.fields(map[string]*string{"url": &r.URL})
				c.References = append(c.References, r)
				return err
			})
		case "properties":
			return x.properties(&c.Properties)
		case "components":
			return x.components()
		case "evidence":
			return true, x.evidence(c)
		}
		return false, nil
	})
	c.PURL, c.CPE, c.Scope = trimmed(c.PURL), trimmed(c.CPE), trimmed(c.Scope)
	return err
}

func (x *cdxXMLReader) hashes(to *[]cdxHash) (bool, error) {
	return x.list("hash", func(el *xml.StartElement) error {
		s, err := x.text()
		*to = append(*to, cdxHash{Algorithm: attribute(el, "alg"), Content: trimmed(s)})
		return err
	})
}

func (x *cdxXMLReader) licences(c *cdxComponent) error {
	return x.children(func(el *xml.StartElement) (bool, error) {
		switch el.Name.Local {
		case "license":
			l := &cdxNamedLicence{}
			c.Licenses = append(c.Licenses, cdxLicence{License: l})
			return true, x.fields(map[string]*string{"id": &l.ID, "name": &l.Name, "url": &l.URL})
		case "expression":
			s, err := x.text()
			c.Licenses = append(c.Licenses, cdxLicence{Expression: s})
			return true, err
		}
		return false, nil
	})
}

func (x *cdxXMLReader) evidence(c *cdxComponent) error {
	c.Evidence = &cdxEvidence{}
	return x.children(func(el *xml.StartElement) (bool, error) {
		if el.Name.Local != "occurrences" {
			return false, nil
		}
		return x.list("occurrence", func(*xml.StartElement) error {
			var o cdxOccurrence
			var line string
			err := x.fields(map[string]*string{"location": &o.Location, "line": &line})
			o.Line, _ = strconv.Atoi(trimmed(line)) // no number is no line
			c.Evidence.Occurrences = append(c.Evidence.Occurrences, o)
			return err
		})
	})
}

func (x *cdxXMLReader) properties(to *[]Property) (bool, error) {
	return x.list("property", func(el *xml.StartElement) error {
		s, err := x.text()
		*to = append(*to, Property{Name: attribute(el, "name"), Value: s})
		return err
	})
}

func (x *cdxXMLReader) dependency(el *xml.StartElement) error {
	d := cdxDependency{Ref: attribute(el, "ref")}
	_, err := x.list("dependency", func(el *xml.StartElement) error {
		d.DependsOn = append(d.DependsOn, attribute(el, "ref"))
		return x.skip()
	})
	x.r.dependency(&d)
	return err
}

func (x *cdxXMLReader) composition(*xml.StartElement) error {
	var c cdxComposition
	err := x.children(func(el *xml.StartElement) (bool, error) {
		switch el.Name.Local {
		case "aggregate":
			return x.into(&c.Aggregate)
		case "assemblies":
			return x.list("assembly", func(el *xml.StartElement) error {
				c.Assemblies = append(c.Assemblies, attribute(el, "ref"))
				return x.skip()
			})
		case "dependencies":
			return x.list("dependency", func(el *xml.StartElement) error {
				c.Dependencies = append(c.Dependencies, attribute(el, "ref"))
				return x.skip()
			})
		}
		return false, nil
	})
	c.Aggregate = trimmed(c.Aggregate)
	x.r.composition(&c)
	return err
}
