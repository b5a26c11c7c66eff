package sbom

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/spdx"
)

// toCDX says a document in CycloneDX's words.
func toCDX(doc *Document, version string) *cdxDocument {
	doc = doc.sorted()
	w := &cdxWriter{doc: doc, version: version, graph: newGraph(doc)}
	out := &cdxDocument{version: version, metadata: w.metadata()}
	out.components = make([]cdxComponent, 0, 1+len(doc.Components))
	if doc.Artifact.Distro != nil {
		out.components = append(out.components, w.system(doc.Artifact.Distro))
	}
	for i := range doc.Components {
		out.components = append(out.components, w.component(i))
	}
	out.dependencies = w.dependencies()
	if doc.Completeness != "" {
		out.compositions = []cdxComposition{{Aggregate: string(doc.Completeness), Assemblies: []string{rootRef}}}
	}
	return out
}

type cdxWriter struct {
	doc     *Document
	version string
	graph   *graph
}

const systemRef = "system"

func (w *cdxWriter) metadata() cdxMetadata {
	doc := w.doc
	var p properties
	p.document(doc)
	m := cdxMetadata{Authors: contacts(doc.Authors), Component: w.artifact()}
	if !doc.Time.IsZero() {
		m.Timestamp = seconds(doc.Time)
	}
	if doc.Tool.Name != "" || doc.Tool.Version != "" {
		m.tools = []cdxComponent{{Type: "application", Name: doc.Tool.Name, Version: doc.Tool.Version}}
	}
	switch {
	case doc.Phase == "":
	case w.version == "1.4":
		p.must("phase", doc.Phase)
	case cdxPhases[doc.Phase]:
		m.Lifecycles = []cdxLifecycle{{Phase: doc.Phase}}
	default:
		m.Lifecycles = []cdxLifecycle{{Name: doc.Phase}}
	}
	m.Properties = p
	return m
}

// cdxPhases are the phases that CycloneDX names itself.
var cdxPhases = map[string]bool{
	"design": true, "pre-build": true, "build": true, "post-build": true, "operations": true, "discovery": true, "decommission": true,
}

// contacts makes CycloneDX contacts of "Name <mail>".
func contacts(all []string) []cdxContact {
	var out []cdxContact
	for _, s := range all {
		p := parseParty(s)
		out = append(out, cdxContact{Name: p.name, Email: p.mail})
	}
	return out
}

// artifact is the document's subject, its layers nested inside.
func (w *cdxWriter) artifact() *cdxComponent {
	a := &w.doc.Artifact
	var p properties
	p.artifact(a)
	c := &cdxComponent{
		Ref: rootRef, Type: cdxTypeOf(a.Kind), Name: cmp.Or(a.Name, string(a.Kind), "unknown"), PURL: imagePURL(a),
		Properties: p,
	}
	if a.Kind == boltseal.KindImage || a.Kind == boltseal.KindIndex {
		c.Version = string(a.Digest)
	}
	c.Hashes = cdxHashes(hashes([]boltseal.Digest{a.Digest}, cdxWord, nil))
	for at, l := range w.doc.layers() {
		if at.child < 0 {
			c.components = append(c.components, w.layer(at, l))
		}
	}
	for i := range w.doc.Children {
		c.components = append(c.components, w.child(i))
	}
	return c
}

// child is one image of an index, its layers nested inside.
func (w *cdxWriter) child(i int) cdxComponent {
	a := &w.doc.Children[i]
	var p properties
	p.child(i, a)
	c := cdxComponent{
		Ref: rootRef + ":" + strconv.Itoa(i), Type: cdxTypeOf(a.Kind), Name: cmp.Or(a.Name, string(a.Kind), "unknown"), Version: string(a.Digest),
		Hashes: cdxHashes(hashes([]boltseal.Digest{a.Digest}, cdxWord, nil)), PURL: imagePURL(a), Properties: p,
	}
	for j := range a.Layers {
		c.components = append(c.components, w.layer(layerPlace{i, j}, &a.Layers[j]))
	}
	return c
}

func cdxTypeOf(kind boltseal.Kind) string {
	switch kind {
	case boltseal.KindImage, boltseal.KindIndex:
		return "container"
	case boltseal.KindFile, boltseal.KindDockerfile, boltseal.KindManifest:
		return "file"
	}
	return "application"
}

