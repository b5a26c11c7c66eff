package sbom

import (
	"cmp"
	"strings"

	"github.com/boltseal/boltseal"
)

// cdxReader understands CycloneDX, whatever its syntax: metadata comes
// first, then components, dependencies and compositions.
type cdxReader struct {
	b *builder
}

func newCDXReader(format string) *cdxReader { return &cdxReader{b: newBuilder(format)} }

func (r *cdxReader) metadata(m *cdxMetadata) {
	doc := r.b.doc
	r.b.document(m.Properties)
	doc.Time = parseSeconds(m.Timestamp)
	for _, a := range m.Authors {
		if s := (party{name: a.Name, mail: a.Email}).String(); s != "" {
			doc.Authors = append(doc.Authors, s)
		}
	}
	if !r.b.ours {
		for _, e := range []*cdxEntity{m.Maker, m.OldMaker, m.Supplier} {
			if s := e.String(); s != "" && len(doc.Authors) == 0 {
				doc.Authors = append(doc.Authors, s)
			}
		}
	}
	for _, l := range m.Lifecycles {
		doc.Phase = cmp.Or(doc.Phase, l.Phase, l.Name)
	}
	if len(m.tools) > 0 {
		t := m.tools[0]
		doc.Tool = boltseal.Tool{Name: cmp.Or(t.Name, t.Group), Version: t.Version}
	}
	if c := m.Component; c != nil {
		a := boltseal.Artifact{Kind: cdxKind(c.Type), Name: joinName(c.Group, c.Name, c.PURL)}
		foreignImage(&a, c.Version, c.PURL)
		if !r.b.ours {
			foreignArtifact(&a, m.Properties)
		}
		r.b.artifact(cmp.Or(c.Ref, rootRef), a, c.Properties)
	} else {
		doc.Artifact.Kind = boltseal.KindSBOM
	}
}

func cdxKind(kind string) boltseal.Kind {
	switch kind {
	case "container":
		return boltseal.KindImage
	case "file":
		return boltseal.KindFile
	case "application":
		return boltseal.KindDirectory
	}
	return boltseal.KindSBOM
}

// String is the entity as "Name <mail>"; nil is nobody.
func (e *cdxEntity) String() string {
	if e == nil {
		return ""
	}
	p := party{name: e.Name}
	for _, c := range e.Contact {
		if p.mail == "" {
			p.mail = c.Email
		}
		p.name = cmp.Or(p.name, c.Name)
	}
	return p.String()
}

// add takes one component for what it is: software, a layer, an operating
// system, a lock file that stands for others, or nothing that we list.
func (r *cdxReader) add(c *cdxComponent) error {
	if !r.b.ours {
		for _, s := range []*string{&c.Group, &c.Name, &c.Version, &c.Description, &c.Publisher} {
			*s = strings.TrimSpace(*s) // XML is laid out for people
		}
	}
	all := c.Properties
	if r.b.layer(all) || r.b.child(c.Ref, all) {
		return nil
	}
	switch {
	case c.Type == "operating-system":
		r.b.system(c.Ref, &boltseal.Distro{ID: c.Name, Version: c.Version, Name: c.Description, CPE: c.CPE}, all)
		return nil
	case r.b.ours || c.PURL != "":
	case c.Type == "file" && c.Version == "", c.Type == "data", c.Type == "cryptographic-asset":
		r.b.group(c.Ref, "") // no software, though it may be in the graph
		return nil
	case c.Type == "application" && hasProperty(all, trivy+"Class"):
		r.b.group(c.Ref, c.Name)
		return nil
	}
	d := r.detail(c)
	return r.b.component(c.Ref, r.software(c), d, c.Properties)
}

func hasProperty(all []Property, name string) bool {
	for _, p := range all {
		if p.Name == name {
			return true
		}
	}
	return false
}

