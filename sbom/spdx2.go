package sbom

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

// spdxDocument is an SPDX 2 document, the parts that are written.
type spdxDocument struct {
	version       string
	name          string
	creation      spdxCreation
	annotation    *spdxAnnotation
	licences      licences
	packages      []spdxPackage
	relationships []spdxRelationship
}

type spdxCreation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

type spdxPackage struct {
	ID           string           `json:"SPDXID"`
	Name         string           `json:"name"`
	Version      string           `json:"versionInfo"`
	FileName     string           `json:"packageFileName"`
	Supplier     string           `json:"supplier"`
	Originator   string           `json:"originator"`
	Download     string           `json:"downloadLocation"`
	Checksums    []spdxChecksum   `json:"checksums"`
	Homepage     string           `json:"homepage"`
	SourceInfo   string           `json:"sourceInfo"`
	Concluded    string           `json:"licenseConcluded"`
	Declared     string           `json:"licenseDeclared"`
	Copyright    string           `json:"copyrightText"`
	Summary      string           `json:"summary"`
	Description  string           `json:"description"`
	References   []spdxReference  `json:"externalRefs"`
	Purpose      string           `json:"primaryPackagePurpose"` // since 2.3
	Annotations  []spdxAnnotation `json:"annotations"`
	Attributions []string         `json:"attributionTexts"`
}

type spdxChecksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type spdxReference struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type spdxAnnotation struct {
	Annotator string `json:"annotator"`
	Date      string `json:"annotationDate"`
	Type      string `json:"annotationType"`
	Comment   string `json:"comment"`
}

type spdxExtracted struct {
	ID   string `json:"licenseId"`
	Text string `json:"extractedText"`
	Name string `json:"name"`
}

type spdxFile struct {
	ID      string `json:"SPDXID"`
	Name    string `json:"fileName"`
	Comment string `json:"comment"`
}

type spdxRelationship struct {
	From    string `json:"spdxElementId"`
	Type    string `json:"relationshipType"`
	To      string `json:"relatedSpdxElement"`
	Comment string `json:"comment"`
}

// The identifiers of what every document of ours has.
const (
	spdxDocumentID = "SPDXRef-DOCUMENT"
	spdxArtifactID = "SPDXRef-Artifact"
	spdxSystemID   = "SPDXRef-OperatingSystem"
	noAssertion    = "NOASSERTION"
)

// spdxWord is SPDX's word for a hash algorithm in this version.
func spdxWord(version string) func(algorithm) string {
	return func(a algorithm) string {
		if version == "2.2" && !a.spdx22 {
			return ""
		}
		return a.spdx2
	}
}

// toSPDX says a document in the words of SPDX 2.
//
// A tag-value document has fields that are one line; what is none travels as
// a property.
func toSPDX(doc *Document, version string, lines bool) *spdxDocument {
	doc = doc.sorted()
	w := &spdxWriter{
		doc: doc, version: version, lines: lines, graph: newGraph(doc), known: map[string]statement{},
		out: &spdxDocument{version: version, name: cmp.Or(doc.Artifact.Name, string(doc.Artifact.Kind), "unknown"), licences: licences{}},
	}
	for i := range doc.Components {
		w.ids = append(w.ids, componentID(&doc.Components[i], w.graph.refs[i]))
	}
	w.out.packages = make([]spdxPackage, 0, 2+len(doc.Artifact.Layers)+len(doc.Children)+len(doc.Components))
	w.creation()
	w.artifact()
	for i := range doc.Components {
		w.component(i)
	}
	w.relationships()
	return w.out
}

type spdxWriter struct {
	doc     *Document
	version string
	lines   bool
	graph   *graph
	out     *spdxDocument
	ids     []string // of components
	known   map[string]statement
}

// fits tells whether s can be a field of one line.
func (w *spdxWriter) fits(s string) bool { return !w.lines || isLine(s) }

// isLine tells whether tag-value gives s back as it is.
func isLine(s string) bool {
	return s == strings.TrimSpace(s) && !strings.ContainsAny(s, "\r\n") && isText(s)
}

// isText tells whether s can stand between <text> and </text>.
func isText(s string) bool { return !strings.Contains(s, "text>") && !strings.Contains(s, "\r") }

