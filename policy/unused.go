package policy

import (
	"strings"

	"github.com/boltseal/boltseal"
)

// UnusedWaiver reads from a finding that a waiver matches nothing which
// waiver that is: what it accepts, without its terms. Other findings have
// none.
func UnusedWaiver(f *boltseal.Finding) (boltseal.Waiver, bool) {
	if f.Check != unusedWaiver.ID {
		return boltseal.Waiver{}, false
	}
	for _, e := range f.Evidence {
		parts := strings.Split(e.Excerpt, "\x00")
		if e.Kind == boltseal.EvidenceStable && len(parts) == 4 {
			return boltseal.Waiver{ID: parts[0], PURL: parts[1], Path: parts[2], Key: parts[3]}, true
		}
	}
	return boltseal.Waiver{}, false
}
