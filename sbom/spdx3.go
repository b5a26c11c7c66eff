package sbom

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/spdx"
)

var _ = add(Format{
	Name: "spdx-3.0.1-json", Aliases: []string{"spdx3-json", "spdx3", "spdx-3-json", "spdx-3.0-json"}, Title: "SPDX 3.0.1 JSON-LD",
	MediaType: "application/spdx+json; version=3.0.1",
	Detect:    detect("spdx-3.0.1-json"),
	Read:      readSPDX3,
	Write: func(w io.Writer, doc *Document) error {
		_, err := w.Write(writeSPDX3(doc))
		return err
	},
})

// spdx3Writer appends the elements of an SPDX 3.0.1 document (core and
// software profiles, simple licensing, extensions), each an object of the
// graph.
type spdx3Writer struct {
	jsonWriter
	doc      *Document
	graph    *graph
	licences licences
	known    map[string]statement
	ids      []string        // of components
	written  map[string]bool // elements that stand in the graph once
	relation int
}

// spdx3Base begins every identifier until the content, and so the document's
// own, is known. Both have the same length.
const (
	spdx3Base   = "https://boltseal.dev/spdx/" + spdx3Blank + "#"
	spdx3Blank  = "00000000-0000-0000-0000-000000000000"
	spdx3Info   = "_:creation"
	spdx3Data   = spdx3Base + "data-licence"
	spdx3Root   = spdx3Base + "artifact"
	spdx3System = spdx3Base + "system"
	spdx3Bill   = spdx3Base + "sbom"
)

func writeSPDX3(doc *Document) []byte {
	doc = doc.sorted()
	w := &spdx3Writer{doc: doc, graph: newGraph(doc), licences: licences{}, known: map[string]statement{}, written: map[string]bool{}}
	w.buf = make([]byte, 0, 8192+3800*len(doc.Components))
	for _, ref := range w.graph.refs {
		w.ids = append(w.ids, local("component", ref))
	}
	w.object()
	w.must("@context", "https://spdx.org/rdf/3.0.1/spdx-context.jsonld")
	w.key("@graph")
	w.array()
	w.document()
	w.artifact()
	for i := range doc.Components {
		w.component(i)
		w.files(i)
	}
	w.structure()
	w.custom()
	w.endArray()
	w.end()
	w.buf = append(w.buf, '\n')
	fill(w.buf, spdx3Blank, contentID(w.buf))
	return w.buf
}

// fill puts one text everywhere in the place of another of the same length.
func fill(buf []byte, blank, with string) {
	for at := 0; ; at += len(blank) {
		next := bytes.Index(buf[at:], []byte(blank))
		if next < 0 {
			return
		}
		at += next
		copy(buf[at:], with)
	}
}

// begin opens an element of the graph.
func (w *spdx3Writer) begin(kind, id string) {
	w.object()
	w.must("type", kind)
	w.must("spdxId", id)
	w.must("creationInfo", spdx3Info)
}

// local is an identifier made of any text.
func local(kind, of string) string {
	sum := sha256.Sum256([]byte(of))
	return spdx3Base + kind + "-" + hex.EncodeToString(sum[:10])
}

func (w *spdx3Writer) document() {
	doc := w.doc
	var p properties
	p.document(doc)
	p.add("phase", doc.Phase)
	p.add("completeness", string(doc.Completeness))
	if name := toolString(doc.Tool); parseTool(name) != doc.Tool || name == "" {
		p.must("tool:name", doc.Tool.Name)
		p.add("tool:version", doc.Tool.Version)
	}
	tool := cmp.Or(toolString(doc.Tool), "unknown")
	var authors []string
	for _, a := range doc.Authors {
		authors = append(authors, w.agent(a))
	}
	if len(authors) == 0 {
		authors = []string{spdx3Base + "maker"}
		w.begin("SoftwareAgent", authors[0])
		w.must("name", tool)
		w.end()
	}
	w.object()
	w.must("type", "CreationInfo")
	w.must("@id", spdx3Info)
	w.must("specVersion", "3.0.1")
	w.must("created", seconds(doc.Time))
	w.strings("createdBy", authors)
	w.strings("createdUsing", []string{spdx3Base + "tool"})
	w.end()
	w.begin("Tool", spdx3Base+"tool")
	w.must("name", tool)
	w.end()
	w.begin("simplelicensing_LicenseExpression", spdx3Data)
	w.must("simplelicensing_licenseExpression", "CC0-1.0")
	w.end()
	w.begin("SpdxDocument", spdx3Base+"document")
	w.must("name", cmp.Or(doc.Artifact.Name, string(doc.Artifact.Kind), "unknown"))
	w.must("dataLicense", spdx3Data)
	w.strings("profileConformance", []string{"core", "software", "simpleLicensing", "extension"})
	w.strings("rootElement", []string{spdx3Bill})
	w.extension(p)
	w.end()
	w.begin("software_Sbom", spdx3Bill)
	if kind := spdx3Types[doc.Phase]; kind != "" {
		w.strings("software_sbomType", []string{kind})
	}
	w.strings("profileConformance", []string{"core", "software", "simpleLicensing"})
	w.strings("rootElement", []string{spdx3Root})
	elements := []string{spdx3Root}
	for i := range doc.Components {
		elements = append(elements, w.ids[i])
	}
	w.strings("element", elements)
	w.end()
}