// annotate writes properties the way SPDX 2 lets a tool say something of its
// own (SPDX 2.3, section 12): a JSON object in an annotation.
func (w *spdxWriter) annotate(p []Property) []spdxAnnotation {
	if len(p) == 0 {
		return nil
	}
	return []spdxAnnotation{{
		Annotator: "Tool: " + toolString(cmp.Or(w.doc.Tool, boltseal.Tool{Name: "unknown"})), Date: seconds(w.doc.Time), Type: "OTHER",
		Comment: packProperties(p),
	}}
}

// packProperties makes a JSON object of properties; names that stand more
// than once have an array of values. Markup is escaped, so that the text may
// stand in a tag-value document.
func packProperties(all []Property) string {
	next := make(map[string][]int, len(all)) // places of equal names
	for i, p := range all {
		next[p.Name] = append(next[p.Name], i)
	}
	buf := make([]byte, 1, 256)
	buf[0] = '{'
	for i, p := range all {
		same := next[p.Name]
		if same[0] != i {
			continue
		}
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = append(appendQuoted(buf, p.Name, true), ':')
		if len(same) == 1 {
			buf = appendQuoted(buf, p.Value, true)
			continue
		}
		for n, j := range same {
			buf = appendQuoted(append(buf, "[,"[min(n, 1)]), all[j].Value, true)
		}
		buf = append(buf, ']')
	}
	return string(append(buf, '}'))
}

// unpackProperties reads what packProperties wrote, and nothing else.
func unpackProperties(s string) []Property {
	if !strings.HasPrefix(s, "{") || !strings.Contains(s, prefix) || checkJSON([]byte(s)) != nil {
		return nil
	}
	var all []Property
	for name, raw := range members([]byte(s)) {
		var value string
		if json.Unmarshal(raw, &value) == nil {
			all = append(all, Property{name, value})
			continue
		}
		for element := range elements(raw) {
			if json.Unmarshal(element, &value) == nil {
				all = append(all, Property{name, value})
			}
		}
	}
	return all
}

// toolString is a tool as SPDX 2 names creators: "name-version".
func toolString(t boltseal.Tool) string {
	if t.Version == "" {
		return t.Name
	}
	return t.Name + "-" + t.Version
}

// parseTool reads what toolString wrote, by the rule that a version begins
// with a digit.
func parseTool(s string) boltseal.Tool {
	for i := 1; i+1 < len(s); i++ {
		rest := s[i+1:]
		if s[i] == '-' && (rest[0] >= '0' && rest[0] <= '9' || len(rest) > 1 && rest[0] == 'v' && rest[1] >= '0' && rest[1] <= '9') {
			return boltseal.Tool{Name: s[:i], Version: rest}
		}
	}
	return boltseal.Tool{Name: s}
}

func (w *spdxWriter) creation() {
	doc := w.doc
	var p properties
	p.document(doc)
	p.add("phase", doc.Phase)
	p.add("completeness", string(doc.Completeness))
	c := &w.out.creation
	c.Created = seconds(doc.Time)
	name := toolString(doc.Tool)
	if name != "" {
		c.Creators = append(c.Creators, "Tool: "+name)
	}
	if parseTool(name) != doc.Tool || !w.fits(name) {
		p.must("tool:name", doc.Tool.Name)
		p.add("tool:version", doc.Tool.Version)
	}
	exact := true
	for _, a := range doc.Authors {
		c.Creators = append(c.Creators, spdxParty(a))
		exact = exact && parseSPDXParty(spdxParty(a)).String() == a && w.fits(a)
	}
	if !exact {
		p.list("author", doc.Authors)
	}
	if len(c.Creators) == 0 {
		c.Creators = []string{"Tool: unknown"}
		p.must("tool:name", "")
	}
	if all := w.annotate(p); len(all) > 0 {
		w.out.annotation = &all[0]
	}
}

// element is a package of which nothing is known yet. Files are not listed,
// so they cannot have been analyzed (SPDX 2.3, section 7.8).
func element(id, name string) spdxPackage {
	return spdxPackage{ID: id, Name: name, Download: noAssertion, Concluded: noAssertion, Declared: noAssertion, Copyright: noAssertion}
}

