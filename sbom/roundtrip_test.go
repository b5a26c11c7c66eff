package sbom_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/boltseal/boltseal/sbom"
)

// What boltseal writes it reads back, in every format, down to the last
// field: scan(image) and scan(sbom(image)) must not differ.
func TestRoundTrip(t *testing.T) {
	for _, f := range sbom.Formats() {
		t.Run(f.Name, func(t *testing.T) {
			for seed := range uint64(50) {
				doc := newRandom(seed).document()
				var out bytes.Buffer
				if err := f.Write(&out, doc); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				got, found, err := sbom.Read(out.Bytes())
				if err != nil {
					t.Fatalf("seed %d: %v\n%s", seed, err, out.Bytes())
				}
				if found.Name != f.Name {
					t.Fatalf("seed %d: read as %s", seed, found.Name)
				}
				want := known(doc)
				if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(sbom.Document{}, "Serial", "Format")); diff != "" {
					t.Fatalf("seed %d: -want +got:\n%s\n%s", seed, diff, out.Bytes())
				}
				var again bytes.Buffer
				if err := f.Write(&again, got); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(again.Bytes(), out.Bytes()) {
					t.Fatalf("seed %d: other bytes the second time:\n%s", seed, cmp.Diff(out.String(), again.String()))
				}
			}
		})
	}
}

// known is the document in order, without details that say nothing.
func known(doc *sbom.Document) *sbom.Document {
	doc = sbom.Sorted(doc)
	for _, d := range doc.Details {
		if !cmp.Equal(d, sbom.Detail{}, cmpopts.EquateEmpty()) {
			return doc
		}
	}
	doc.Details = nil
	return doc
}