// spdx3Types are SPDX's words for CycloneDX's lifecycle phases.
var spdx3Types = map[string]string{
	"design": "design", "pre-build": "source", "build": "build", "post-build": "analyzed", "operations": "deployed", "discovery": "runtime",
}

// agent writes an organization once, and gives its identifier.
func (w *spdx3Writer) agent(s string) string {
	id := local("agent", s)
	if w.written[s] {
		return id
	}
	w.written[s] = true
	p := parseParty(s)
	w.begin("Organization", id)
	w.must("name", p.name)
	if p.mail != "" {
		w.key("externalIdentifier")
		w.array()
		w.identifier("email", p.mail)
		w.endArray()
	}
	w.end()
	return id
}

func (w *spdx3Writer) identifier(kind, value string) {
	w.object()
	w.must("type", "ExternalIdentifier")
	w.must("externalIdentifierType", kind)
	w.must("identifier", value)
	w.end()
}

// extension writes properties in the extension that SPDX made for
// CycloneDX's.
func (w *spdx3Writer) extension(all []Property) {
	if len(all) == 0 {
		return
	}
	w.key("extension")
	w.array()
	w.object()
	w.must("type", "extension_CdxPropertiesExtension")
	w.key("extension_cdxProperty")
	w.array()
	for _, p := range all {
		w.object()
		w.must("type", "extension_CdxPropertyEntry")
		w.must("extension_cdxPropName", p.Name)
		w.must("extension_cdxPropValue", p.Value)
		w.end()
	}
	w.endArray()
	w.end()
	w.endArray()
}

func (w *spdx3Writer) verified(all []hash) {
	if len(all) == 0 {
		return
	}
	w.key("verifiedUsing")
	w.array()
	for _, h := range all {
		w.object()
		w.must("type", "Hash")
		w.must("algorithm", h.algorithm)
		w.must("hashValue", h.value)
		w.end()
	}
	w.endArray()
}

func spdx3Word(a algorithm) string { return a.spdx3 }

// artifact writes what the document describes: the artifact, its layers and
// its operating system.
func (w *spdx3Writer) artifact() {
	a := &w.doc.Artifact
	var p properties
	p.artifact(a)
	w.begin("software_Package", spdx3Root)
	w.must("name", cmp.Or(a.Name, string(a.Kind), "unknown"))
	w.verified(hashes([]boltseal.Digest{a.Digest}, spdx3Word, nil))
	if a.Kind == boltseal.KindImage || a.Kind == boltseal.KindIndex {
		w.field("software_packageVersion", string(a.Digest))
	}
	w.field("software_packageUrl", imagePURL(a))
	w.must("software_primaryPurpose", cdxTypeOf(a.Kind))
	w.extension(p)
	w.end()
	for i := range w.doc.Children {
		w.child(i)
	}
	for at, l := range w.doc.layers() {
		var p properties
		p.layer(at, l)
		w.begin("software_Package", spdx3Layer(at))
		w.must("name", cmp.Or(string(l.DiffID), string(l.Digest), "layer "+at.String()))
		w.verified(hashes([]boltseal.Digest{l.Digest}, spdx3Word, nil))
		w.must("software_primaryPurpose", "archive")
		w.extension(p)
		w.end()
	}
	if d := a.Distro; d != nil {
		var p properties
		p.distro(d)
		w.begin("software_Package", spdx3System)
		w.must("name", cmp.Or(d.ID, "unknown"))
		w.field("summary", d.Name)
		if isCPE(d.CPE) {
			w.key("externalIdentifier")
			w.array()
			w.identifier(cpeKind(d.CPE), d.CPE)
			w.endArray()
		}
		w.field("software_packageVersion", d.Version)
		w.must("software_primaryPurpose", "operatingSystem")
		w.extension(p)
		w.end()
	}
}

