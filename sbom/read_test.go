package sbom_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/sbom"
)

func TestFormats(t *testing.T) {
	names := map[string]bool{}
	for _, f := range sbom.Formats() {
		for _, name := range append([]string{f.Name}, f.Aliases...) {
			if names[name] {
				t.Errorf("%s names two formats", name)
			}
			names[name] = true
			if got, ok := sbom.Lookup(strings.ToUpper(name)); !ok || got.Name != f.Name {
				t.Errorf("Lookup(%s) = %s, %v; want %s", name, got.Name, ok, f.Name)
			}
		}
		if f.Title == "" || f.MediaType == "" {
			t.Errorf("%s has no title or media type", f.Name)
		}
	}
	for _, name := range []string{
		"cyclonedx-json", "cyclonedx", "cdx", "cyclonedx-1.4-json", "cyclonedx-1.5-json", "cyclonedx-1.6-json", "cyclonedx-1.7-json",
		"cyclonedx-xml", "spdx-json", "spdx", "spdx-2.2-json", "spdx-tag-value", "spdx-3.0.1-json", "spdx3-json",
	} {
		if !names[name] {
			t.Errorf("no format %s", name)
		}
	}
	if f, ok := sbom.Lookup("nonsense"); ok {
		t.Errorf("Lookup(nonsense) = %s", f.Name)
	}
}

// Each format detects what it writes and nothing else.
func TestDetect(t *testing.T) {
	doc := image(3)
	for _, from := range sbom.Formats() {
		data := write(t, from.Name, doc)
		for _, to := range sbom.Formats() {
			if got := to.Detect(data); got != (from.Name == to.Name) {
				t.Errorf("%s detects %s: %v", to.Name, from.Name, got)
			}
		}
	}
}

// The order in which components were found changes no byte.
func TestDeterministic(t *testing.T) {
	doc := image(50)
	for _, f := range sbom.Formats() {
		want := write(t, f.Name, doc)
		turned := *doc
		turned.Components = nil
		for i := range doc.Components {
			turned.Components = append(turned.Components, doc.Components[(i*7+3)%50])
		}
		if got := write(t, f.Name, &turned); !bytes.Equal(got, want) {
			t.Errorf("%s: other bytes in another order", f.Name)
		}
		turned.Components[0].Version += "1"
		if got := write(t, f.Name, &turned); bytes.Equal(got, want) {
			t.Errorf("%s: a change changes nothing", f.Name)
		}
	}
}

func TestVersionsBesideTheKnown(t *testing.T) {
	for version, want := range map[string]string{"1.2": "cyclonedx-1.4-json", "1.3": "cyclonedx-1.4-json", "1.8": "cyclonedx-1.7-json", "1.10": "cyclonedx-1.7-json"} {
		data := fmt.Sprintf(`{"bomFormat":"CycloneDX","specVersion":%q,"components":[{"type":"library","name":"a","purl":"pkg:npm/a@1"}]}`, version)
		doc, f, err := sbom.Read([]byte(data))
		if err != nil || f.Name != want || len(doc.Components) != 1 {
			t.Errorf("CycloneDX %s: %s, %v", version, f.Name, err)
		}
	}
}

