package sbom

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/spdx"
)

// spdx3Element holds what is read of any element of an SPDX 3 graph.
type spdx3Element struct {
	Type   string `json:"type"`
	AtType string `json:"@type"`
	ID     string `json:"spdxId"`
	AtID   string `json:"@id"`

	Name        string          `json:"name"`
	Description string          `json:"description"`
	Summary     string          `json:"summary"`
	Verified    []spdx3Hash     `json:"verifiedUsing"`
	Identifiers []spdx3Name     `json:"externalIdentifier"`
	Extension   []spdx3Extended `json:"extension"`
	SuppliedBy  refs            `json:"suppliedBy"`
	Originated  refs            `json:"originatedBy"`

	Version   string `json:"software_packageVersion"`
	PURL      string `json:"software_packageUrl"`
	Purpose   string `json:"software_primaryPurpose"`
	Copyright string `json:"software_copyrightText"`
	Homepage  string `json:"software_homePage"`
	Download  string `json:"software_downloadLocation"`

	From         refs   `json:"from"`
	To           refs   `json:"to"`
	Relationship string `json:"relationshipType"`
	Scope        string `json:"scope"`
	Completeness string `json:"completeness"`

	Roots    refs     `json:"rootElement"`
	SBOMType []string `json:"software_sbomType"`

	Created      string `json:"created"`
	CreatedBy    refs   `json:"createdBy"`
	CreatedUsing refs   `json:"createdUsing"`

	Expression string       `json:"simplelicensing_licenseExpression"`
	CustomIDs  []spdx3Entry `json:"simplelicensing_customIdToUri"`
	Text       string       `json:"simplelicensing_licenseText"`
	Members    refs         `json:"expandedlicensing_member"`
	Subject    refs         `json:"expandedlicensing_subjectLicense"`
	Extendable refs         `json:"expandedlicensing_subjectExtendableLicense"`
	Addition   refs         `json:"expandedlicensing_subjectAddition"`
}

