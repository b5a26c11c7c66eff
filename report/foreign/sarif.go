package foreign

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Format{Name: "sarif", Title: "SARIF 2.1.0 of any tool",
	Detect: func(data []byte) bool { return looks(data, "runs", "tool", "driver", "version") },
	Read:   readSARIF})

type sarifDoc struct {
	Runs []struct {
		Tool struct {
			Driver struct {
				Name, Version, SemanticVersion string
				Rules                          []sarifRule
			}
		}
		Results []struct {
			RuleID    string `json:"ruleId"`
			RuleIndex *int   `json:"ruleIndex"`
			Level     string
			Kind      string
			Message   struct{ Text string }
			Locations []struct {
				PhysicalLocation struct {
					ArtifactLocation struct{ URI string }
					Region           struct{ StartLine, StartColumn int }
				}
			}
			PartialFingerprints map[string]string
			Suppressions        []struct{ Justification string }
		}
	}
}

type sarifRule struct {
	ID                   string
	ShortDescription     struct{ Text string }
	DefaultConfiguration struct{ Level string }
	Properties           struct {
		Score string `json:"security-severity"`
	}
}

func readSARIF(data []byte) (*boltseal.Report, error) {
	doc, err := decode[sarifDoc](data)
	if err != nil {
		return nil, err
	}
	r := &boltseal.Report{Artifact: boltseal.Artifact{Kind: boltseal.KindDirectory}}
	for i := range doc.Runs {
		run := &doc.Runs[i]
		driver := &run.Tool.Driver
		if r.Tool.Name == "" {
			r.Tool = boltseal.Tool{Name: driver.Name, Version: cmp.Or(driver.SemanticVersion, driver.Version)}
			r.Artifact.Name = "sarif of " + cmp.Or(driver.Name, "a tool")
		}
		rules := map[string]*sarifRule{}
		for j := range driver.Rules {
			rules[driver.Rules[j].ID] = &driver.Rules[j]
		}
		for j := range run.Results {
			x := &run.Results[j]
			if x.Kind != "" && x.Kind != "fail" || len(x.Suppressions) > 0 {
				continue
			}
			rule := rules[x.RuleID]
			if n := x.RuleIndex; rule == nil && n != nil && *n >= 0 && *n < len(driver.Rules) {
				rule = &driver.Rules[*n]
			}
			if rule == nil {
				rule = &sarifRule{ID: x.RuleID}
			}
			f := boltseal.Finding{Check: strings.ToLower(cmp.Or(driver.Name, "sarif")) + "/" + rule.ID, Title: rule.ShortDescription.Text, Message: x.Message.Text, Severity: rule.severity(x.Level)}
			if len(x.Locations) > 0 {
				p := &x.Locations[0].PhysicalLocation
				f.Location = boltseal.Location{File: strings.TrimPrefix(p.ArtifactLocation.URI, "file://"), Line: p.Region.StartLine, Col: p.Region.StartColumn}
			}
			stable := x.Message.Text
			for _, name := range []string{"primaryLocationLineHash", "primaryLocationLineHash/v1"} {
				stable = cmp.Or(x.PartialFingerprints[name], stable)
			}
			f.Evidence = []boltseal.Evidence{{Kind: boltseal.EvidenceStable, Excerpt: stable}}
			r.Findings = append(r.Findings, f)
		}
	}
	return r, nil
}

// severity is the rule's score where it has one, as code hosts read it, else
// the level.
func (s *sarifRule) severity(level string) boltseal.Severity {
	if score, err := strconv.ParseFloat(s.Properties.Score, 64); err == nil && score > 0 && score <= 10 {
		return boltseal.SeverityOfScore(score)
	}
	switch cmp.Or(level, s.DefaultConfiguration.Level, "warning") {
	case "error":
		return boltseal.High
	case "warning":
		return boltseal.Medium
	case "note":
		return boltseal.Low
	}
	return boltseal.Negligible
}
