package sbom_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/sbom"
)

// random makes documents that use every field, oddly but legally.
type random struct{ *rand.Rand }

func newRandom(seed uint64) random { return random{rand.New(rand.NewPCG(seed, 1))} }

func (r random) yes() bool { return r.IntN(2) == 0 }

func pick[T any](r random, all ...T) T { return all[r.IntN(len(all))] }

// text is a word or a sentence, some of it hostile to some syntax.
func (r random) text() string {
	return pick(r, "plain", "two words", `quote " and \ slash`, "<tag> & 'entity'", "line\nbreak\tand tab", "größe 大小 🔒",
		"</text> ]]> -->", "a=b;c:d|e#f", " leading and trailing ", "{\"json\": [1]}", "%41 %zz", "NOASSERTION",
	) + pick(r, "", "-", "_") + fmt.Sprint(r.IntN(1000))
}

func (r random) hex(n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte("0123456789abcdef"[r.IntN(16)])
	}
	return b.String()
}

func (r random) digest() boltseal.Digest { return boltseal.Digest("sha256:" + r.hex(64)) }

func (r random) when() time.Time {
	return time.Unix(1_500_000_000+r.Int64N(400_000_000), 0).UTC()
}

func (r random) party() string {
	return pick(r, "Debian GCC Maintainers <debian-gcc@lists.debian.org>", "ACME (Inc.)", "Jörg <j@example.org>", "a <b> c",
		"Natanael Copa <ncopa@alpinelinux.org>", "Someone (odd@example.org)", "Red Hat, Inc.")
}

func (r random) component(doc *sbom.Document, i int) boltseal.Component {
	version := pick(r, "1.2.3", "1:2.36-9+deb12u4", "4.17.21-beta.1+x", "v1.2.3", "")
	p := boltseal.PURL{Name: fmt.Sprintf("name%d", i), Version: version}
	p.Type = pick(r, "deb", "apk", "rpm", "npm", "maven", "golang", "pypi", "generic")
	switch p.Type {
	case "deb":
		p.Namespace, p.Qualifiers = "debian", map[string]string{"arch": "amd64", "distro": "debian-12"}
	case "apk":
		p.Namespace, p.Qualifiers = "alpine", map[string]string{"arch": "x86_64", "upstream": "origin"}
	case "rpm":
		p.Namespace, p.Qualifiers = "redhat", map[string]string{"epoch": "1", "upstream": "src-1.2-3.el9.src.rpm"}
	case "npm":
		p.Namespace = pick(r, "", "@Scope")
	case "maven":
		p.Namespace = "org.example"
	case "golang":
		p.Namespace = "github.com/Owner"
	}
	c := boltseal.Component{PURL: p.String(), Name: p.FullName(), Version: version, FoundBy: "test/reader"}
	if r.IntN(10) == 0 {
		c.Name = r.text() + fmt.Sprint(i)
	}
	if r.IntN(20) == 0 {
		c.PURL = ""
	}
	if r.IntN(10) == 0 && i > 0 { // the same thing at another place
		c.PURL, c.Name, c.Version = doc.Components[i-1].PURL, doc.Components[i-1].Name, doc.Components[i-1].Version
	}
	c.Basis = pick(r, boltseal.Installed, boltseal.Embedded, boltseal.Matched, boltseal.Declared)
	if r.yes() {
		c.Source = &boltseal.Source{Name: pick(r, "origin", "src", "glibc"), Version: pick(r, "", version, "1.2-3.el9", "9")}
	}
	for range r.IntN(3) {
		c.Licenses = append(c.Licenses, pick(r, "MIT", "GPL-2.0-only OR MIT", "MIT AND ISC", "LicenseRef-Acme", "BSD, or so",
			"GPL-2.0-or-later WITH Classpath-exception-2.0", "GPL-2.0+", "unlicensed", "(c) <me> & you", "mit"))
	}
	if r.yes() {
		c.Supplier = r.party()
	}
	for j := range r.IntN(12) {
		l := boltseal.Location{File: pick(r, "usr/lib/a b.so", "app/x.jar!/y.jar", "größe", "")}
		if r.yes() || l.File == "" {
			l.Layer = r.digest()
			if n := len(doc.Artifact.Layers); n > 0 && r.yes() {
				l.Layer = doc.Artifact.Layers[r.IntN(n)].DiffID
			}
		}
		if r.yes() {
			l.Line, l.Col, l.Span = j+1, r.IntN(5), boltseal.Span{Start: j, End: j + 7}
		}
		c.Locations = append(c.Locations, l)
	}
	if r.yes() {
		c.OwnedBy = "pkg:deb/debian/owner@1"
	}
	for range r.IntN(3) {
		c.Hashes = append(c.Hashes, pick(r, r.digest(), boltseal.Digest("sha1:"+r.hex(40)), boltseal.Digest("md5:"+r.hex(32)),
			boltseal.Digest("sha512:"+r.hex(128)), boltseal.Digest("sha224:"+r.hex(56)), "blake3:"+boltseal.Digest(r.hex(64)), "odd:zz"))
	}
	for range r.IntN(3) {
		c.CPEs = append(c.CPEs, pick(r, `cpe:2.3:a:v:p:1\:2:*:*:*:*:*:*:*`, "cpe:/a:v:p:1", "no cpe", "cpe:2.3:a:b:c:1:*:*:*:*:*:*:*"))
	}
	if r.yes() {
		c.Module = "nodejs:18"
	}
	c.Direct, c.Dev = r.yes(), r.yes()
	return c
}

