package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

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
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	_, err := w.Write(escapeHostile(buffer.Bytes()))
	return err
}

// escapeHostile writes the characters of isHostile beyond ASCII as \u
// escapes, which is the same JSON. encoding/json has done so with ASCII.
func escapeHostile(data []byte) []byte {
	var out []byte
	done := 0
	for i := 0; i < len(data); {
		if data[i] < 0x7F {
			i++
			continue
		}
		r, size := utf8.DecodeRune(data[i:])
		if isHostile(r) {
			out = append(out, data[done:i]...)
			if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
				out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
			} else {
				out = fmt.Appendf(out, `\u%04x`, r)
			}
			done = i + size
		}
		i += size
	}
	if done == 0 {
		return data
	}
	return append(out, data[done:]...)
}
