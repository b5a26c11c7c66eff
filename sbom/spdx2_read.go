package sbom

import (
	"cmp"
	"strings"

	"github.com/boltseal/boltseal"
)

// spdxReader understands SPDX 2, whatever its syntax. The document, the
// licences and the relationships come before the files, and all of them
// before the packages.
type spdxReader struct {
	b         *builder
	licences  licences
	described map[string]bool
	edges     []spdxRelationship
	evidence  map[string][]string // package → files that prove it
	files     map[string]boltseal.Location
	dev       map[string]bool
}

func newSPDXReader(format string) *spdxReader {
	return &spdxReader{
		b: newBuilder(format), licences: licences{}, described: map[string]bool{}, evidence: map[string][]string{}, files: map[string]boltseal.Location{}, dev: map[string]bool{},
	}
}

func (r *spdxReader) document(c *spdxCreation, annotations []spdxAnnotation, describes []string) {
	doc := r.b.doc
	var all []Property
	for _, a := range annotations {
		all = append(all, unpackProperties(a.Comment)...)
	}
	r.b.document(all)
	doc.Time = parseSeconds(c.Created)
	for _, creator := range c.Creators {
		if tool, ok := strings.CutPrefix(creator, "Tool:"); ok {
			if t := parseTool(strings.TrimSpace(tool)); doc.Tool == (boltseal.Tool{}) {
				doc.Tool = t
			}
			continue
		}
		if s := parseSPDXParty(creator).String(); s != "" {
			doc.Authors = append(doc.Authors, s)
		}
	}
	v, _ := take(all)
	if name, ok := v["tool:name"]; ok {
		doc.Tool = boltseal.Tool{Name: name, Version: v["tool:version"]}
	}
	if authors := v.list("author"); authors != nil {
		doc.Authors = authors
	}
	for _, id := range describes {
		r.describe(id)
	}
}

func (r *spdxReader) describe(id string) { r.described[id] = true }

// extracted takes a licence that SPDX does not name. Another tool's may have
// a name that does mean a listed one.
func (r *spdxReader) extracted(e *spdxExtracted) {
	text := e.Name
	if text == "" || text == noAssertion {
		text = e.Text
	}
	if text != noAssertion {
		r.licences[e.ID] = text
	}
}

// relationship keeps what makes the graph (SPDX 2.3, section 11).
func (r *spdxReader) relationship(rel *spdxRelationship) {
	switch rel.Type {
	case "DESCRIBES":
		r.describe(rel.To)
	case "DESCRIBED_BY":
		r.describe(rel.From)
	case "DEPENDS_ON", "HAS_PREREQUISITE", "DYNAMIC_LINK", "STATIC_LINK":
		r.b.edge(rel.From, rel.To)
	case "DEV_DEPENDENCY_OF", "TEST_DEPENDENCY_OF":
		r.dev[rel.From] = true
		r.b.edge(rel.To, rel.From)
	case "DEPENDENCY_OF", "RUNTIME_DEPENDENCY_OF", "BUILD_DEPENDENCY_OF", "OPTIONAL_DEPENDENCY_OF", "PROVIDED_DEPENDENCY_OF", "PREREQUISITE_FOR":
		r.b.edge(rel.To, rel.From)
	case "OTHER":
		if strings.HasPrefix(rel.Comment, "evident-by") { // Syft's way to name the file that proves a package
			r.evidence[rel.From] = append(r.evidence[rel.From], rel.To)
			r.files[rel.To] = boltseal.Location{}
		}
	case "CONTAINED_BY", "PACKAGE_OF":
		r.b.contained = append(r.b.contained, rel.From)
	case "CONTAINS":
		r.b.contained = append(r.b.contained, rel.To)
		r.edges = append(r.edges, *rel)
	}
}

// file keeps the place of a file that proves a package.
func (r *spdxReader) file(f *spdxFile) {
	if _, wanted := r.files[f.ID]; !wanted {
		return
	}
	l := boltseal.Location{File: strings.TrimPrefix(strings.TrimPrefix(f.Name, "./"), "/")}
	if layer, ok := strings.CutPrefix(f.Comment, "layerID: "); ok {
		l.Layer = boltseal.Digest(strings.TrimSpace(layer))
	}
	r.files[f.ID] = l
}

// element takes one package for what it is.
func (r *spdxReader) element(p *spdxPackage) error {
	all := p.properties()
	if r.b.layer(all) || r.b.child(p.ID, all) {
		return nil
	}
	v, _ := take(all)
	_, isRoot := v["artifact:name"]
	switch {
	case isRoot, len(r.described) == 1 && r.described[p.ID] && !r.b.ours:
		r.root(p, all)
		return nil
	case v["distro:id"] != "" || !r.b.ours && (p.Purpose == "OPERATING_SYSTEM" || p.Purpose == "OPERATING-SYSTEM"):
		r.b.system(p.ID, &boltseal.Distro{ID: p.Name, Version: p.Version, Name: p.Summary}, all)
		return nil
	case !r.b.ours && p.reference("purl") == "" && hasProperty(all, trivy+"Class"):
		r.b.group(p.ID, p.Name)
		return nil
	}
	d := p.detail(r.b.ours)
	var rest []Property
	for _, prop := range all {
		if !d.property(prop) {
			rest = append(rest, prop)
		}
	}
	return r.b.component(p.ID, r.software(p, v), d, rest)
}

