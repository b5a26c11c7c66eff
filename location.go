package boltseal

import (
	"cmp"
	"strings"
)

// Location is a place inside an artifact. Span, when it is not empty, is in
// bytes from the start of the file, so that a [Fix] is exact.
type Location struct {
	File  string `json:"file,omitempty"` // slash path from the root, without a leading slash; "a.jar!/b.jar" inside archives
	Span  Span   `json:"span,omitzero"`
	Line  int    `json:"line,omitempty"`  // from 1
	Col   int    `json:"col,omitempty"`   // from 1, in bytes
	Layer Digest `json:"layer,omitempty"` // DiffID of the layer that holds the file
}

// Span is a half-open range of bytes.
type Span struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// Compare orders locations by file, then by place in it, then by layer.
func (l Location) Compare(m Location) int {
	return cmp.Or(
		strings.Compare(l.File, m.File),
		cmp.Compare(l.Line, m.Line),
		cmp.Compare(l.Col, m.Col),
		cmp.Compare(l.Span.Start, m.Span.Start),
		cmp.Compare(l.Span.End, m.Span.End),
		strings.Compare(string(l.Layer), string(m.Layer)),
	)
}
