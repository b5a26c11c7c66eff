package boltseal

// EvidenceKind says what sort of proof an [Evidence] is.
type EvidenceKind string

// The kinds of evidence.
const (
	EvidenceFile      EvidenceKind = "file"      // bytes of a file
	EvidenceLayer     EvidenceKind = "layer"     // a layer of an image
	EvidenceSnapshot  EvidenceKind = "snapshot"  // advisory data
	EvidenceSignature EvidenceKind = "signature" // a verified signature
	EvidenceEvent     EvidenceKind = "event"     // something that happened
	EvidenceStatement EvidenceKind = "statement" // an in-toto or VEX statement
	EvidenceStable    EvidenceKind = "stable"    // tells findings at one place apart, and stays when lines move
)

// Evidence is why anyone should believe a finding.
type Evidence struct {
	Kind      EvidenceKind `json:"kind"`
	Digest    Digest       `json:"digest,omitempty"`
	Excerpt   string       `json:"excerpt,omitempty"`
	Statement string       `json:"statement,omitempty"` // a sentence for a person
}
