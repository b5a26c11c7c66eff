package boltseal

// Scorecard says what a report means for the controls of public standards:
// which of them hold, which fail, and which nobody could look at. Its own
// counts are those of the container security checklist.
type Scorecard struct {
	Tally      Tally           `json:"tally"`
	Layers     []Tally         `json:"layers"`     // of the checklist, from the build to what runs
	Frameworks []Tally         `json:"frameworks"` // each public standard by itself
	Controls   []ControlResult `json:"controls"`   // of the checklist first, then of each standard
}

// Tally counts controls by outcome. Score, from 0 to 100, is the weight of
// the controls that hold among those that were assessed; with nothing
// assessed it is 0 and says nothing.
type Tally struct {
	Name        string `json:"name"`
	Title       string `json:"title,omitempty"`
	Score       int    `json:"score"`
	Passed      int    `json:"passed"`
	Failed      int    `json:"failed"`
	Accepted    int    `json:"accepted"`
	NotAssessed int    `json:"notAssessed"`
}

// Assessed is the number of controls that the score is about.
func (t Tally) Assessed() int { return t.Passed + t.Failed + t.Accepted }

// Total is the number of controls.
func (t Tally) Total() int { return t.Assessed() + t.NotAssessed }

// Outcome is what became of a control.
type Outcome string

// The outcomes.
const (
	OutcomePass        Outcome = "pass"
	OutcomeFail        Outcome = "fail"
	OutcomeAccepted    Outcome = "accepted"     // it fails, and every finding is waived
	OutcomeNotAssessed Outcome = "not-assessed" // nobody looked, or nobody could; never the same as a pass
)

// ControlResult is one control with what speaks for its outcome.
type ControlResult struct {
	Control  Control  `json:"control"`
	Layer    string   `json:"layer"` // "build", "image", "supply-chain", "registry", "kubernetes" or "runtime"
	Outcome  Outcome  `json:"outcome"`
	Why      string   `json:"why"`                // one sentence
	Checks   []string `json:"checks,omitempty"`   // that decided
	Failing  int      `json:"failing,omitempty"`  // findings that fail it
	Waived   int      `json:"waived,omitempty"`   // findings that were accepted
	Findings []string `json:"findings,omitempty"` // keys of the worst of both
	Fix      string   `json:"fix,omitempty"`      // what to do or to run
	Also     []string `json:"also,omitempty"`     // controls of other standards that ask for the same
}