func cpeKind(cpe string) string {
	if len(cpe) > 4 && cpe[4] == '/' {
		return "cpe22"
	}
	return "cpe23"
}

// child writes one image of an index.
func (w *spdx3Writer) child(i int) {
	a := &w.doc.Children[i]
	var p properties
	p.child(i, a)
	w.begin("software_Package", spdx3Child(i))
	w.must("name", cmp.Or(a.Name, string(a.Kind), "unknown"))
	w.verified(hashes([]boltseal.Digest{a.Digest}, spdx3Word, nil))
	w.must("software_primaryPurpose", cdxTypeOf(a.Kind))
	w.field("software_packageVersion", string(a.Digest))
	w.field("software_packageUrl", imagePURL(a))
	w.extension(p)
	w.end()
}

func spdx3Child(i int) string { return spdx3Root + "-" + strconv.Itoa(i) }

func spdx3Layer(at layerPlace) string { return spdx3Base + "layer-" + at.String() }

// spdx3Purposes are SPDX 3's words for CycloneDX's component types.
var spdx3Purposes = map[string]string{
	"application": "application", "framework": "framework", "library": "library", "device": "device", "firmware": "firmware",
	"file": "file", "platform": "platform", "device-driver": "deviceDriver", "machine-learning-model": "model", "data": "data",
}

func (w *spdx3Writer) component(i int) {
	c, d := &w.doc.Components[i], w.doc.detail(i)
	supplier := ""
	if c.Supplier != "" {
		supplier = w.agent(c.Supplier)
	}
	var p properties
	p.component(c)
	if c.Name == "" {
		p.must("name", "")
	}
	w.begin("software_Package", w.ids[i])
	w.must("name", cmp.Or(c.Name, "unknown"))
	w.field("description", d.Description)
	w.verified(hashes(c.Hashes, spdx3Word, &p))
	if c.PURL != "" || len(c.CPEs) > 0 {
		w.key("externalIdentifier")
		w.array()
		if c.PURL != "" {
			w.identifier("packageUrl", c.PURL)
		}
		for at, cpe := range c.CPEs {
			if isCPE(cpe) {
				w.identifier(cpeKind(cpe), cpe)
			} else {
				p.at("cpe", at, cpe)
			}
		}
		w.endArray()
	}
	w.field("suppliedBy", supplier)
	w.field("software_copyrightText", d.Copyright)
	kind := cmp.Or(d.Kind, "library")
	purpose := cmp.Or(spdx3Purposes[kind], "other")
	if purpose == "other" {
		p.must("type", kind)
	}
	w.must("software_primaryPurpose", purpose)
	w.field("software_packageVersion", c.Version)
	w.field("software_packageUrl", c.PURL)
	if isReference(d.Website) {
		w.must("software_homePage", d.Website)
	} else {
		p.add("website", d.Website)
	}
	if isReference(d.Download) {
		w.must("software_downloadLocation", d.Download)
	} else {
		p.add("download", d.Download)
	}
	p.add("sourceCode", d.SourceCode)
	p.add("contact", d.Contact)
	p.list("dependsOn", w.graph.without[i])
	expression := ""
	if len(c.Licenses) > 0 {
		said := w.licences.state(c.Licenses, w.known)
		expression = said.expression
		if !said.exact {
			p.list("license", c.Licenses)
		}
	}
	if d.Filename != "" {
		p = append(p, Property{bsi + "filename", d.Filename})
	}
	w.extension(slices.Concat(p, bsiFacts(d), d.Properties))
	w.end()
	if expression != "" {
		w.licence(w.ids[i], expression)
	}
}

