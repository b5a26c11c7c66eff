package sbom_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/boltseal/boltseal/sbom"
)

// foreignDocuments gives the hand-written documents of other tools.
func foreignDocuments(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/foreign/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	all := map[string][]byte{}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".txtar")] = archive.Files[0].Data
	}
	return all
}

// What was understood of another tool's document survives conversion to
// every format, and what is written is valid.
func TestConvert(t *testing.T) {
	for name, data := range foreignDocuments(t) {
		doc, _, err := sbom.Read(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range sbom.Formats() {
			var out bytes.Buffer
			if err := f.Write(&out, doc); err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(f.Name, "json") {
				if err := validateJSON(t, f.Name, out.Bytes()); err != nil {
					t.Errorf("%s to %s: %v", name, f.Name, err)
				}
			}
			got, _, err := sbom.Read(out.Bytes())
			if err != nil {
				t.Fatalf("%s to %s: %v", name, f.Name, err)
			}
			diff := cmp.Diff(doc, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(sbom.Document{}, "Serial", "Format", "Vulnerabilities"),
				cmpopts.IgnoreFields(sbom.Detail{}, "Orphan"))
			if diff != "" && !(doc.Details != nil && got.Details == nil && onlyOrphans(doc)) {
				t.Errorf("%s to %s: -want +got:\n%s", name, f.Name, diff)
			}
		}
	}
}

// onlyOrphans tells whether the details say nothing but that no relationship
// names a component; written documents always have one.
func onlyOrphans(doc *sbom.Document) bool {
	for _, d := range doc.Details {
		if d.Orphan = false; !cmp.Equal(d, sbom.Detail{}, cmpopts.EquateEmpty()) {
			return false
		}
	}
	return true
}
