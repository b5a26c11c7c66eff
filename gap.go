package boltseal

import (
	"cmp"
	"strings"
)

// Gap is something that boltseal could not look at. It is never the same as
// having found nothing: a gap that the policy does not allow gives exit
// status 3.
type Gap struct {
	What     string `json:"what"` // "file usr/lib/x.jar", "ecosystem Arch Linux"
	Why      string `json:"why"`
	Kind     string `json:"kind"`               // slug for policies: "unreadable-file", "unsupported-distro", "no-database", "limit", …
	Hint     string `json:"hint,omitempty"`     // what to do about it
	Platform string `json:"platform,omitempty"` // of the image, when several were read
}

// Compare orders gaps for printing.
func (g Gap) Compare(h Gap) int {
	return cmp.Or(strings.Compare(g.Kind, h.Kind), strings.Compare(g.What, h.What),
		strings.Compare(g.Why, h.Why), strings.Compare(g.Platform, h.Platform))
}
