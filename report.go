package boltseal

import (
	"slices"
	"time"
)

// ReportSchema names the JSON form of [Report]. The number rises when a
// reader of the old form could be misled.
const ReportSchema = "https://boltseal.dev/schema/report/v1"

// Report is one run of boltseal: the JSON output, the record in the store
// and the body of the API.
type Report struct {
	Schema     string      `json:"schema"`
	Tool       Tool        `json:"tool"`
	Time       time.Time   `json:"time"`
	Artifact   Artifact    `json:"artifact"`
	Children   []Artifact  `json:"children,omitempty"` // the images of an index
	Components []Component `json:"components"`
	Findings   []Finding   `json:"findings"`
	Gaps       []Gap       `json:"gaps"`
	Evidence   []Evidence  `json:"evidence,omitempty"` // what speaks for the artifact: signatures and statements that were verified
	Verdict    Verdict     `json:"verdict"`
	Snapshot   *Snapshot   `json:"snapshot,omitempty"`  // of the advisory data, if any was used
	Scorecard  *Scorecard  `json:"scorecard,omitempty"` // of an audit
}

// Tool is the program that made a report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Sort puts everything in the one order in which it is printed, so that the
// same input gives the same bytes.
func (r *Report) Sort() {
	slices.SortFunc(r.Components, Component.Compare)
	slices.SortFunc(r.Findings, Finding.Compare)
	slices.SortFunc(r.Gaps, Gap.Compare)
}

// Count tells how many findings that are not waived have each severity.
func (r *Report) Count() map[Severity]int {
	n := map[Severity]int{}
	for i := range r.Findings {
		if r.Findings[i].Waived == nil {
			n[r.Findings[i].Severity]++
		}
	}
	return n
}
