package sbom

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

// The names of docs/reference/sbom-properties.md. What stands behind the
// prefix never changes its meaning; a new meaning gets a new name.
const (
	prefix = "boltseal:"

	// propSchema marks a document that boltseal wrote; its value is the
	// version of the taxonomy.
	propSchema    = prefix + "schema"
	schemaVersion = "1"
)

// properties are written in the order in which they are added.
type properties []Property

// add takes a property unless its value is empty.
func (p *properties) add(name, value string) {
	if value != "" {
		p.must(name, value)
	}
}

// must takes a property even if its value is empty.
func (p *properties) must(name, value string) {
	*p = append(*p, Property{Name: prefix + name, Value: value})
}

func (p *properties) flag(name string, set bool) {
	if set {
		p.must(name, "true")
	}
}

func (p *properties) number(name string, n int64) {
	if n != 0 {
		p.must(name, strconv.FormatInt(n, 10))
	}
}

func (p *properties) time(name string, t time.Time) {
	if !t.IsZero() {
		p.must(name, t.UTC().Format(time.RFC3339Nano))
	}
}

// at adds what stands at one place of a list whose other values a format
// carries itself.
func (p *properties) at(name string, i int, value string) { p.must(name+":"+strconv.Itoa(i), value) }

// list adds one property for each value: name:0, name:1 and so on.
func (p *properties) list(name string, values []string) {
	for i, v := range values {
		p.must(name+":"+strconv.Itoa(i), v)
	}
}

// component adds what no format has a field for. Formats add what they in
// particular cannot carry.
func (p *properties) component(c *boltseal.Component) {
	p.add("basis", string(c.Basis))
	p.add("foundBy", c.FoundBy)
	p.add("ownedBy", c.OwnedBy)
	p.add("module", c.Module)
	p.flag("direct", c.Direct)
	p.flag("dev", c.Dev)
	for i := range c.Evidence {
		e, at := &c.Evidence[i], "evidence:"+strconv.Itoa(i)+":"
		p.must(at+"kind", string(e.Kind))
		p.add(at+"digest", string(e.Digest))
		p.add(at+"excerpt", e.Excerpt)
		p.add(at+"statement", e.Statement)
	}
	if derived := sourceOf(c); derived != nil || c.Source != nil {
		switch {
		case c.Source == nil:
			p.must("source:name", "") // the purl names one, and it is not so
		case derived == nil || *derived != *c.Source:
			p.must("source:name", c.Source.Name)
			p.add("source:version", c.Source.Version)
		}
	}
	for i, l := range c.Locations {
		at := "location:" + strconv.Itoa(i) + ":"
		if l.File != "" || l == (boltseal.Location{}) {
			p.must(at+"path", l.File)
		}
		p.add(at+"layer", string(l.Layer))
		p.number(at+"line", int64(l.Line))
		p.number(at+"col", int64(l.Col))
		if l.Span != (boltseal.Span{}) {
			p.must(at+"span", strconv.Itoa(l.Span.Start)+"-"+strconv.Itoa(l.Span.End))
		}
	}
}

// artifact adds everything that is known of the artifact but its layers and
// its distribution.
func (p *properties) artifact(a *boltseal.Artifact) {
	p.add("artifact:kind", string(a.Kind))
	p.must("artifact:name", a.Name)
	p.add("artifact:digest", string(a.Digest))
	p.add("artifact:imageId", string(a.ImageID))
	p.add("artifact:mediaType", a.MediaType)
	if a.Platform != nil {
		p.must("artifact:os", a.Platform.OS)
		p.add("artifact:arch", a.Platform.Arch)
		p.add("artifact:variant", a.Platform.Variant)
		p.add("artifact:osVersion", a.Platform.OSVersion)
	}
	p.add("artifact:parent", string(a.Parent))
	p.time("artifact:created", a.Created)
	p.number("artifact:size", a.Size)
	if a.Base != nil {
		p.must("base:name", a.Base.Name)
		p.add("base:digest", string(a.Base.Digest))
		p.number("base:layers", int64(a.Base.Layers))
		p.add("base:how", a.Base.How)
	}
	for _, name := range slices.Sorted(maps.Keys(a.Labels)) {
		p.must("label:"+name, a.Labels[name])
	}
}

// child adds everything that is known of the image at index i of an index but
// its layers.
func (p *properties) child(i int, a *boltseal.Artifact) {
	p.must("artifact:child", strconv.Itoa(i))
	p.artifact(a)
	if a.Distro != nil {
		p.distro(a.Distro)
	}
}

