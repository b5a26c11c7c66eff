package report_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/report"
)

// scored is the shared report of an audit, with the scorecard of
// testdata/scorecard.json: every outcome is among its controls.
func scored(t testing.TB) *boltseal.Report {
	t.Helper()
	r := shared(t)
	waived := boltseal.Finding{
		Check: "docker/no-healthcheck", Severity: boltseal.Low, Title: "no health check", Message: "nothing tells when the program hangs",
		Location: boltseal.Location{File: "build/Dockerfile", Line: 1},
		Waived:   &boltseal.Waiver{ID: "docker/no-healthcheck", Reason: "Kubernetes probes it", Owner: "ann@example.com", Expires: r.Time.AddDate(0, 3, 0)},
	}
	root := boltseal.Finding{
		Check: "docker/root-user", Severity: boltseal.High, Title: "container runs as root", Message: "no USER is set, so the container runs as root",
		Location: boltseal.Location{File: "build/Dockerfile", Line: 1, Col: 1},
		Evidence: []boltseal.Evidence{{Kind: boltseal.EvidenceFile, Excerpt: "FROM debian:bookworm-slim"}},
		Fixes:    []boltseal.Fix{{Title: "add USER 65532:65532", Edits: []boltseal.Edit{{File: "build/Dockerfile", New: "USER 65532:65532\n"}}}},
	}
	for _, f := range []boltseal.Finding{waived, root} {
		f.Subject = boltseal.Subject{Name: "build/Dockerfile"}
		f.Seal()
		r.Findings = append(r.Findings, f)
	}
	r.Sort()
	data, err := os.ReadFile("testdata/scorecard.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &r.Scorecard); err != nil {
		t.Fatal(err)
	}
	return r
}

// What shows a scorecard shows all of it: every control that failed is
// named, and nothing that was not assessed counts as passed.
func TestScorecard(t *testing.T) {
	r := scored(t)
	outcomes := map[boltseal.Outcome]int{}
	for _, c := range r.Scorecard.Controls {
		outcomes[c.Outcome]++
	}
	if len(outcomes) != 4 {
		t.Fatalf("the report should have every outcome, and has %v", outcomes)
	}
	for _, format := range []string{"table", "markdown", "junit", "html", "sarif"} {
		t.Run(format, func(t *testing.T) {
			text := write(t, format, r, &report.Options{Width: 100})
			if format == "table" || format == "markdown" {
				golden(t, "audit-"+format, text)
			}
			for _, c := range r.Scorecard.Controls {
				// SARIF names controls by their ids, Markdown writes out markup.
				if c.Control.Framework == r.Scorecard.Tally.Name && !strings.Contains(text, c.Control.Title) && !strings.Contains(text, c.Control.ID) {
					t.Errorf("%s is not there", c.Control.ID)
				}
			}
		})
	}
	t.Run("table verbose", func(t *testing.T) {
		golden(t, "audit-table-verbose", write(t, "table", r, &report.Options{Width: 100, Verbose: true}))
	})
	t.Run("table colour", func(t *testing.T) {
		if text := write(t, "table", r, &report.Options{Width: 100}); strings.Contains(text, "\x1b") {
			t.Error("colours where nobody asked for them")
		}
	})
}

func TestScorecardSARIFIsValid(t *testing.T) {
	validate(t, sarifSchema(t), write(t, "sarif", scored(t), nil))
}
