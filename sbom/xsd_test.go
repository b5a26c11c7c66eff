package sbom_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/sbom"
)

// xsdNode is an element of an XML schema.
type xsdNode struct {
	Name  string
	Attr  map[string]string
	Nodes []*xsdNode
	Text  string
}

// parseXML reads a document as a tree.
func parseXML(data []byte) (*xsdNode, error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	root := &xsdNode{}
	stack := []*xsdNode{root}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return root.Nodes[0], nil
		}
		if err != nil {
			return nil, err
		}
		at := stack[len(stack)-1]
		switch t := token.(type) {
		case xml.StartElement:
			n := &xsdNode{Name: t.Name.Local, Attr: map[string]string{}}
			for _, a := range t.Attr {
				n.Attr[a.Name.Local] = a.Value
			}
			at.Nodes = append(at.Nodes, n)
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			at.Text += string(t)
		}
	}
}

// xsd validates the part of XML Schema that CycloneDX uses: the order and
// number of elements, attributes, enumerations and patterns.
type xsd struct {
	types    map[string]*xsdNode
	elements map[string]*xsdNode
}

func newXSD(t *testing.T, names ...string) *xsd {
	t.Helper()
	x := &xsd{types: map[string]*xsdNode{}, elements: map[string]*xsdNode{}}
	for _, name := range names {
		root, err := parseXML(unzip(t, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range root.Nodes {
			switch n.Name {
			case "complexType", "simpleType":
				x.types[n.Attr["name"]] = n
			case "element":
				x.elements[n.Attr["name"]] = n
			}
		}
	}
	return x
}

func local(name string) string { return name[strings.LastIndexByte(name, ':')+1:] }

func (n *xsdNode) child(names ...string) *xsdNode {
	for _, c := range n.Nodes {
		if slices.Contains(names, c.Name) {
			return c
		}
	}
	return nil
}

// element validates an element against its declaration.
func (x *xsd) element(decl, n *xsdNode, path string) error {
	path += "/" + n.Name
	if ref := decl.Attr["ref"]; ref != "" {
		decl = x.elements[local(ref)]
	}
	t := decl.child("complexType", "simpleType")
	if name := decl.Attr["type"]; t == nil && name != "" {
		if strings.HasPrefix(name, "xs:") {
			return x.builtin(name, n.Text, path)
		}
		if t = x.types[local(name)]; t == nil {
			return fmt.Errorf("%s: no type %s", path, name)
		}
	}
	if t == nil {
		return nil
	}
	if t.Name == "simpleType" {
		return x.simple(t, n.Text, path)
	}
	return x.complex(t, n, path)
}

func (x *xsd) builtin(name, text, path string) error {
	patterns := map[string]string{
		"xs:integer": `^-?\d+$`, "xs:nonNegativeInteger": `^\d+$`, "xs:boolean": `^(true|false|0|1)$`,
		"xs:dateTime": `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$`,
	}
	if p := patterns[name]; p != "" && !regexp.MustCompile(p).MatchString(strings.TrimSpace(text)) {
		return fmt.Errorf("%s: %q is no %s", path, text, name)
	}
	return nil
}

func (x *xsd) simple(t *xsdNode, text, path string) error {
	if t.child("union") != nil {
		return nil
	}
	r := t.child("restriction")
	var enum []string
	for _, f := range r.Nodes {
		switch f.Name {
		case "enumeration":
			enum = append(enum, f.Attr["value"])
		case "pattern":
			if !regexp.MustCompile("^(?:" + f.Attr["value"] + ")$").MatchString(text) {
				return fmt.Errorf("%s: %q is not as %s", path, text, f.Attr["value"])
			}
		case "minLength":
			if text == "" && f.Attr["value"] != "0" {
				return fmt.Errorf("%s: empty", path)
			}
		}
	}
	if slices.Contains(enum, text) {
		return nil
	}
	if len(enum) > 0 {
		return fmt.Errorf("%s: %q is not one of %q", path, text, enum)
	}
	return nil
}

func (x *xsd) complex(t, n *xsdNode, path string) error {
	if s := t.child("simpleContent"); s != nil {
		e := s.child("extension")
		if err := x.attributes(e, n, path); err != nil {
			return err
		}
		if base := x.types[local(e.Attr["base"])]; base != nil {
			if base.Name == "complexType" {
				return x.complex(base, n, path)
			}
			return x.simple(base, n.Text, path)
		}
		return x.builtin(e.Attr["base"], n.Text, path)
	}
	body := t
	if c := t.child("complexContent"); c != nil {
		body = c.child("extension")
	}
	if err := x.attributes(body, n, path); err != nil {
		return err
	}
	left := n.Nodes
	if group := body.child("sequence", "choice", "all"); group != nil {
		var err error
		if left, err = x.group(group, left, path); err != nil {
			return err
		}
	}
	if len(left) > 0 {
		return fmt.Errorf("%s: element %s is not expected here", path, left[0].Name)
	}
	return nil
}

func (x *xsd) attributes(t, n *xsdNode, path string) error {
	known := map[string]bool{"xmlns": true}
	for _, a := range t.Nodes {
		switch a.Name {
		case "attribute":
			known[a.Attr["name"]] = true
			value, ok := n.Attr[a.Attr["name"]]
			if !ok && a.Attr["use"] == "required" {
				return fmt.Errorf("%s: no attribute %s", path, a.Attr["name"])
			}
			if s := x.types[local(a.Attr["type"])]; ok && s != nil && s.Name == "simpleType" {
				if err := x.simple(s, value, path+"/@"+a.Attr["name"]); err != nil {
					return err
				}
			}
		case "anyAttribute":
			return nil
		}
	}
	for name := range n.Attr {
		if !known[name] {
			return fmt.Errorf("%s: attribute %s is not expected", path, name)
		}
	}
	return nil
}

// group takes from the front of nodes what a sequence or choice allows.
func (x *xsd) group(g *xsdNode, nodes []*xsdNode, path string) ([]*xsdNode, error) {
	most := 1
	if g.Attr["maxOccurs"] == "unbounded" {
		most = len(nodes) + 1
	}
	for range most {
		before := len(nodes)
		for _, p := range g.Nodes {
			taken := len(nodes)
			var err error
			if nodes, err = x.particle(p, nodes, path); err != nil {
				return nil, err
			}
			if g.Name == "choice" && len(nodes) < taken {
				break
			}
		}
		if len(nodes) == before {
			break
		}
	}
	return nodes, nil
}

func (x *xsd) particle(p *xsdNode, nodes []*xsdNode, path string) ([]*xsdNode, error) {
	switch p.Name {
	case "sequence", "choice", "all":
		return x.group(p, nodes, path)
	case "element":
		name := local(p.Attr["name"] + p.Attr["ref"])
		count := 0
		for len(nodes) > 0 && nodes[0].Name == name && (count == 0 || p.Attr["maxOccurs"] == "unbounded") {
			if err := x.element(p, nodes[0], path); err != nil {
				return nil, err
			}
			nodes = nodes[1:]
			count++
		}
	}
	return nodes, nil
}

// What is written in XML has its elements in the order of the official
// schema, and values that it takes.
func TestXMLSchemas(t *testing.T) {
	for _, version := range []string{"1.4", "1.5", "1.6", "1.7"} {
		t.Run(version, func(t *testing.T) {
			x := newXSD(t, "bom-"+version+".xsd", "spdx.xsd")
			docs := []*sbom.Document{{}}
			for seed := range uint64(30) {
				docs = append(docs, newRandom(seed).document())
			}
			for _, doc := range docs {
				data := write(t, "cyclonedx-"+version+"-xml", doc)
				n, err := parseXML(data)
				if err != nil {
					t.Fatal(err)
				}
				if err := x.element(x.elements["bom"], n, ""); err != nil {
					t.Fatalf("%v\n%s", err, data)
				}
			}
			for name, bad := range map[string]string{
				"order":     `<bom version="1"><components/><metadata/></bom>`,
				"type":      `<bom version="1"><components><component type="thing"><name>x</name></component></components></bom>`,
				"unknown":   `<bom version="1"><things/></bom>`,
				"attribute": `<bom version="1"><components><component><name>x</name></component></components></bom>`,
				"pattern":   `<bom version="1" serialNumber="urn:uuid:1"/>`,
				"hash":      `<bom version="1"><components><component type="library"><name>x</name><hashes><hash alg="MD5">zz</hash></hashes></component></components></bom>`,
			} {
				n, err := parseXML([]byte(bad))
				if err != nil {
					t.Fatal(err)
				}
				if x.element(x.elements["bom"], n, "") == nil {
					t.Errorf("%s: a bad document is valid", name)
				}
			}
		})
	}
}