func (w *cdxWriter) layer(at layerPlace, l *boltseal.Layer) cdxComponent {
	var p properties
	p.layer(at, l)
	c := cdxComponent{
		Ref: "layer:" + at.String(), Type: "file", Name: cmp.Or(string(l.DiffID), string(l.Digest), "layer "+at.String()),
		Hashes: cdxHashes(hashes([]boltseal.Digest{l.Digest}, cdxWord, nil)), Properties: p,
	}
	if isMediaType(l.MediaType) {
		c.MIMEType = l.MediaType
	}
	return c
}

// isMediaType tells whether CycloneDX's pattern for media types takes s.
func isMediaType(s string) bool {
	kind, sub, ok := strings.Cut(s, "/")
	valid := func(s string) bool {
		return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-+.") == ""
	}
	return ok && valid(kind) && valid(sub)
}

func (w *cdxWriter) system(d *boltseal.Distro) cdxComponent {
	var p properties
	p.distro(d)
	c := cdxComponent{
		Ref: systemRef, Type: "operating-system", Name: cmp.Or(d.ID, "unknown"), Version: d.Version, Description: d.Name,
		Properties: p,
	}
	if isCPE(d.CPE) {
		c.CPE = d.CPE
	}
	return c
}

func (w *cdxWriter) component(i int) cdxComponent {
	from, d := &w.doc.Components[i], w.doc.detail(i)
	var p properties
	p.component(from)
	c := cdxComponent{
		Ref: w.graph.refs[i], Type: cmp.Or(d.Kind, "library"), Version: from.Version, PURL: from.PURL,
		Description: d.Description, Copyright: d.Copyright, References: cdxReferences(d),
	}
	if !cdxTypes[c.Type] || cdxTypes16[c.Type] && w.version < "1.6" || cdxTypes15[c.Type] && w.version < "1.5" {
		p.must("type", c.Type)
		c.Type = "library"
	}
	c.Group, c.Name = splitName(from)
	if c.Name == "" {
		p.must("name", from.Name)
		c.Name = "unknown"
	}
	if from.Dev {
		c.Scope = "excluded"
	}
	if from.Supplier != "" {
		s := parseParty(from.Supplier)
		c.Supplier = &cdxEntity{Name: s.name}
		if s.mail != "" {
			c.Supplier.Contact = []cdxContact{{Email: s.mail}}
		}
	}
	c.Hashes = cdxHashes(hashes(from.Hashes, cdxWord, &p))
	c.Licenses = w.licences(from.Licenses)
	for i, cpe := range from.CPEs {
		if c.CPE == "" && isCPE(cpe) {
			c.CPE = cpe
			continue
		}
		p.at("cpe", i, cpe)
	}
	p.list("dependsOn", w.graph.without[i])
	if w.version >= "1.5" {
		for _, l := range from.Locations {
			if l.File != "" {
				c.Evidence = cmp.Or(c.Evidence, &cdxEvidence{})
				c.Evidence.Occurrences = append(c.Evidence.Occurrences, cdxOccurrence{Location: l.File})
			}
		}
	}
	c.Properties = slices.Concat(p, w.details(d))
	return c
}

// cdxWord is CycloneDX's word for a hash algorithm.
func cdxWord(a algorithm) string { return a.cyclonedx }

// cdxTypes are the types of components; some came late.
var (
	cdxTypes = map[string]bool{
		"application": true, "framework": true, "library": true, "container": true, "operating-system": true, "device": true,
		"firmware": true, "file": true, "platform": true, "device-driver": true, "machine-learning-model": true, "data": true,
		"cryptographic-asset": true,
	}
	cdxTypes15 = map[string]bool{"platform": true, "device-driver": true, "machine-learning-model": true, "data": true}
	cdxTypes16 = map[string]bool{"cryptographic-asset": true}
)

// bsiFacts are what no format has a field for, in the BSI's own taxonomy.
func bsiFacts(d *Detail) []Property {
	var all []Property
	add := func(name, value string) {
		if value != "" {
			all = append(all, Property{bsi + name, value})
		}
	}
	add("executable", fact(d.Executable, "executable", "non-executable"))
	add("archive", fact(d.Archive, "archive", "no archive"))
	add("structured", fact(d.Structured, "structured", "unstructured"))
	return all
}

// details are what CycloneDX has no field for.
func (w *cdxWriter) details(d *Detail) []Property {
	all := bsiFacts(d)
	if d.Filename != "" {
		all = append(all, Property{bsi + "filename", d.Filename})
	}
	own := func(name, value string, native bool) {
		if value != "" && !native {
			all = append(all, Property{prefix + name, value})
		}
	}
	own("contact", d.Contact, false)
	own("website", d.Website, isReference(d.Website))
	own("download", d.Download, isReference(d.Download))
	own("sourceCode", d.SourceCode, isReference(d.SourceCode))
	return append(all, d.Properties...)
}