// artifact adds what the document describes: the artifact, its layers and
// its operating system.
func (w *spdxWriter) artifact() {
	a := &w.doc.Artifact
	var p properties
	p.artifact(a)
	root := element(spdxArtifactID, w.out.name)
	root.Purpose = spdxPurposes[cdxTypeOf(a.Kind)]
	if a.Kind == boltseal.KindImage || a.Kind == boltseal.KindIndex {
		root.Version = string(a.Digest)
	}
	root.Checksums = w.checksums([]boltseal.Digest{a.Digest}, nil)
	if purl := imagePURL(a); purl != "" {
		root.References = []spdxReference{w.purl(purl)}
	}
	root.Annotations = w.annotate(p)
	w.out.packages = append(w.out.packages, root)
	w.relate(spdxDocumentID, "DESCRIBES", spdxArtifactID)
	for i := range w.doc.Children {
		w.child(i)
	}
	for at, l := range w.doc.layers() {
		var p properties
		p.layer(at, l)
		e := element(layerID(at), cmp.Or(string(l.DiffID), string(l.Digest), "layer "+at.String()))
		e.Purpose = "ARCHIVE"
		e.Checksums = w.checksums([]boltseal.Digest{l.Digest}, nil)
		e.Annotations = w.annotate(p)
		w.out.packages = append(w.out.packages, e)
		in := spdxArtifactID
		if at.child >= 0 {
			in = childID(at.child)
		}
		w.relate(in, "CONTAINS", e.ID)
	}
	if d := a.Distro; d != nil {
		var p properties
		p.distro(d)
		e := element(spdxSystemID, cmp.Or(d.ID, "unknown"))
		e.Version, e.Purpose, e.Summary = d.Version, "OPERATING_SYSTEM", d.Name
		if isCPE(d.CPE) {
			e.References = []spdxReference{cpeReference(d.CPE)}
		}
		e.Annotations = w.annotate(p)
		w.out.packages = append(w.out.packages, e)
		w.relate(spdxArtifactID, "CONTAINS", e.ID)
	}
}

// child adds one image of an index.
func (w *spdxWriter) child(i int) {
	a := &w.doc.Children[i]
	var p properties
	p.child(i, a)
	e := element(childID(i), cmp.Or(a.Name, string(a.Kind), "unknown"))
	e.Version, e.Purpose = string(a.Digest), spdxPurposes[cdxTypeOf(a.Kind)]
	e.Checksums = w.checksums([]boltseal.Digest{a.Digest}, nil)
	if purl := imagePURL(a); purl != "" {
		e.References = []spdxReference{w.purl(purl)}
	}
	e.Annotations = w.annotate(p)
	w.out.packages = append(w.out.packages, e)
	w.relate(spdxArtifactID, "CONTAINS", e.ID)
}

func childID(i int) string { return spdxArtifactID + "-" + strconv.Itoa(i) }

func layerID(at layerPlace) string { return "SPDXRef-Layer-" + at.String() }

// spdxPurposes are SPDX's words for CycloneDX's component types.
var spdxPurposes = map[string]string{
	"application": "APPLICATION", "framework": "FRAMEWORK", "library": "LIBRARY", "container": "CONTAINER", "device": "DEVICE",
	"firmware": "FIRMWARE", "file": "FILE",
}

func (w *spdxWriter) checksums(all []boltseal.Digest, p *properties) []spdxChecksum {
	var out []spdxChecksum
	for _, h := range hashes(all, spdxWord(w.version), p) {
		out = append(out, spdxChecksum{h.algorithm, h.value})
	}
	return out
}

// purl is an external reference to a package manager; SPDX 2.2 spells the
// category with an underscore in JSON.
func (w *spdxWriter) purl(purl string) spdxReference {
	category := "PACKAGE-MANAGER"
	if w.version == "2.2" {
		category = "PACKAGE_MANAGER"
	}
	return spdxReference{category, "purl", purl}
}

func cpeReference(cpe string) spdxReference {
	if strings.HasPrefix(cpe, "cpe:/") {
		return spdxReference{"SECURITY", "cpe22Type", cpe}
	}
	return spdxReference{"SECURITY", "cpe23Type", cpe}
}