// Hostile and broken documents end in an error that names the trouble.
func TestRefused(t *testing.T) {
	cdx := func(rest string) string { return `{"bomFormat":"CycloneDX","specVersion":"1.6"` + rest + `}` }
	xml := func(rest string) string { return `<bom xmlns="http://cyclonedx.org/schema/bom/1.6">` + rest + `</bom>` }
	nested := func(n int, open, end string) string { return strings.Repeat(open, n) + strings.Repeat(end, n) }
	for name, c := range map[string]struct{ data, want string }{
		"empty":                     {"", "not a CycloneDX or SPDX document"},
		"white space":               {" \n\t", "not a CycloneDX or SPDX document"},
		"another JSON":              {`{"name":"x"}`, "not a CycloneDX or SPDX document"},
		"an array":                  {`[]`, "not a CycloneDX or SPDX document"},
		"a picture":                 {"\x89PNG\r\n", "not a CycloneDX or SPDX document"},
		"another XML":               {`<html/>`, "not a CycloneDX or SPDX document"},
		"version 2":                 {`{"bomFormat":"CycloneDX","specVersion":"2.0"}`, "not a CycloneDX or SPDX document"},
		"SPDX 9":                    {`{"spdxVersion":"SPDX-9.0"}`, "not a CycloneDX or SPDX document"},
		"cut short":                 {cdx(`,"components":[{"name":"a"`)[:60], "json"},
		"trailing data":             {cdx("") + "{}", "json"},
		"trailing brace":            {cdx("") + "}", "json"},
		"name twice":                {cdx(`,"components":[{"name":"a","purl":"pkg:npm/a","purl":"pkg:npm/b"}]`), `"purl" stands twice`},
		"name twice, case":          {cdx(`,"components":[],"Components":[]`), "stands twice"},
		"name twice, escape":        {cdx(`,"components":[{"name":"a","n\u0061me":"b"}]`), "stands twice"},
		"name twice, Kelvin":        {cdx(`,"serialNumber":"a","\u017ferialNumber":"b"`), "stands twice"},
		"deep":                      {cdx(`,"x":` + nested(100_000, "[", "]")), "nested deeper"},
		"deep components":           {cdx(`,"components":[` + nested(40, `{"name":"a","components":[`, `]}`) + `]`), "components nested deeper"},
		"dense":                     {cdx(`,"components":[` + strings.Repeat("{},", 50_000) + `{}]`), "too many empty objects"},
		"dense SPDX":                {`{"spdxVersion":"SPDX-2.3","packages":[` + strings.Repeat("{},", 50_000) + `{}]}`, "too many empty objects"},
		"XML cut short":             {`<bom xmlns="http://cyclonedx.org/schema/bom/1.6"><components>`, "EOF"},
		"XML doctype":               {`<!DOCTYPE bom [<!ENTITY a "b">]>` + xml(""), "document type"},
		"XML entity":                {xml(`<components><component type="library"><name>&a;</name></component></components>`), "entity"},
		"XML deep":                  {xml(nested(200, "<a>", "</a>")), "nested deeper"},
		"XML deep text":             {xml(`<metadata><timestamp>` + nested(200, "<a>", "</a>") + `</timestamp></metadata>`), "nested deeper"},
		"XML deep components":       {xml(nested(40, `<components><component type="library">`, `</component></components>`)), "components nested deeper"},
		"XML dense":                 {xml(`<components>` + strings.Repeat("<a/>", 50_000) + `</components>`), "too many empty objects"},
		"XML after the end":         {xml("") + "<x/>", "after the document"},
		"XML charset":               {`<?xml version="1.0" encoding="UTF-7"?>` + xml(""), "encoding"},
		"XML wrong root":            {`<mob xmlns="http://cyclonedx.org/schema/bom/1.6"/>`, "not a CycloneDX"},
		"tag-value no colon":        {"SPDXVersion: SPDX-2.3\nnonsense\n", "no colon"},
		"tag-value open text":       {"SPDXVersion: SPDX-2.3\nPackageName: <text>a\n", "without </text>"},
		"tag-value dense":           {"SPDXVersion: SPDX-2.3\n" + strings.Repeat("PackageName:\n", 50_000), "too many empty objects"},
		"statement of another kind": {`{"predicateType":"x","predicate":{"a":1}}`, "not a CycloneDX or SPDX document"},
	} {
		t.Run(name, func(t *testing.T) {
			doc, _, err := sbom.Read([]byte(c.data))
			if err == nil {
				t.Fatalf("read %d components", len(doc.Components))
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q, want %q in it", err, c.want)
			}
		})
	}
}

func TestTooLong(t *testing.T) {
	data := make([]byte, limit.Default().JSONBytes+1)
	_, _, err := sbom.Read(data)
	if e, ok := errors.AsType[*limit.Error](err); !ok || e.Flag == "" {
		t.Errorf("error %v, want a limit's", err)
	}
	for _, f := range sbom.Formats() {
		if _, err := f.Read(data); err == nil {
			t.Errorf("%s reads %d bytes", f.Name, len(data))
		}
	}
}

