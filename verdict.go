package boltseal

import (
	"fmt"
	"time"
)

// Waiver is a finding accepted on purpose: by whom, why, and until when.
type Waiver struct {
	ID      string    `json:"id,omitempty"`   // check or advisory id or alias; "*" matches within one segment
	PURL    string    `json:"purl,omitempty"` // pattern over the component's purl
	Path    string    `json:"path,omitempty"` // pattern over the finding's file
	Key     string    `json:"key,omitempty"`  // the one finding with this key
	Reason  string    `json:"reason"`
	Owner   string    `json:"owner"`
	Expires time.Time `json:"expires,omitzero"`
	Source  string    `json:"source,omitempty"` // the file that grants it

	// Comment tells that the file itself accepts the finding, by a comment or
	// an annotation whose words are the reason. Such a waiver has no owner and
	// no end.
	Comment bool `json:"comment,omitempty"`

	// Status is not-affected or fixed where the waiver says so, or the VEX
	// statement that it stands for; empty where a risk is accepted.
	Status        Status `json:"status,omitempty"`
	Justification string `json:"justification,omitempty"` // in the words of OpenVEX
}

// String says who accepts the finding, until when and why; or, of what a VEX
// document says, who says so and why.
func (w Waiver) String() string {
	if w.Comment {
		return "accepted in the file: " + w.Reason
	}
	if w.Expires.IsZero() {
		return fmt.Sprintf("%s according to %s: %s", w.Status, w.Owner, w.Reason)
	}
	return fmt.Sprintf("waived by %s until %s: %s", w.Owner, w.Expires.UTC().Format(time.DateOnly), w.Reason)
}

// Verdict is the decision: what a gate, an admission webhook and CI obey.
type Verdict struct {
	Allow    bool     `json:"allow"`
	Blocking []string `json:"blocking,omitempty"` // keys of the findings that block
	Gaps     int      `json:"gaps,omitempty"`     // gaps that the policy does not allow
	Waived   int      `json:"waived,omitempty"`
	Reasons  []string `json:"reasons,omitempty"` // one sentence each
	Policy   Digest   `json:"policy,omitempty"`  // of the policy that decided
}

// ExitStatus is 0 for clean, 1 when findings block and 3 when only what could
// not be looked at stands in the way.
func (v Verdict) ExitStatus() int {
	switch {
	case len(v.Blocking) > 0:
		return 1
	case v.Gaps > 0:
		return 3
	}
	return 0
}
