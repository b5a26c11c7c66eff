package sbom_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/sbom"
)

// perfect is a document that has everything that anybody asks for.
func perfect() *sbom.Document {
	sha512 := boltseal.Digest("sha512:" + strings.Repeat("0f", 64))
	component := func(name string) boltseal.Component {
		return boltseal.Component{
			PURL: "pkg:npm/" + name + "@1", Name: name, Version: "1", Supplier: "Team <team@example.org>", Licenses: []string{"MIT OR ISC"},
			Hashes: []boltseal.Digest{sha512}, CPEs: []string{"cpe:2.3:a:v:p:1:*:*:*:*:*:*:*"},
		}
	}
	detail := sbom.Detail{
		Filename: "a.tgz", Executable: new(false), Archive: new(true), Structured: new(true),
		Download: "https://example.org/a.tgz", SourceCode: "https://example.org/a",
	}
	return &sbom.Document{
		Artifact: boltseal.Artifact{Kind: boltseal.KindImage, Name: "shop:1"}, Tool: boltseal.Tool{Name: "boltseal", Version: "1"},
		Time: time.Unix(1_700_000_000, 0).UTC(), Authors: []string{"Shop <sbom@example.org>"}, Phase: "post-build", Completeness: sbom.Complete,
		Components: []boltseal.Component{component("a"), component("b")}, Details: []sbom.Detail{detail, detail},
	}
}

