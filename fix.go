package boltseal

// Fix is a change that removes a finding. At most one fix of a finding is
// applied; all edits are against the same baseline.
type Fix struct {
	Title   string   `json:"title"`
	Safe    bool     `json:"safe"` // keeps behaviour
	Edits   []Edit   `json:"edits,omitempty"`
	Upgrade *Upgrade `json:"upgrade,omitempty"`
	Resolve bool     `json:"resolve,omitempty"` // needs a registry to be asked first
}

// Edit replaces a span of a file.
type Edit struct {
	File string `json:"file"`
	Span Span   `json:"span"`
	New  string `json:"new"`
}

// Upgrade is a component's step to a better version.
type Upgrade struct {
	PURL string `json:"purl"`
	To   string `json:"to"`
}
