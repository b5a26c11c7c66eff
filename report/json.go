package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/boltseal/boltseal"
)

var _ = add(Format{Name: "json", Title: "the report itself (docs/reference/report.schema.json)", Write: writeJSON})

// writeJSON writes the report as it is. Lists that must be there are empty
// lists and never null.
func writeJSON(w io.Writer, r *boltseal.Report, _ *Options) error {
	out := *r
	if out.Schema == "" {
		out.Schema = boltseal.ReportSchema
	}
	if out.Components == nil {
		out.Components = []boltseal.Component{}
	}
	if out.Findings == nil {
		out.Findings = []boltseal.Finding{}
	}
	if out.Gaps == nil {
		out.Gaps = []boltseal.Gap{}
	}
	return encode(w, &out)
}

// encode writes v as indented JSON in which no character stands bare that a
// terminal would obey.
func encode(w io.Writer, v any) error {
	var buffer bytes.Buffer
	e := json.NewEncoder(&buffer)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return writeIndented(w, buffer.Bytes())
}
