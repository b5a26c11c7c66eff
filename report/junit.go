package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Format{Name: "junit", Title: "test results for CI servers", Write: writeJUnit})

// The elements that every reader of JUnit's XML knows.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name      string      `xml:"name,attr"`
		Tests     int         `xml:"tests,attr"`
		Failures  int         `xml:"failures,attr"`
		Errors    int         `xml:"errors,attr"`
		Skipped   int         `xml:"skipped,attr"`
		Timestamp string      `xml:"timestamp,attr,omitempty"`
		Cases     []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		File    string        `xml:"file,attr,omitempty"`
		Failure *junitMessage `xml:"failure"`
		Error   *junitMessage `xml:"error"`
		Skipped *junitMessage `xml:"skipped"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// writeJUnit writes each finding as a test that failed, each gap as one that
// could not run and each waived finding as one that was skipped. With nothing
// to say there is one test, which passed: an empty suite counts as broken.
func writeJUnit(w io.Writer, r *boltseal.Report, _ *Options) error {
	s := junitSuite{Name: clean(r.Artifact.Name)}
	if !r.Time.IsZero() {
		s.Timestamp = r.Time.UTC().Format("2006-01-02T15:04:05")
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		c := junitFinding(f)
		if c.Skipped != nil {
			s.Skipped++
		} else {
			s.Failures++
		}
		s.Cases = append(s.Cases, c)
	}
	for _, g := range r.Gaps {
		s.Errors++
		s.Cases = append(s.Cases, junitCase{Class: "gap." + clean(g.Kind), Name: clean(g.What),
			Error: &junitMessage{Message: clean(g.Why), Type: clean(g.Kind), Text: clean(g.Hint)}})
	}
	if len(s.Cases) == 0 {
		s.Cases = []junitCase{{Class: "boltseal", Name: "no findings"}}
	}
	s.Tests = len(s.Cases)
	suites := []junitSuite{s}
	if r.Scorecard != nil {
		suites = append(junitScorecard(r.Scorecard, s.Timestamp), suites...)
	}
	data, err := xml.MarshalIndent(junitSuites{Suites: suites}, "", "  ")
	if err != nil {
		return fmt.Errorf("write JUnit: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, data)
	return err
}

// junitScorecard makes a suite of each framework and a test of each control.
// What was accepted or not assessed was skipped: neither passed.
func junitScorecard(card *boltseal.Scorecard, timestamp string) []junitSuite {
	var suites []junitSuite
	for _, t := range frameworksOf(card) {
		s := junitSuite{Name: clean(titleOfTally(t)), Timestamp: timestamp}
		for _, c := range card.Controls {
			if c.Control.Framework != t.Name {
				continue
			}
			test := junitCase{Class: clean(t.Name + "." + c.Layer), Name: clean(c.Control.ID + " " + c.Control.Title)}
			switch c.Outcome {
			case boltseal.OutcomePass:
			case boltseal.OutcomeFail:
				s.Failures++
				test.Failure = &junitMessage{Message: clean(c.Why), Type: string(c.Outcome), Text: clean(c.Fix)}
			case boltseal.OutcomeAccepted, boltseal.OutcomeNotAssessed:
				s.Skipped++
				test.Skipped = &junitMessage{Message: clean(strings.ReplaceAll(string(c.Outcome), "-", " ") + ": " + c.Why)}
			}
			s.Cases = append(s.Cases, test)
		}
		s.Tests = len(s.Cases)
		suites = append(suites, s)
	}
	return suites
}

func junitFinding(f *boltseal.Finding) junitCase {
	c := junitCase{Class: strings.ReplaceAll(clean(f.Check), "/", "."), Name: clean(nameOf(f)), File: clean(f.Location.File)}
	if f.Component != nil {
		c.Name = clean(fmt.Sprintf("%s in %s %s", nameOf(f), f.Component.Name, f.Component.Version))
	}
	if f.Subject.Platform != "" {
		c.Name += " (" + clean(f.Subject.Platform) + ")"
	}
	if f.Waived != nil {
		c.Skipped = &junitMessage{Message: clean(f.Waived.String())}
		return c
	}
	lines := []string{clean(f.Message)}
	if fix := fixOf(f); fix != "" && len(f.FixedIn) > 0 {
		lines = append(lines, "fixed in "+clean(strings.Join(f.FixedIn, ", ")))
	}
	for _, l := range placesOf(f) {
		if l.File != "" {
			lines = append(lines, "at "+clean(l.File))
		}
	}
	c.Failure = &junitMessage{Message: clean(titleOf(f)), Type: f.Severity.String(), Text: strings.Join(lines, "\n")}
	return c
}