func check(t *testing.T, doc *sbom.Document, profile string) *sbom.Quality {
	t.Helper()
	q, err := sbom.Check(doc, profile)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func failed(q *sbom.Quality) []string {
	var ids []string
	for _, e := range q.Elements {
		if !e.Pass {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

func TestCheckPerfect(t *testing.T) {
	if n := len(sbom.Profiles()); n != 3 {
		t.Fatalf("%d profiles", n)
	}
	for _, p := range sbom.Profiles() {
		for _, name := range append([]string{strings.ToUpper(p.Name)}, p.Aliases...) {
			if q := check(t, perfect(), name); !q.Pass || q.Score != 100 {
				t.Errorf("%s: score %d, failed %v", name, q.Score, failed(q))
			}
		}
	}
	if _, err := sbom.Check(perfect(), "nonsense"); err == nil {
		t.Error("a profile that does not exist judges")
	}
}

// Each thing taken away is missed by the elements that ask for it, and by no
// other.
func TestCheckMissing(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(doc *sbom.Document)
		want  map[string][]string
	}{
		"supplier": {func(d *sbom.Document) { d.Components[0].Supplier = "" },
			map[string][]string{"ntia": {"supplier"}, "cisa-2025": {"producer"}, "bsi-tr-03183-2": {"component-creator"}}},
		"supplier's mail": {func(d *sbom.Document) { d.Components[0].Supplier = "Team" },
			map[string][]string{"bsi-tr-03183-2": {"component-creator"}}},
		"name":    {func(d *sbom.Document) { d.Components[0].Name = "" }, every("name")},
		"version": {func(d *sbom.Document) { d.Components[0].Version = "" }, every("version")},
		"identifiers": {func(d *sbom.Document) { d.Components[0].PURL, d.Components[0].CPEs = "", nil },
			every("identifier")},
		"purl alone": {func(d *sbom.Document) { d.Components[0].PURL = "" }, nil},
		"relationship": {func(d *sbom.Document) { d.Details[1].Orphan = true },
			map[string][]string{"ntia": {"relationship"}, "cisa-2025": {"relationship"}, "bsi-tr-03183-2": {"dependencies"}}},
		"authors": {func(d *sbom.Document) { d.Authors = nil },
			map[string][]string{"cisa-2025": {"author"}, "bsi-tr-03183-2": {"creator"}}},
		"authors and tool": {func(d *sbom.Document) { d.Authors, d.Tool = nil, boltseal.Tool{} },
			map[string][]string{"ntia": {"author"}, "cisa-2025": {"author", "tool"}, "bsi-tr-03183-2": {"creator"}}},
		"author's mail": {func(d *sbom.Document) { d.Authors = []string{"Shop"} }, map[string][]string{"bsi-tr-03183-2": {"creator"}}},
		"time":          {func(d *sbom.Document) { d.Time = time.Time{} }, every("timestamp")},
		"completeness": {func(d *sbom.Document) { d.Completeness = "" },
			map[string][]string{"ntia": {"known-unknowns"}, "cisa-2025": {"known-unknowns"}, "bsi-tr-03183-2": {"completeness"}}},
		"phase": {func(d *sbom.Document) { d.Phase = "" }, map[string][]string{"cisa-2025": {"context"}}},
		"hash": {func(d *sbom.Document) {
			d.Components[1].Hashes = []boltseal.Digest{"sha1:" + boltseal.Digest(strings.Repeat("0", 40))}
		},
			map[string][]string{"cisa-2025": {"hash"}, "bsi-tr-03183-2": {"hash"}}},
		"strong hash": {func(d *sbom.Document) {
			d.Components[1].Hashes = []boltseal.Digest{"sha256:" + boltseal.Digest(strings.Repeat("0", 64))}
		},
			map[string][]string{"bsi-tr-03183-2": {"hash"}}},
		"license": {func(d *sbom.Document) { d.Components[1].Licenses = []string{"BSD or so"} },
			map[string][]string{"cisa-2025": {"license"}, "bsi-tr-03183-2": {"license"}}},
		"facts": {func(d *sbom.Document) {
			d.Details[0].Executable, d.Details[0].Archive, d.Details[0].Structured = nil, nil, nil
		},
			map[string][]string{"bsi-tr-03183-2": {"executable", "archive", "structured"}}},
		"filename":        {func(d *sbom.Document) { d.Details[0].Filename = "dir/a.tgz" }, map[string][]string{"bsi-tr-03183-2": {"filename"}}},
		"format":          {func(d *sbom.Document) { d.Format, d.Serial = "spdx-2.3-json", "x" }, map[string][]string{"bsi-tr-03183-2": {"format"}}},
		"old CycloneDX":   {func(d *sbom.Document) { d.Format, d.Serial = "cyclonedx-1.5-json", "x" }, map[string][]string{"bsi-tr-03183-2": {"format"}}},
		"new CycloneDX":   {func(d *sbom.Document) { d.Format, d.Serial = "cyclonedx-1.6-xml", "x" }, nil},
		"SPDX 3":          {func(d *sbom.Document) { d.Format, d.Serial = "spdx-3.0.1-json", "x" }, nil},
		"vulnerabilities": {func(d *sbom.Document) { d.Vulnerabilities = 1 }, map[string][]string{"bsi-tr-03183-2": {"no-vulnerabilities"}}},
	} {
		doc := perfect()
		c.spoil(doc)
		for _, p := range sbom.Profiles() {
			q := check(t, doc, p.Name)
			var got []string
			counts := true
			for _, e := range q.Elements {
				if !e.Pass {
					got = append(got, e.ID)
					counts = counts && e.Optional
					if e.Why == "" || e.Of > 1 && len(e.Missing) != e.Of-e.Have {
						t.Errorf("%s: %s: %s: %+v", name, p.Name, e.ID, e)
					}
				}
			}
			if !slices.Equal(got, c.want[p.Name]) {
				t.Errorf("%s: %s misses %v, want %v", name, p.Name, got, c.want[p.Name])
			}
			if q.Pass != counts || (q.Score == 100) != counts {
				t.Errorf("%s: %s: score %d, pass %v", name, p.Name, q.Score, q.Pass)
			}
		}
	}
}

func every(id string) map[string][]string {
	return map[string][]string{"ntia": {id}, "cisa-2025": {id}, "bsi-tr-03183-2": {id}}
}

// The score is the mean share; a single gap among thousands never rounds up
// to a hundred.
func TestCheckScore(t *testing.T) {
	doc := perfect()
	doc.Components[0].Supplier = ""
	if q := check(t, doc, "ntia"); q.Score != 94 { // (8 + 1/2) / 9
		t.Errorf("score %d, want 94", q.Score)
	}
	doc = image(5000)
	doc.Components[0].Version = ""
	for _, e := range check(t, doc, "ntia").Elements {
		if e.ID == "version" && (e.Have != 4999 || e.Of != 5000 || e.Pass || len(e.Missing) != 1) {
			t.Errorf("element %+v", e)
		}
	}
	if q := check(t, &sbom.Document{}, "bsi"); q.Pass || q.Score == 100 {
		t.Errorf("an empty document: score %d", q.Score)
	}
}

// What we write ourselves must not fall short of what we could know.
func TestCheckOwn(t *testing.T) {
	doc := perfect()
	for _, f := range sbom.Formats() {
		got, _, err := sbom.Read(write(t, f.Name, doc))
		if err != nil {
			t.Fatal(err)
		}
		for _, profile := range []string{"ntia", "cisa-2025"} {
			if q := check(t, got, profile); !q.Pass {
				t.Errorf("%s: %s: failed %v", f.Name, profile, failed(q))
			}
		}
		if q := check(t, got, "bsi"); q.Pass != slices.Contains([]string{"cyclonedx-json", "cyclonedx-xml", "cyclonedx-1.7-json", "cyclonedx-1.7-xml", "spdx-3.0.1-json"}, f.Name) {
			t.Errorf("%s: BSI: pass %v, failed %v", f.Name, q.Pass, failed(q))
		}
	}
}