// layer adds everything that is known of a layer.
func (p *properties) layer(at layerPlace, l *boltseal.Layer) {
	p.must("layer:index", strconv.Itoa(at.index))
	if at.child >= 0 {
		p.must("layer:child", strconv.Itoa(at.child))
	}
	p.add("layer:digest", string(l.Digest))
	p.add("layer:diffId", string(l.DiffID))
	p.add("layer:mediaType", l.MediaType)
	p.number("layer:size", l.Size)
	p.add("layer:createdBy", l.CreatedBy)
	p.flag("layer:fromBase", l.FromBase)
}

// distro adds everything that is known of the distribution.
func (p *properties) distro(d *boltseal.Distro) {
	p.must("distro:id", d.ID)
	p.add("distro:version", d.Version)
	p.add("distro:name", d.Name)
	p.add("distro:codename", d.Codename)
	p.list("distro:like", d.Like)
	p.add("distro:cpe", d.CPE)
	p.list("distro:repository", d.Repository)
}

// document adds what belongs to the whole document.
func (p *properties) document(d *Document) {
	p.must("schema", schemaVersion)
	for i, g := range d.Gaps {
		at := "gap:" + strconv.Itoa(i) + ":"
		p.must(at+"kind", g.Kind)
		p.add(at+"what", g.What)
		p.add(at+"why", g.Why)
		p.add(at+"hint", g.Hint)
		p.add(at+"platform", g.Platform)
	}
}

// values are the properties of one element that boltseal wrote, by name
// without the prefix.
type values map[string]string

// take separates boltseal's properties from the others.
func take(all []Property) (ours values, others []Property) {
	for _, p := range all {
		name, ok := strings.CutPrefix(p.Name, prefix)
		if !ok {
			others = append(others, p)
			continue
		}
		if ours == nil {
			ours = make(values, len(all))
		}
		ours[name] = p.Value
	}
	return ours, others
}