// properties are what tools say in annotations: boltseal's own, and Trivy's
// "Key: value", which older versions wrote as attribution texts.
func (p *spdxPackage) properties() []Property {
	var all []Property
	texts := p.Attributions
	for _, a := range p.Annotations {
		if own := unpackProperties(a.Comment); own != nil {
			all = append(all, own...)
		} else {
			texts = append(texts, a.Comment)
		}
	}
	for _, text := range texts {
		key, value, ok := strings.Cut(text, ": ")
		switch key {
		case "PkgID", "PkgType", "LayerDiffID", "LayerDigest", "FilePath", "Class", "Type", "ImageID", "RepoDigest", "DiffID", "Modularitylabel":
			if ok {
				all = append(all, Property{trivy + key, value})
			}
		}
	}
	return all
}

// reference is the first external reference of a type, which may be written
// as a URI.
func (p *spdxPackage) reference(kind string) string {
	for _, r := range p.References {
		if r.Type == kind || strings.HasSuffix(r.Type, "/"+kind) {
			return strings.TrimSpace(r.Locator)
		}
	}
	return ""
}

func (r *spdxReader) root(p *spdxPackage, all []Property) {
	a := boltseal.Artifact{Kind: boltseal.KindSBOM, Name: p.Name}
	purl := p.reference("purl")
	switch {
	case p.Purpose == "CONTAINER" || purlType(purl) == "oci" || strings.HasPrefix(p.Version, "sha256:"):
		a.Kind = boltseal.KindImage
	case p.Purpose == "FILE":
		a.Kind = boltseal.KindFile
	case p.Purpose == "APPLICATION":
		a.Kind = boltseal.KindDirectory
	}
	foreignImage(&a, p.Version, purl)
	r.b.artifact(p.ID, a, all)
}

func (r *spdxReader) software(p *spdxPackage, v values) boltseal.Component {
	c := boltseal.Component{
		PURL: cmp.Or(p.reference("purl"), v["purl"]), Name: p.Name, Version: p.Version, Dev: r.dev[p.ID],
		Supplier: parseSPDXParty(p.Supplier).String(),
	}
	for _, s := range p.Checksums {
		if d := digestOf(func(a algorithm) string { return a.spdx2 }, s.Algorithm, s.Value); d != "" {
			c.Hashes = append(c.Hashes, d)
		}
	}
	for _, ref := range p.References {
		if strings.HasSuffix(ref.Type, "cpe23Type") || strings.HasSuffix(ref.Type, "cpe22Type") {
			c.CPEs = append(c.CPEs, strings.TrimSpace(ref.Locator))
		}
	}
	if r.b.ours {
		c.Licenses = r.licences.split(p.Declared)
		return c
	}
	c.Supplier = cmp.Or(c.Supplier, parseSPDXParty(p.Originator).String())
	c.Licenses = r.foreignLicences(p)
	for _, id := range r.evidence[p.ID] {
		if l := r.files[id]; l.File != "" {
			c.Locations = append(c.Locations, l)
		}
	}
	r.sourceInfo(&c, p.SourceInfo)
	return c
}

// foreignLicences takes what was declared, else what was concluded, and
// looks behind names that stand for a listed licence after all.
func (r *spdxReader) foreignLicences(p *spdxPackage) []string {
	expr := p.Declared
	if expr == "" || expr == noAssertion || expr == "NONE" {
		expr = p.Concluded
	}
	if text := r.licences[expr]; text != "" {
		if s := foreignLicence(text); !strings.HasPrefix(s, "LicenseRef-") && s != "" {
			return []string{s}
		}
	}
	if s := foreignLicence(expr); s != "" {
		return []string{s}
	}
	return nil
}

// sourceInfo reads the sentences that Trivy and Syft write there.
func (r *spdxReader) sourceInfo(c *boltseal.Component, s string) {
	if rest, ok := strings.CutPrefix(s, "built package from: "); ok {
		name, version, _ := strings.Cut(rest, " ")
		c.Source = &boltseal.Source{Name: name, Version: cmp.Or(version, c.Version)}
		return
	}
	if !strings.HasPrefix(s, "acquired package info") || len(c.Locations) > 0 {
		return
	}
	_, files, _ := strings.Cut(s, ": ")
	for file := range strings.SplitSeq(files, ", ") {
		if file = strings.TrimPrefix(strings.TrimSpace(file), "/"); file != "" {
			c.Locations = append(c.Locations, boltseal.Location{File: file})
		}
	}
}

// detail takes what a package says besides.
func (p *spdxPackage) detail(ours bool) Detail {
	said := func(s string) string {
		if s == noAssertion || s == "NONE" {
			return ""
		}
		return s
	}
	d := Detail{
		Description: cmp.Or(p.Description, p.Summary), Copyright: said(p.Copyright), Filename: p.FileName,
		Website: said(p.Homepage), Download: said(p.Download),
	}
	for kind, purpose := range spdxPurposes {
		if purpose == p.Purpose && kind != "library" {
			d.Kind = kind
		}
	}
	if !ours {
		d.Contact = cmp.Or(parseSPDXParty(p.Supplier).mail, parseSPDXParty(p.Originator).mail)
	}
	return d
}

// finish adds what can only be known at the end.
func (r *spdxReader) finish() *Document {
	for _, rel := range r.edges {
		if g, ok := r.b.groups[rel.From]; ok && g.Filename != "" {
			r.b.edge(rel.From, rel.To)
		}
	}
	return r.b.finish()
}