// isReference tells whether s can stand where a format wants a web address
// (RFC 3987, IRI-reference, as far as characters go).
func isReference(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c == 0x7f || strings.IndexByte("<>\"{}|\\^`[]", c) >= 0 {
			return false
		}
		if c == '%' && (i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2])) {
			return false
		}
	}
	first, _, colon := strings.Cut(s, ":")
	return s != "" && (!colon || strings.Contains(first, "/") || isScheme(first)) && strings.Count(s, "#") < 2
}

func isScheme(s string) bool {
	return s != "" && (s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z') &&
		strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }

// fact is the word for what is stated, or empty.
func fact(b *bool, yes, no string) string {
	switch {
	case b == nil:
		return ""
	case *b:
		return yes
	}
	return no
}

func cdxReferences(d *Detail) []cdxReference {
	var all []cdxReference
	for _, r := range []cdxReference{
		{Type: "website", URL: d.Website}, {Type: "distribution", URL: d.Download}, {Type: "vcs", URL: d.SourceCode},
	} {
		if isReference(r.URL) {
			all = append(all, r)
		}
	}
	return all
}

func cdxHashes(native []hash) []cdxHash {
	var all []cdxHash
	for _, h := range native {
		all = append(all, cdxHash{Algorithm: h.algorithm, Content: h.value})
	}
	return all
}

// licences are a list of licences, or one expression alone: before 1.7 the
// two do not mix.
func (w *cdxWriter) licences(all []string) []cdxLicence {
	var out []cdxLicence
	for _, s := range all {
		id, listed := spdx.ID(s)
		switch {
		case listed && id == s:
			out = append(out, cdxLicence{License: &cdxNamedLicence{ID: s}})
		case spdx.Valid(s) && !spdx.IsRef(s) && (len(all) == 1 || w.version >= "1.7"):
			out = append(out, cdxLicence{Expression: s})
		default:
			out = append(out, cdxLicence{License: &cdxNamedLicence{Name: s}})
		}
	}
	return out
}

// dependencies are the edges of the graph; the artifact comes first.
func (w *cdxWriter) dependencies() []cdxDependency {
	root := cdxDependency{Ref: rootRef}
	if w.doc.Artifact.Distro != nil {
		root.DependsOn = append(root.DependsOn, systemRef)
	}
	for _, i := range w.graph.tops(w.doc) {
		root.DependsOn = append(root.DependsOn, w.graph.refs[i])
	}
	all := append(make([]cdxDependency, 0, 1+len(w.doc.Components)), root)
	for i := range w.doc.Components {
		d := cdxDependency{Ref: w.graph.refs[i]}
		for _, j := range w.graph.within[i] {
			d.DependsOn = append(d.DependsOn, w.graph.refs[j])
		}
		all = append(all, d)
	}
	return all
}

// isCPE tells whether s is a CPE name, 2.2 or 2.3, as far as the formats ask.
func isCPE(s string) bool {
	if strings.ContainsAny(s, " \t\r\n") {
		return false
	}
	if strings.HasPrefix(s, "cpe:2.3:") {
		return strings.Count(strings.ReplaceAll(s, `\:`, ""), ":") == 12
	}
	return strings.HasPrefix(s, "cpe:/")
}

// imagePURL is the purl of an image whose digest is known (purl
// specification, type oci): the name is the last part of the repository.
func imagePURL(a *boltseal.Artifact) string {
	if a.Kind != boltseal.KindImage && a.Kind != boltseal.KindIndex || a.Digest == "" {
		return ""
	}
	repository, _, _ := strings.Cut(a.Name, "@")
	tag := ""
	if colon := strings.LastIndexByte(repository, ':'); colon > strings.LastIndexByte(repository, '/') {
		repository, tag = repository[:colon], repository[colon+1:]
	}
	name := repository[strings.LastIndexByte(repository, '/')+1:]
	if name == "" || strings.ContainsAny(repository, " \\") || strings.HasPrefix(repository, "/") || strings.HasPrefix(repository, ".") {
		return ""
	}
	p := boltseal.PURL{Type: "oci", Name: strings.ToLower(name), Version: string(a.Digest), Qualifiers: map[string]string{"tag": tag}}
	if strings.Contains(repository, "/") {
		p.Qualifiers["repository_url"] = strings.ToLower(repository)
	}
	if a.Platform != nil {
		p.Qualifiers["arch"] = a.Platform.Arch
	}
	return p.String()
}