// indexes lists the numbers that stand in "name:N" and "name:N:…", ascending.
func (v values) indexes(name string) []int {
	seen := map[int]bool{}
	for key := range v {
		rest, ok := strings.CutPrefix(key, name+":")
		if !ok {
			continue
		}
		digits, _, _ := strings.Cut(rest, ":")
		if n, err := strconv.Atoi(digits); err == nil && n >= 0 {
			seen[n] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// list reads what [properties.list] wrote.
func (v values) list(name string) []string {
	var all []string
	for _, i := range v.indexes(name) {
		all = append(all, v[name+":"+strconv.Itoa(i)])
	}
	return all
}

// weave puts what [properties.at] wrote back to its places among the values
// that the format carried itself.
func weave[T ~string](v values, name string, native []T) []T {
	places := v.indexes(name)
	if len(places) == 0 {
		return native
	}
	var all []T
	for _, i := range places {
		for len(all) < i && len(native) > 0 {
			all, native = append(all, native[0]), native[1:]
		}
		all = append(all, T(v[name+":"+strconv.Itoa(i)]))
	}
	return append(all, native...)
}

func (v values) number(name string) int64 {
	n, err := strconv.ParseInt(v[name], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (v values) time(name string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, v[name])
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// component reads what [properties.component] wrote. Fields that no property
// speaks of stay as they are.
func (v values) component(c *boltseal.Component) {
	set := func(to *string, name string) {
		if s, ok := v[name]; ok {
			*to = s
		}
	}
	set((*string)(&c.Basis), "basis")
	set(&c.FoundBy, "foundBy")
	set(&c.OwnedBy, "ownedBy")
	set(&c.Module, "module")
	set(&c.Name, "name")
	set(&c.Version, "version")
	set(&c.Supplier, "supplier")
	c.Direct = c.Direct || v["direct"] == "true"
	c.Dev = c.Dev || v["dev"] == "true"
	if name, ok := v["source:name"]; ok {
		c.Source = nil
		if version := v["source:version"]; name != "" || version != "" {
			c.Source = &boltseal.Source{Name: name, Version: version}
		}
	}
	if at := v.locations(); at != nil {
		c.Locations = at
	}
	if all := v.list("license"); all != nil {
		c.Licenses = all
	}
	c.Hashes = weave(v, "hash", c.Hashes)
	c.CPEs = weave(v, "cpe", c.CPEs)
	c.DependsOn = append(c.DependsOn, v.list("dependsOn")...)
	for _, i := range v.indexes("evidence") {
		at := "evidence:" + strconv.Itoa(i) + ":"
		c.Evidence = append(c.Evidence, boltseal.Evidence{
			Kind: boltseal.EvidenceKind(v[at+"kind"]), Digest: boltseal.Digest(v[at+"digest"]), Excerpt: v[at+"excerpt"], Statement: v[at+"statement"],
		})
	}
}

func (v values) locations() []boltseal.Location {
	var all []boltseal.Location
	for _, i := range v.indexes("location") {
		at := "location:" + strconv.Itoa(i) + ":"
		l := boltseal.Location{File: v[at+"path"], Layer: boltseal.Digest(v[at+"layer"])}
		l.Line, l.Col = int(v.number(at+"line")), int(v.number(at+"col"))
		if start, end, ok := strings.Cut(v[at+"span"], "-"); ok {
			l.Span.Start, _ = strconv.Atoi(start) // a broken span is an empty one
			l.Span.End, _ = strconv.Atoi(end)
		}
		all = append(all, l)
	}
	return all
}

// artifact reads what [properties.artifact] wrote.
func (v values) artifact(a *boltseal.Artifact) {
	if _, ok := v["artifact:name"]; !ok {
		return
	}
	a.Kind = boltseal.Kind(v["artifact:kind"])
	a.Name = v["artifact:name"]
	a.Digest = boltseal.Digest(v["artifact:digest"])
	a.ImageID = boltseal.Digest(v["artifact:imageId"])
	a.MediaType = v["artifact:mediaType"]
	a.Platform = nil
	if system, ok := v["artifact:os"]; ok {
		a.Platform = &boltseal.Platform{
			OS: system, Arch: v["artifact:arch"], Variant: v["artifact:variant"], OSVersion: v["artifact:osVersion"],
		}
	}
	a.Parent = boltseal.Digest(v["artifact:parent"])
	a.Created = v.time("artifact:created")
	a.Size = v.number("artifact:size")
	if name, ok := v["base:name"]; ok {
		a.Base = &boltseal.Base{
			Name: name, Digest: boltseal.Digest(v["base:digest"]), Layers: int(v.number("base:layers")), How: v["base:how"],
		}
	}
	for key, value := range v {
		if name, ok := strings.CutPrefix(key, "label:"); ok {
			if a.Labels == nil {
				a.Labels = map[string]string{}
			}
			a.Labels[name] = value
		}
	}
}

// child reads what [properties.child] wrote.
func (v values) child() (index int, a boltseal.Artifact, ok bool) {
	index, err := strconv.Atoi(v["artifact:child"])
	if err != nil || index < 0 {
		return 0, a, false
	}
	v.artifact(&a)
	a.Distro = v.distro()
	return index, a, true
}

// layer reads what [properties.layer] wrote.
func (v values) layer() (at layerPlace, l boltseal.Layer, ok bool) {
	index, err := strconv.Atoi(v["layer:index"])
	if err != nil {
		return at, l, false
	}
	at = layerPlace{-1, index}
	if s, inChild := v["layer:child"]; inChild {
		if at.child, err = strconv.Atoi(s); err != nil || at.child < 0 {
			return at, l, false
		}
	}
	return at, boltseal.Layer{
		Digest: boltseal.Digest(v["layer:digest"]), DiffID: boltseal.Digest(v["layer:diffId"]), MediaType: v["layer:mediaType"],
		Size: v.number("layer:size"), CreatedBy: v["layer:createdBy"], FromBase: v["layer:fromBase"] == "true",
	}, true
}

// distro reads what [properties.distro] wrote, or gives nil.
func (v values) distro() *boltseal.Distro {
	id, ok := v["distro:id"]
	if !ok {
		return nil
	}
	return &boltseal.Distro{
		ID: id, Version: v["distro:version"], Name: v["distro:name"], Codename: v["distro:codename"],
		Like: v.list("distro:like"), CPE: v["distro:cpe"], Repository: v.list("distro:repository"),
	}
}

// gaps reads what [properties.document] wrote.
func (v values) gaps() []boltseal.Gap {
	var all []boltseal.Gap
	for _, i := range v.indexes("gap") {
		at := "gap:" + strconv.Itoa(i) + ":"
		all = append(all, boltseal.Gap{
			Kind: v[at+"kind"], What: v[at+"what"], Why: v[at+"why"], Hint: v[at+"hint"], Platform: v[at+"platform"],
		})
	}
	return all
}