// licence writes an expression once, and that the component declares it.
func (w *spdx3Writer) licence(id, expression string) {
	of := local("licence", expression)
	if !w.written[of] {
		w.written[of] = true
		w.begin("simplelicensing_LicenseExpression", of)
		w.must("simplelicensing_licenseExpression", expression)
		var refs []string
		for _, leaf := range spdx.Leaves(expression) {
			if _, custom := w.licences[leaf]; custom && !slices.Contains(refs, leaf) {
				refs = append(refs, leaf)
			}
		}
		if len(refs) > 0 {
			w.key("simplelicensing_customIdToUri")
			w.array()
			for _, ref := range refs {
				w.object()
				w.must("type", "DictionaryEntry")
				w.must("key", ref)
				w.must("value", local("text", ref))
				w.end()
			}
			w.endArray()
		}
		w.end()
	}
	w.relate(id, "hasDeclaredLicense", []string{of}, "")
}

// custom writes the licences that SPDX does not name.
func (w *spdx3Writer) custom() {
	for _, ref := range slices.Sorted(maps.Keys(w.licences)) {
		w.begin("simplelicensing_SimpleLicensingText", local("text", ref))
		w.must("name", ref)
		w.must("simplelicensing_licenseText", cmp.Or(w.licences[ref], noAssertion))
		w.end()
	}
}

// files writes the files that prove a component.
func (w *spdx3Writer) files(i int) {
	var ids []string
	for _, l := range w.doc.Components[i].Locations {
		if l.File == "" {
			continue
		}
		id := local("file", l.File)
		if !w.written[id] {
			w.written[id] = true
			w.begin("software_File", id)
			w.must("name", l.File)
			w.end()
		}
		ids = append(ids, id)
	}
	w.relate(w.ids[i], "hasEvidence", union(nil, ids), "")
}

// relate writes a relationship, unless it leads nowhere.
func (w *spdx3Writer) relate(from, kind string, to []string, scope string) {
	if len(to) == 0 {
		return
	}
	w.relation++
	class := "Relationship"
	if scope != "" {
		class = "LifecycleScopedRelationship"
	}
	w.begin(class, spdx3Base+"relationship-"+strconv.Itoa(w.relation))
	if kind == "contains" && from == spdx3Root && w.doc.Completeness != "" {
		w.must("completeness", spdx3Completeness[w.doc.Completeness])
	}
	w.must("from", from)
	w.must("relationshipType", kind)
	w.field("scope", scope)
	w.strings("to", to)
	w.end()
}

var spdx3Completeness = map[Completeness]string{Complete: "complete", Incomplete: "incomplete", CannotBeKnown: "noAssertion"}

// structure says where each component is, in which layer if that is known,
// and what needs what.
func (w *spdx3Writer) structure() {
	doc := w.doc
	var inside, direct, dev []string
	if doc.Artifact.Distro != nil {
		inside = append(inside, spdx3System)
	}
	inChild := make([][]string, len(doc.Children))
	for i := range doc.Children {
		inside = append(inside, spdx3Child(i))
	}
	for at := range doc.layers() {
		if at.child < 0 {
			inside = append(inside, spdx3Layer(at))
		} else {
			inChild[at.child] = append(inChild[at.child], spdx3Layer(at))
		}
	}
	layers, inLayer := doc.layerIndex(), map[layerPlace][]string{}
	for i := range doc.Components {
		c := &doc.Components[i]
		id := w.ids[i]
		if at, ok := layerOf(layers, c); ok {
			inLayer[at] = append(inLayer[at], id)
		} else {
			inside = append(inside, id)
		}
		switch {
		case c.Dev:
			dev = append(dev, id)
		case c.Direct:
			direct = append(direct, id)
		}
		var needs []string
		for _, j := range w.graph.within[i] {
			needs = append(needs, w.ids[j])
		}
		w.relate(id, "dependsOn", needs, "")
	}
	w.relate(spdx3Root, "contains", inside, "")
	for i, ids := range inChild {
		w.relate(spdx3Child(i), "contains", ids, "")
	}
	for at := range doc.layers() {
		w.relate(spdx3Layer(at), "contains", inLayer[at], "")
	}
	w.relate(spdx3Root, "dependsOn", direct, "")
	w.relate(spdx3Root, "dependsOn", dev, "development")
}