func (r *cdxReader) software(c *cdxComponent) boltseal.Component {
	out := boltseal.Component{
		PURL: c.PURL, Name: joinName(c.Group, c.Name, c.PURL), Version: c.Version, Dev: c.Scope == "excluded",
		Licenses: r.licences(c.Licenses),
	}
	out.Supplier = c.Supplier.String()
	if !r.b.ours {
		out.Supplier = cmp.Or(out.Supplier, c.Manufacturer.String(), c.Publisher)
	}
	if c.CPE != "" {
		out.CPEs = []string{c.CPE}
	}
	for _, h := range c.Hashes {
		if d := digestOf(cdxWord, h.Algorithm, h.Content); d != "" {
			out.Hashes = append(out.Hashes, d)
		}
	}
	if c.Evidence != nil && !r.b.ours {
		for _, o := range c.Evidence.Occurrences {
			if o.Location != "" {
				out.Locations = append(out.Locations, boltseal.Location{File: strings.TrimPrefix(o.Location, "/"), Line: o.Line})
			}
		}
	}
	return out
}

func (r *cdxReader) licences(all []cdxLicence) []string {
	var out []string
	for _, l := range all {
		s := l.Expression
		if l.License != nil {
			s = cmp.Or(l.License.ID, l.License.Name, l.License.URL)
		}
		if !r.b.ours {
			s = foreignLicence(s)
		}
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// detail takes what a component says besides, and strips the properties
// that say it.
func (r *cdxReader) detail(c *cdxComponent) Detail {
	d := Detail{Kind: c.Type, Description: c.Description, Copyright: c.Copyright}
	if d.Kind == "library" {
		d.Kind = ""
	}
	for _, ref := range c.References {
		switch ref.Type {
		case "website":
			d.Website = cmp.Or(d.Website, ref.URL)
		case "distribution":
			d.Download = cmp.Or(d.Download, ref.URL)
		case "vcs", "source-distribution":
			d.SourceCode = cmp.Or(d.SourceCode, ref.URL)
		}
	}
	if !r.b.ours {
		d.Contact = cdxContactOf(c)
	}
	var rest []Property
	for _, p := range c.Properties {
		if !d.property(p) {
			rest = append(rest, p)
		}
	}
	c.Properties = rest
	return d
}

// cdxContactOf is how to reach who made the component.
func cdxContactOf(c *cdxComponent) string {
	for _, e := range []*cdxEntity{c.Manufacturer, c.Supplier} {
		if e == nil {
			continue
		}
		for _, contact := range e.Contact {
			if contact.Email != "" {
				return contact.Email
			}
		}
		if len(e.URL) > 0 {
			return e.URL[0]
		}
	}
	for _, a := range c.Authors {
		if a.Email != "" {
			return a.Email
		}
	}
	return ""
}

// property takes a property that says something of a detail.
func (d *Detail) property(p Property) bool {
	is := func(yes string) *bool { return new(p.Value == yes) }
	switch p.Name {
	case bsi + "filename":
		d.Filename = p.Value
	case bsi + "executable":
		d.Executable = is("executable")
	case bsi + "archive":
		d.Archive = is("archive")
	case bsi + "structured":
		d.Structured = is("structured")
	case prefix + "contact":
		d.Contact = p.Value
	case prefix + "website":
		d.Website = p.Value
	case prefix + "download":
		d.Download = p.Value
	case prefix + "sourceCode":
		d.SourceCode = p.Value
	case prefix + "type":
		d.Kind = p.Value
	case prefix + "filename":
		d.Filename = p.Value
	case prefix + "description":
		d.Description = p.Value
	case prefix + "copyright":
		d.Copyright = p.Value
	default:
		return false
	}
	return true
}

func (r *cdxReader) dependency(d *cdxDependency) {
	for _, to := range d.DependsOn {
		r.b.edge(d.Ref, to)
	}
}

// composition takes what the document says of its own completeness: the word
// on the artifact counts more than the one on some part.
func (r *cdxReader) composition(c *cdxComposition) {
	about := false
	for _, ref := range append(c.Assemblies, c.Dependencies...) {
		about = about || ref == r.b.rootRef
	}
	if r.b.doc.Completeness != "" && !about {
		return
	}
	switch {
	case c.Aggregate == "complete":
		r.b.doc.Completeness = Complete
	case strings.HasPrefix(c.Aggregate, "incomplete"):
		r.b.doc.Completeness = Incomplete
	case c.Aggregate == "unknown":
		r.b.doc.Completeness = CannotBeKnown
	}
}