func (w *spdxWriter) component(i int) {
	c, d := &w.doc.Components[i], w.doc.detail(i)
	var p properties
	p.component(c)
	e := element(w.ids[i], c.Name)
	if c.Name == "" || !w.fits(c.Name) {
		e.Name = cmp.Or(c.Name, "unknown")
		p.must("name", c.Name)
	}
	if e.Version = c.Version; !w.fits(c.Version) {
		p.must("version", c.Version)
	}
	if c.Supplier != "" {
		e.Supplier = spdxParty(c.Supplier)
		if parseSPDXParty(e.Supplier).String() != c.Supplier || !w.fits(c.Supplier) {
			p.must("supplier", c.Supplier)
		}
	}
	e.Checksums = w.checksums(c.Hashes, &p)
	if len(c.Licenses) > 0 {
		said := w.out.licences.state(c.Licenses, w.known)
		e.Declared = said.expression
		if !said.exact || slices.ContainsFunc(c.Licenses, func(s string) bool { return !w.fits(s) }) {
			p.list("license", c.Licenses)
		}
	}
	if c.PURL != "" && !strings.ContainsAny(c.PURL, " \t\r\n") {
		e.References = append(e.References, w.purl(c.PURL))
	} else if c.PURL != "" {
		p.must("purl", c.PURL)
	}
	for at, cpe := range c.CPEs {
		if isCPE(cpe) {
			e.References = append(e.References, cpeReference(cpe))
		} else {
			p.at("cpe", at, cpe)
		}
	}
	p.list("dependsOn", w.graph.without[i])
	w.detail(&e, d, &p)
	e.Annotations = w.annotate(append(p, d.Properties...))
	w.out.packages = append(w.out.packages, e)
	for _, j := range w.graph.within[i] {
		w.relate(e.ID, "DEPENDS_ON", w.ids[j])
	}
}

// componentID is an SPDX identifier that the ref decides.
func componentID(c *boltseal.Component, ref string) string {
	sum := sha256.Sum256([]byte(ref))
	parts := []string{"SPDXRef-Package", purlType(c.PURL), slug(c.Name, 40), hex.EncodeToString(sum[:8])}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "-")
}

// detail writes what SPDX has fields for there, and the rest as properties.
func (w *spdxWriter) detail(e *spdxPackage, d *Detail, p *properties) {
	kind := cmp.Or(d.Kind, "library")
	e.Purpose = spdxPurposes[kind]
	if kind == "container" || e.Purpose == "" {
		e.Purpose = "OTHER"
	}
	if w.version == "2.2" && d.Kind != "" || e.Purpose == "OTHER" {
		p.must("type", kind)
	}
	field := func(to *string, name, value string, fits bool) {
		switch {
		case value == "":
		case fits:
			*to = value
		default:
			p.must(name, value)
		}
	}
	asserts := func(s string) bool { return s != noAssertion && s != "NONE" }
	text := func(s string) bool { return !w.lines || isText(s) }
	field(&e.Description, "description", d.Description, text(d.Description))
	field(&e.Copyright, "copyright", d.Copyright, asserts(d.Copyright) && text(d.Copyright))
	field(&e.FileName, "filename", d.Filename, w.fits(d.Filename))
	field(&e.Homepage, "website", d.Website, isReference(d.Website) && asserts(d.Website))
	field(&e.Download, "download", d.Download, isReference(d.Download) && asserts(d.Download))
	p.add("sourceCode", d.SourceCode)
	p.add("contact", d.Contact)
	*p = append(*p, bsiFacts(d)...)
}

func (w *spdxWriter) relate(from, kind, to string) {
	w.out.relationships = append(w.out.relationships, spdxRelationship{From: from, Type: kind, To: to})
}

// relationships says where each component is, in which layer if that is
// known, and what the project itself asks for.
func (w *spdxWriter) relationships() {
	layers := w.doc.layerIndex()
	for i := range w.doc.Components {
		c := &w.doc.Components[i]
		in := spdxArtifactID
		if at, ok := layerOf(layers, c); ok {
			in = layerID(at)
		}
		w.relate(in, "CONTAINS", w.ids[i])
		switch {
		case c.Dev:
			w.relate(w.ids[i], "DEV_DEPENDENCY_OF", spdxArtifactID)
		case c.Direct:
			w.relate(spdxArtifactID, "DEPENDS_ON", w.ids[i])
		}
	}
}

// extracted lists the licences that SPDX does not name (SPDX 2.3, section 10).
func (d *spdxDocument) extracted() []spdxExtracted {
	var all []spdxExtracted
	for _, id := range slices.Sorted(maps.Keys(d.licences)) {
		text := d.licences[id]
		all = append(all, spdxExtracted{ID: id, Text: cmp.Or(text, noAssertion), Name: cmp.Or(text, noAssertion)})
	}
	return all
}

// namespace is the document's own URI: the same content has the same.
func (d *spdxDocument) namespace(content []byte) string {
	return "https://boltseal.dev/spdx/" + strings.TrimPrefix(slug(d.name, 60)+"-"+contentID(content), "-")
}