func (r random) document() *sbom.Document {
	doc := &sbom.Document{
		Artifact: boltseal.Artifact{
			Kind: pick(r, boltseal.KindImage, boltseal.KindDirectory, boltseal.KindRootFS, boltseal.KindFile, boltseal.KindIndex),
			Name: pick(r, "registry.example:5000/team/App:1.2@sha256:"+r.hex(64), "alpine:3.20", "./dir", "", r.text()),
		},
		Tool:         boltseal.Tool{Name: "boltseal", Version: pick(r, "1.2.3", "v0.1-dev", "")},
		Phase:        pick(r, "", "post-build", "build", "a phase of our own"),
		Completeness: pick(r, "", sbom.Complete, sbom.Incomplete, sbom.CannotBeKnown),
	}
	if r.yes() {
		doc.Time = r.when()
	}
	a := &doc.Artifact
	if r.yes() {
		a.Digest, a.ImageID, a.Parent, a.MediaType = r.digest(), r.digest(), r.digest(), "application/vnd.oci.image.manifest.v1+json"
		a.Platform = &boltseal.Platform{OS: "linux", Arch: pick(r, "amd64", "arm"), Variant: pick(r, "", "v7"), OSVersion: pick(r, "", "10.0")}
		a.Created, a.Size = r.when().Add(123*time.Millisecond), r.Int64N(1<<40)
		a.Labels = map[string]string{"org.example/label": r.text(), "empty": "", r.text(): "x"}
		a.Base = &boltseal.Base{Name: pick(r, "", "debian:12"), Digest: r.digest(), Layers: r.IntN(3), How: "label"}
	}
	if r.yes() {
		a.Distro = &boltseal.Distro{
			ID: pick(r, "debian", "alpine"), Version: pick(r, "", "12", "3.20.3"), Name: pick(r, "", "Debian GNU/Linux 12 (bookworm)"),
			Codename: pick(r, "", "bookworm"), CPE: pick(r, "", "cpe:/o:debian:debian_linux:12"),
		}
		if r.yes() {
			a.Distro.Like = []string{"rhel", "fedora"}
			a.Distro.Repository = []string{"rhel-9-for-x86_64-baseos-rpms", "two words"}
		}
	}
	a.Layers = r.layers()
	for range r.IntN(12) * r.IntN(2) {
		child := boltseal.Artifact{
			Kind: boltseal.KindImage, Name: a.Name, Digest: r.digest(), Platform: &boltseal.Platform{OS: "linux", Arch: r.text()}, Layers: r.layers(),
		}
		if r.yes() {
			child.Distro = &boltseal.Distro{ID: "debian", Version: "12", Like: []string{"a", "b"}}
		}
		doc.Children = append(doc.Children, child)
	}
	for range r.IntN(3) {
		doc.Gaps = append(doc.Gaps, boltseal.Gap{What: "file " + r.text(), Why: r.text(), Kind: "unreadable-file", Hint: pick(r, "", r.text()), Platform: pick(r, "", "linux/amd64")})
	}
	slices.SortFunc(doc.Gaps, boltseal.Gap.Compare)
	for range r.IntN(3) {
		doc.Authors = append(doc.Authors, r.party())
	}
	for i := range 1 + r.IntN(12) {
		doc.Components = append(doc.Components, r.component(doc, i))
	}
	for i := range doc.Components {
		c := &doc.Components[i]
		for range r.IntN(4) {
			purl := doc.Components[r.IntN(len(doc.Components))].PURL
			if r.IntN(10) == 0 {
				purl = "pkg:npm/elsewhere@" + fmt.Sprint(r.IntN(3))
			}
			if purl != c.PURL && purl != "" {
				c.DependsOn = append(c.DependsOn, purl)
			}
		}
		slices.Sort(c.DependsOn)
		c.DependsOn = slices.Compact(c.DependsOn)
	}
	if r.yes() {
		r.details(doc)
	}
	return doc
}

func (r random) layers() []boltseal.Layer {
	var all []boltseal.Layer
	for range r.IntN(13) {
		all = append(all, boltseal.Layer{
			Digest: r.digest(), DiffID: r.digest(), MediaType: pick(r, "", "application/vnd.oci.image.layer.v1.tar+gzip", "Odd/Type x"),
			Size: r.Int64N(1 << 30), CreatedBy: r.text(), FromBase: r.yes(),
		})
	}
	return all
}

func (r random) details(doc *sbom.Document) {
	for range doc.Components {
		d := sbom.Detail{
			Kind: pick(r, "", "application", "framework", "data", "cryptographic-asset", "odd kind"), Description: pick(r, "", r.text()),
			Copyright: pick(r, "", r.text()), Contact: pick(r, "", "a@example.org", "https://example.org/contact"), Filename: pick(r, "", "x.jar", r.text()),
			Website: pick(r, "", "https://example.org/a?b=c#d", "not a web address <"), Download: pick(r, "", "https://example.org/x.tgz", "git+https://x@1"),
			SourceCode: pick(r, "", "https://example.org/src"),
		}
		if r.yes() {
			d.Executable, d.Archive, d.Structured = new(r.yes()), new(r.yes()), new(r.yes())
		}
		for range r.IntN(3) {
			d.Properties = append(d.Properties, sbom.Property{Name: pick(r, "acme:twice", r.text()), Value: pick(r, "", r.text())})
		}
		doc.Details = append(doc.Details, d)
	}
}
