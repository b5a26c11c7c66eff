package foreign

import (
	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/sbom"
)

var _ = add(Format{Name: "bill of materials", Title: "CycloneDX and SPDX, in every form that is read",
	Detect: func(data []byte) bool {
		for _, f := range sbom.Formats() {
			if f.Detect != nil && f.Detect(data) {
				return true
			}
		}
		return false
	},
	Read: readSBOM})

// readSBOM takes what a bill of materials lists. Nothing in it was compared
// with advisories, and the report says so.
func readSBOM(data []byte) (*boltseal.Report, error) {
	doc, format, err := sbom.Read(data)
	if err != nil {
		return nil, err
	}
	r := &boltseal.Report{Tool: doc.Tool, Time: doc.Time, Artifact: doc.Artifact, Children: doc.Children, Components: doc.Components, Gaps: doc.Gaps}
	if r.Artifact.Kind == "" {
		r.Artifact.Kind = boltseal.KindSBOM
	}
	r.Gaps = append(r.Gaps, boltseal.Gap{Kind: "no-database", What: "components of a bill of materials", Why: format.Name + " was taken over as it is, and compared with no advisories", Hint: "run: boltseal scan sbom:FILE"})
	return r, nil
}