type spdx3Hash struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"hashValue"`
}

type spdx3Name struct {
	Type  string `json:"externalIdentifierType"`
	Value string `json:"identifier"`
}

type spdx3Extended struct {
	Properties []spdx3Property `json:"extension_cdxProperty"`
}

type spdx3Property struct {
	Name  string `json:"extension_cdxPropName"`
	Value string `json:"extension_cdxPropValue"`
}

type spdx3Entry struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// refs are one or more references to elements: identifiers, or the elements
// themselves.
type refs []string

// UnmarshalJSON reads a string, an object, or an array of both.
func (r *refs) UnmarshalJSON(raw []byte) error {
	one := func(raw []byte) {
		var id string
		if json.Unmarshal(raw, &id) != nil {
			var e struct {
				ID   string `json:"spdxId"`
				AtID string `json:"@id"`
			}
			if json.Unmarshal(raw, &e) != nil {
				return
			}
			id = cmp.Or(e.ID, e.AtID)
		}
		if id != "" {
			*r = append(*r, id)
		}
	}
	if raw = bytes.TrimSpace(raw); len(raw) > 0 && raw[0] == '[' {
		for element := range elements(raw) {
			one(element)
		}
		return nil
	}
	one(raw)
	return nil
}

func (r refs) first() string {
	if len(r) == 0 {
		return ""
	}
	return r[0]
}

// spdx3Reader understands an SPDX 3.0 graph. Elements stand in any order, so
// packages are read last.
type spdx3Reader struct {
	b         *builder
	agents    map[string]party
	tools     map[string]string
	licences  licences
	known     map[string]string // licence element → its expression
	elements  map[string]spdx3Licence
	declared  map[string][]string
	concluded map[string][]string
	evidence  map[string][]string
	files     map[string]string
	roots     map[string]refs // of collections
	main      refs            // of the document
	creation  spdx3Element
	dev       map[string]bool
}

func readSPDX3(data []byte) (*Document, error) {
	const format = "spdx-3.0.1-json"
	data = trimMark(data)
	if err := checkJSON(data); err != nil {
		return nil, fmt.Errorf("read %s: %w", format, err)
	}
	r := &spdx3Reader{
		b: newBuilder(format), agents: map[string]party{}, tools: map[string]string{}, licences: licences{}, known: map[string]string{},
		elements: map[string]spdx3Licence{}, declared: map[string][]string{}, concluded: map[string][]string{},
		evidence: map[string][]string{}, files: map[string]string{}, roots: map[string]refs{}, dev: map[string]bool{},
	}
	graph := data // a document may be a single element
	for name, raw := range members(data) {
		if name == "@graph" {
			graph = raw
		}
	}
	each := func(visit func(raw []byte, kind string) error) error {
		for raw := range elements(graph) {
			if err := visit(raw, spdx3Kind(raw)); err != nil {
				return fmt.Errorf("read %s: %w", format, err)
			}
		}
		return nil
	}
	if err := each(r.surroundings); err != nil {
		return nil, err
	}
	r.document()
	if err := each(r.software); err != nil {
		return nil, err
	}
	return r.b.finish(), nil
}

// spdx3Kind is an element's class, without the address that some writers put
// before it.
func spdx3Kind(raw []byte) string {
	for name, value := range members(raw) {
		if name == "type" || name == "@type" {
			s := cdxText(value)
			if at := strings.LastIndexByte(s, '/'); at >= 0 && strings.Contains(s, "Software/") {
				return "software_" + s[at+1:]
			} else if at >= 0 {
				return s[at+1:]
			}
			return s
		}
	}
	return ""
}

func (r *spdx3Reader) decode(raw []byte) spdx3Element {
	var e spdx3Element
	if json.Unmarshal(raw, &e) != nil {
		r.b.broken++
	}
	e.ID = cmp.Or(e.ID, e.AtID)
	return e
}

// surroundings takes everything but software: who made it, licences, and
// what belongs to what.
func (r *spdx3Reader) surroundings(raw []byte, kind string) error {
	switch kind {
	case "", "software_Package":
		return nil
	}
	e := r.decode(raw)
	switch {
	case kind == "Organization", kind == "Person", kind == "Agent":
		p := party{name: e.Name}
		for _, id := range e.Identifiers {
			if id.Type == "email" {
				p.mail = id.Value
			}
		}
		r.agents[e.ID] = p
	case kind == "Tool", kind == "SoftwareAgent":
		r.tools[e.ID] = e.Name
	case kind == "CreationInfo":
		if r.creation.Created == "" {
			r.creation = e
		}
	case kind == "SpdxDocument":
		r.b.doc.Serial = e.ID
		r.main = e.Roots
		r.b.document(e.properties())
		r.tool(e.properties())
	case kind == "software_Sbom", kind == "Bom", kind == "Bundle":
		r.roots[e.ID] = e.Roots
		for _, t := range e.SBOMType {
			r.phase(t)
		}
	case kind == "software_File":
		r.files[e.ID] = e.Name
	case strings.HasSuffix(kind, "Relationship"):
		r.relationship(&e)
	case kind == "simplelicensing_SimpleLicensingText", kind == "expandedlicensing_CustomLicense":
		if spdx.IsRef(e.Name) {
			r.licences[e.Name] = e.Text
		}
		r.elements[e.ID] = spdx3Licence{kind: kind, expression: cmp.Or(e.Name, e.Text)}
	case strings.HasPrefix(kind, "simplelicensing_"), strings.HasPrefix(kind, "expandedlicensing_"):
		r.elements[e.ID] = spdx3Licence{
			kind: kind, expression: cmp.Or(e.Expression, e.Name), members: e.Members,
			subject: cmp.Or(e.Subject.first(), e.Extendable.first()), addition: e.Addition.first(),
		}
	}
	return nil
}

// phase takes the type of an SBOM where the document does not name a phase.
func (r *spdx3Reader) phase(sbomType string) {
	if r.b.doc.Phase != "" || r.b.ours {
		return
	}
	for phase, t := range spdx3Types {
		if t == sbomType {
			r.b.doc.Phase = phase
		}
	}
}

func (e *spdx3Element) properties() []Property {
	var all []Property
	for _, x := range e.Extension {
		for _, p := range x.Properties {
			all = append(all, Property(p))
		}
	}
	return all
}

func (r *spdx3Reader) tool(all []Property) {
	v, _ := take(all)
	if name, ok := v["tool:name"]; ok {
		r.b.doc.Tool = boltseal.Tool{Name: name, Version: v["tool:version"]}
		r.tools[""] = "" // settled
	}
}

// document takes what the creation of the document says.
func (r *spdx3Reader) document() {
	doc := r.b.doc
	doc.Time = parseSeconds(r.creation.Created)
	for _, id := range r.creation.CreatedBy {
		if p, ok := r.agents[id]; ok {
			if s := p.String(); s != "" {
				doc.Authors = append(doc.Authors, s)
			}
		}
	}
	if _, settled := r.tools[""]; settled {
		return
	}
	for _, id := range append(slices.Clone(r.creation.CreatedUsing), r.creation.CreatedBy...) {
		if name := r.tools[id]; name != "" {
			doc.Tool = parseTool(name)
			return
		}
	}
}

func (r *spdx3Reader) relationship(e *spdx3Element) {
	from := e.From.first()
	for _, to := range e.To {
		switch e.Relationship {
		case "dependsOn", "hasPrerequisite", "hasDynamicLink", "hasStaticLink", "hasOptionalDependency", "hasProvidedDependency":
			r.b.edge(from, to)
			if e.Scope == "development" || e.Scope == "test" {
				r.dev[to] = true
			}
		case "hasDeclaredLicense":
			r.declared[from] = append(r.declared[from], to)
		case "hasConcludedLicense":
			r.concluded[from] = append(r.concluded[from], to)
		case "contains":
			r.b.contained = append(r.b.contained, to)
		case "hasEvidence":
			r.evidence[from] = append(r.evidence[from], to)
		}
	}
	if e.Relationship == "contains" && r.b.doc.Completeness == "" {
		switch e.Completeness {
		case "complete":
			r.b.doc.Completeness = Complete
		case "incomplete":
			r.b.doc.Completeness = Incomplete
		}
	}
}

// software takes one package for what it is.
func (r *spdx3Reader) software(raw []byte, kind string) error {
	if kind != "software_Package" {
		return nil
	}
	e := r.decode(raw)
	all := e.properties()
	if r.b.layer(all) || r.b.child(e.ID, all) {
		return nil
	}
	v, _ := take(all)
	_, isRoot := v["artifact:name"]
	switch {
	case isRoot, !r.b.ours && r.onlyRoot() == e.ID && e.ID != "":
		a := boltseal.Artifact{Kind: boltseal.KindSBOM, Name: e.Name}
		switch e.Purpose {
		case "container", "filesystemImage", "diskImage":
			a.Kind = boltseal.KindImage
		case "file", "archive":
			a.Kind = boltseal.KindFile
		case "application", "source":
			a.Kind = boltseal.KindDirectory
		}
		foreignImage(&a, e.Version, e.PURL)
		r.b.artifact(e.ID, a, all)
		return nil
	case v["distro:id"] != "", !r.b.ours && e.Purpose == "operatingSystem":
		r.b.system(e.ID, &boltseal.Distro{ID: e.Name, Version: e.Version, Name: e.Summary}, all)
		return nil
	}
	d := r.detail(&e)
	var rest []Property
	for _, p := range all {
		if !d.property(p) {
			rest = append(rest, p)
		}
	}
	return r.b.component(e.ID, r.component(&e), d, rest)
}

// onlyRoot is what the document is about, if that is one thing.
func (r *spdx3Reader) onlyRoot() string {
	at := r.main
	for range 4 { // a document's root is an SBOM, whose root is the thing
		if len(at) != 1 {
			return ""
		}
		next, ok := r.roots[at[0]]
		if !ok {
			return at[0]
		}
		at = next
	}
	return ""
}

func (r *spdx3Reader) component(e *spdx3Element) boltseal.Component {
	c := boltseal.Component{PURL: e.PURL, Name: e.Name, Version: e.Version, Dev: r.dev[e.ID]}
	c.Supplier = r.agents[e.SuppliedBy.first()].String()
	for _, h := range e.Verified {
		if d := digestOf(spdx3Word, h.Algorithm, h.Value); d != "" {
			c.Hashes = append(c.Hashes, d)
		}
	}
	for _, id := range e.Identifiers {
		switch id.Type {
		case "packageUrl":
			c.PURL = cmp.Or(c.PURL, id.Value)
		case "cpe23", "cpe22":
			c.CPEs = append(c.CPEs, id.Value)
		}
	}
	all := r.declared[e.ID]
	if len(all) == 0 && !r.b.ours {
		all = r.concluded[e.ID]
	}
	for _, id := range all {
		expr := r.expression(id, 0)
		if r.b.ours {
			c.Licenses = append(c.Licenses, r.licences.split(expr)...)
		} else if s := foreignLicence(expr); s != "" {
			c.Licenses = append(c.Licenses, s)
		}
	}
	if r.b.ours {
		return c
	}
	c.Supplier = cmp.Or(c.Supplier, r.agents[e.Originated.first()].String())
	for _, id := range r.evidence[e.ID] {
		if file := strings.TrimPrefix(r.files[id], "/"); file != "" {
			c.Locations = append(c.Locations, boltseal.Location{File: file})
		}
	}
	return c
}

func (r *spdx3Reader) detail(e *spdx3Element) Detail {
	d := Detail{
		Description: cmp.Or(e.Description, e.Summary), Copyright: e.Copyright, Website: e.Homepage, Download: e.Download,
	}
	for kind, purpose := range spdx3Purposes {
		if purpose == e.Purpose && kind != "library" {
			d.Kind = kind
		}
	}
	if !r.b.ours {
		d.Contact = cmp.Or(r.agents[e.SuppliedBy.first()].mail, r.agents[e.Originated.first()].mail)
		if d.Copyright == noAssertion {
			d.Copyright = ""
		}
	}
	return d
}
