package sbom_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	spdxjson "github.com/spdx/tools-golang/json"
	spdx "github.com/spdx/tools-golang/spdx/v2/v2_3"
	"github.com/spdx/tools-golang/spdxlib"
	"github.com/spdx/tools-golang/tagvalue"

	"github.com/boltseal/boltseal/sbom"
)

func write(t testing.TB, format string, doc *sbom.Document) []byte {
	t.Helper()
	f, ok := sbom.Lookup(format)
	if !ok {
		t.Fatalf("no format %s", format)
	}
	var out bytes.Buffer
	if err := f.Write(&out, doc); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// The projects' own libraries read what we write and see the same.
func TestOtherReaders(t *testing.T) {
	for seed := range uint64(30) {
		doc := newRandom(seed).document()
		for _, f := range sbom.Formats() {
			data := write(t, f.Name, doc)
			switch {
			case strings.HasPrefix(f.Name, "cyclonedx"):
				otherCycloneDX(t, f.Name, data, doc)
			case strings.HasPrefix(f.Name, "spdx-3"):
			default:
				otherSPDX(t, f.Name, data, doc)
			}
		}
	}
}

func otherCycloneDX(t *testing.T, format string, data []byte, doc *sbom.Document) {
	t.Helper()
	syntax := cyclonedx.BOMFileFormatJSON
	if strings.HasSuffix(format, "xml") {
		syntax = cyclonedx.BOMFileFormatXML
	}
	var bom cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(data), syntax).Decode(&bom); err != nil {
		t.Fatalf("%s: %v\n%s", format, err, data)
	}
	refs := map[string]bool{bom.Metadata.Component.BOMRef: true}
	software := 0
	for _, c := range *bom.Components {
		if refs[c.BOMRef] {
			t.Errorf("%s: bom-ref %q stands twice", format, c.BOMRef)
		}
		if refs[c.BOMRef] = true; c.Type != cyclonedx.ComponentTypeOS {
			software++
		}
	}
	if software != len(doc.Components) {
		t.Errorf("%s: %d components, want %d", format, software, len(doc.Components))
	}
	// From the artifact every component can be reached.
	needs := map[string][]string{}
	for _, d := range *bom.Dependencies {
		if !refs[d.Ref] {
			t.Errorf("%s: dependency of %q, which is not there", format, d.Ref)
		}
		if d.Dependencies != nil {
			needs[d.Ref] = *d.Dependencies
		}
	}
	reached := map[string]bool{}
	var walk func(ref string)
	walk = func(ref string) {
		if reached[ref] {
			return
		}
		reached[ref] = true
		for _, to := range needs[ref] {
			walk(to)
		}
	}
	walk(bom.Metadata.Component.BOMRef)
	for ref := range refs {
		if !reached[ref] {
			t.Errorf("%s: %q cannot be reached from the artifact", format, ref)
		}
	}
}

func otherSPDX(t *testing.T, format string, data []byte, doc *sbom.Document) {
	t.Helper()
	var got *spdx.Document
	var err error
	if strings.HasSuffix(format, "json") {
		got, err = spdxjson.Read(bytes.NewReader(data))
	} else {
		got, err = tagvalue.Read(bytes.NewReader(data))
	}
	if err != nil {
		t.Fatalf("%s: %v\n%s", format, err, data)
	}
	if err := spdxlib.ValidateDocument(got); err != nil {
		t.Errorf("%s: %v", format, err)
	}
	purls, want := map[string]int{}, map[string]int{}
	ids := map[string]bool{"DOCUMENT": true}
	for _, p := range got.Packages {
		id := string(p.PackageSPDXIdentifier)
		if ids[id] {
			t.Errorf("%s: identifier %s stands twice", format, id)
		}
		ids[id] = true
		for _, r := range p.PackageExternalReferences {
			if r.RefType == "purl" && !strings.HasPrefix(r.Locator, "pkg:oci/") {
				purls[r.Locator]++
			}
		}
		for _, ref := range licenceRefs.FindAllString(p.PackageLicenseDeclared, -1) {
			ids[ref] = ids[ref] || false
		}
	}
	for _, l := range got.OtherLicenses {
		ids[l.LicenseIdentifier] = true
	}
	for id, there := range ids {
		if !there {
			t.Errorf("%s: %s is used but not told (SPDX 2.3, section 10.1)", format, id)
		}
	}
	described := false
	for _, r := range got.Relationships {
		described = described || r.Relationship == "DESCRIBES" && r.RefA.ElementRefID == "DOCUMENT"
		for _, end := range []string{string(r.RefA.ElementRefID), string(r.RefB.ElementRefID)} {
			if !ids[end] {
				t.Errorf("%s: relationship with %s, which is not there", format, end)
			}
		}
	}
	if !described {
		t.Errorf("%s: the document describes nothing", format)
	}
	for _, c := range doc.Components {
		if c.PURL != "" {
			want[c.PURL]++
		}
	}
	if len(purls) != len(want) {
		t.Errorf("%s: %d purls, want %d", format, len(purls), len(want))
	}
	for purl, n := range want {
		if purls[purl] != n {
			t.Errorf("%s: purl %s stands %d times, want %d", format, purl, purls[purl], n)
		}
	}
}

var licenceRefs = regexp.MustCompile(`LicenseRef-[A-Za-z0-9.-]+`)