// Wrong types in fields that only inform are gaps, not errors.
func TestLenient(t *testing.T) {
	for name, data := range map[string]string{
		"CycloneDX": `{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"timestamp":7,"tools":"x","authors":{}},
			"components":[{"type":"library","name":"a","version":{},"purl":"pkg:npm/a@1","licenses":"MIT","hashes":[{"alg":1}]},
			{"type":"library","name":"b","purl":"pkg:npm/b@2"},7,null,"x"],"dependencies":[{"ref":"pkg:npm/a@1","dependsOn":"pkg:npm/b@2"}]}`,
		"SPDX 2": `{"spdxVersion":"SPDX-2.3","creationInfo":[],"packages":[
			{"SPDXID":"SPDXRef-a","name":"a","versionInfo":1,"externalRefs":[{"referenceType":"purl","referenceLocator":"pkg:npm/a@1"}]},
			{"SPDXID":"SPDXRef-b","name":"b","versionInfo":"2","externalRefs":[{"referenceType":"purl","referenceLocator":"pkg:npm/b@2"}]},7],
			"relationships":{}}`,
		"SPDX 3": `{"@context":["https://spdx.org/rdf/3.0.1/spdx-context.jsonld"],"@graph":[
			{"type":"software_Package","spdxId":"urn:a","name":"a","software_packageUrl":"pkg:npm/a@1","software_packageVersion":[]},
			{"type":"software_Package","spdxId":"urn:b","name":"b","software_packageUrl":"pkg:npm/b@2"},{"type":"Relationship","from":7,"to":{}},7]}`,
	} {
		doc, _, err := sbom.Read([]byte(data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(doc.Components) != 2 || doc.Components[0].PURL != "pkg:npm/a@1" || doc.Components[1].Version != "2" {
			t.Errorf("%s: components %+v", name, doc.Components)
		}
		told := false
		for _, g := range doc.Gaps {
			told = told || g.Kind == "bad-field"
		}
		if !told {
			t.Errorf("%s: no gap tells of the wrong types: %v", name, doc.Gaps)
		}
	}
}

// A few licences that name each other must not grow without end.
func TestLicenceBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[`)
	for i := range 20 {
		to := strings.Repeat(fmt.Sprintf(`"urn:l%d",`, i+1), 50)
		fmt.Fprintf(&b, `{"type":"expandedlicensing_ConjunctiveLicenseSet","spdxId":"urn:l%d","expandedlicensing_member":[%s]},`, i, strings.TrimSuffix(to, ","))
	}
	b.WriteString(`{"type":"expandedlicensing_OrLaterOperator","spdxId":"urn:l20","expandedlicensing_subjectLicense":"urn:l0"},
		{"type":"software_Package","spdxId":"urn:a","name":"a"},
		{"type":"Relationship","from":"urn:a","to":["urn:l0"],"relationshipType":"hasDeclaredLicense"}]}`)
	doc, _, err := sbom.Read([]byte(b.String()))
	if err != nil || len(doc.Components) != 1 {
		t.Fatal(doc, err)
	}
	if n := len(fmt.Sprint(doc.Components[0].Licenses)); n > 8192 {
		t.Errorf("licences of %d bytes", n)
	}
}

func TestFromReport(t *testing.T) {
	r := &boltseal.Report{
		Artifact:   boltseal.Artifact{Kind: boltseal.KindImage, Name: "a"},
		Components: []boltseal.Component{{PURL: "pkg:npm/a@1", Name: "a", Version: "1"}},
		Gaps:       []boltseal.Gap{{What: "file x", Why: "broken", Kind: "unreadable-file"}},
	}
	doc := sbom.FromReport(r)
	if doc.Completeness != sbom.Incomplete || doc.Phase != "post-build" || len(doc.Components) != 1 || len(doc.Gaps) != 1 {
		t.Errorf("document %+v", doc)
	}
	doc.Components[0].Name = "b"
	if r.Components[0].Name != "a" {
		t.Error("the report's components changed")
	}
	if r.Gaps = nil; sbom.FromReport(r).Completeness != sbom.CannotBeKnown {
		t.Error("a document without gaps claims to be complete")
	}
}

func FuzzRead(f *testing.F) {
	for _, data := range foreignDocuments(f) {
		f.Add(data)
	}
	for seed := range uint64(4) {
		for _, format := range sbom.Formats() {
			f.Add(write(f, format.Name, newRandom(seed).document()))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, found, err := sbom.Read(data)
		if err != nil {
			return
		}
		// What was read can be written in any format, and reads the same.
		formats := sbom.Formats()
		to := formats[len(data)%len(formats)]
		if len(data)%3 == 0 {
			to = found
		}
		out := write(t, to.Name, doc)
		again, _, err := sbom.Read(out)
		if err != nil {
			t.Fatalf("%s: %v\n%s", to.Name, err, out)
		}
		if len(again.Components) != len(doc.Components) {
			t.Fatalf("%s: %d components, then %d\n%s", to.Name, len(doc.Components), len(again.Components), out)
		}
		twice := write(t, to.Name, again)
		third, _, err := sbom.Read(twice)
		if err != nil || len(third.Components) != len(again.Components) {
			t.Fatalf("the third time: %v", err)
		}
		if !bytes.Equal(write(t, to.Name, third), twice) {
			t.Fatalf("%s: other bytes the third time:\n%s", to.Name, twice)
		}
	})
}

// Each reader must stand bytes that only look like its own.
func FuzzReaders(f *testing.F) {
	for i, format := range sbom.Formats() {
		f.Add(i, write(f, format.Name, newRandom(1).document()))
	}
	f.Fuzz(func(t *testing.T, i int, data []byte) {
		all := sbom.Formats()
		if i < 0 || i >= len(all) {
			return
		}
		doc, err := all[i].Read(data)
		if (doc == nil) == (err == nil) {
			t.Fatalf("document %v, error %v", doc, err)
		}
	})
}

// A lot of one thing costs time in proportion, wherever it stands.
func TestManyOfOneThing(t *testing.T) {
	const n = 20_000
	many := func(format string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 && !strings.Contains(format, "\n") {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	cdx := func(component string) string {
		return `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library","name":"a","bom-ref":"a",` + component + `}]}`
	}
	for name, data := range map[string]string{
		"places":      cdx(`"properties":[` + many(`{"name":"syft:location:%[1]d:path","value":"/%[1]d"}`) + `]`),
		"CPEs":        cdx(`"properties":[` + many(`{"name":"syft:cpe23","value":"%d"}`) + `]`),
		"properties":  cdx(`"properties":[` + many(`{"name":"x:%d","value":"y"}`) + `]`),
		"one name":    cdx(`"properties":[` + many(`{"name":"x","value":"%d"}`) + `]`),
		"occurrences": cdx(`"evidence":{"occurrences":[` + many(`{"location":"some/%d"}`) + `]}`),
		"hashes":      cdx(`"hashes":[` + many(`{"alg":"SHA-1","content":"%040x"}`) + `]`),
		"names":       cdx(`"x":{` + many(`"%d":"some value"`) + `}`),
		"versions":    `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[` + many(`{"name":"a","purl":"pkg:npm/a@%d"}`) + `]}`,
		"twins":       `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[` + many(`{"name":"a","purl":"pkg:npm/a@1","version":"%d"}`) + `]}`,
		"edges":       `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"name":"a","bom-ref":"a"}],"dependencies":[{"ref":"a","dependsOn":[` + many(`"%d"`) + `]}]}`,
		"described":   `{"spdxVersion":"SPDX-2.3","documentDescribes":[` + many(`"SPDXRef-%d"`) + `],"packages":[{"SPDXID":"SPDXRef-1","name":"a"}]}`,
		"licences":    `{"spdxVersion":"SPDX-2.3","packages":[` + many(`{"SPDXID":"SPDXRef-%[1]d","name":"a","licenseDeclared":"odd licence %[1]d"}`) + `]}`,
		"annotations": "SPDXVersion: SPDX-2.3\nPackageName: a\nSPDXID: SPDXRef-a\n" + many("Annotator: Tool: x\nSPDXREF: SPDXRef-a\nAnnotationComment: %d\n"),
	} {
		t.Run(name, func(t *testing.T) {
			doc, _, err := sbom.Read([]byte(data))
			if err != nil {
				t.Fatal(err)
			}
			if len(doc.Components) == 0 {
				t.Fatal("no components")
			}
			for _, format := range []string{"cyclonedx-1.7-json", "spdx-json", "spdx-3.0.1-json"} {
				write(t, format, doc)
			}
			merged := sbom.Merge(doc, doc)
			if !sbom.Diff(doc, doc).Empty() || len(merged.Components) == 0 {
				t.Error("a document differs from itself")
			}
		})
	}
}
