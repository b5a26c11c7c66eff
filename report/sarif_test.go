package report_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/report"
)

// sarifSchema is the schema of the OASIS standard as SchemaStore publishes
// it (2.1.0, revision rtm.5).
func sarifSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile("testdata/sarif-2.1.0-rtm.5.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t testing.TB, s *jsonschema.Schema, text string) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(v); err != nil {
		t.Error(err)
	}
}

func TestSARIFIsValid(t *testing.T) {
	s := sarifSchema(t)
	for name, r := range map[string]*boltseal.Report{
		"shared":  shared(t),
		"empty":   {},
		"hostile": hostile(t),
	} {
		t.Run(name, func(t *testing.T) {
			validate(t, s, write(t, "sarif", r, nil))
			validate(t, s, write(t, "sarif", r, &report.Options{Dockerfile: "build/Dockerfile"}))
		})
	}
}

// What GitHub asks of a file beyond the schema ("SARIF support for code
// scanning").
func TestSARIFForGitHub(t *testing.T) {
	var log struct {
		Runs []struct {
			Tool struct {
				Driver struct {
					Rules []struct {
						ID         string
						Properties map[string]any
						Help       struct{ Text, Markdown string }
					}
				}
			}
			Results []struct {
				RuleID              string
				RuleIndex           int
				PartialFingerprints map[string]string
				Suppressions        []any
				Locations           []struct {
					PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
				}
			}
		}
	}
	r := shared(t)
	decode := func(o *report.Options) {
		log.Runs = nil
		if err := json.Unmarshal([]byte(write(t, "sarif", r, o)), &log); err != nil {
			t.Fatal(err)
		}
	}
	decode(nil)
	run := log.Runs[0]
	if len(run.Results) != len(r.Findings) {
		t.Errorf("%d results for %d findings", len(run.Results), len(r.Findings))
	}
	seen := map[string]bool{}
	for _, rule := range run.Tool.Driver.Rules {
		if seen[rule.ID] {
			t.Errorf("rule %s stands twice", rule.ID)
		}
		seen[rule.ID] = true
		if rule.Properties["security-severity"] == "" || rule.Help.Text == "" || rule.Help.Markdown == "" {
			t.Errorf("rule %s lacks severity or help", rule.ID)
		}
	}
	suppressed := 0
	for _, result := range run.Results {
		if got := run.Tool.Driver.Rules[result.RuleIndex].ID; got != result.RuleID {
			t.Errorf("result of %s points to rule %s", result.RuleID, got)
		}
		if result.PartialFingerprints["primaryLocationLineHash"] == "" {
			t.Errorf("result of %s has no fingerprint", result.RuleID)
		}
		suppressed += len(result.Suppressions)
	}
	if suppressed != 1 {
		t.Errorf("%d suppressions for 1 waived finding", suppressed)
	}

	decode(&report.Options{Checks: []boltseal.Check{{ID: "docker/root-user", Title: "container runs as root", Doc: "Root in a container is root.\n\nAdd a `USER`."}}})
	for _, rule := range log.Runs[0].Tool.Driver.Rules {
		if rule.ID == "docker/root-user" && !strings.HasPrefix(rule.Help.Text, "Root in a container is root.\n\nAdd a `USER`.") {
			t.Errorf("help %q", rule.Help.Text)
		}
	}

	decode(&report.Options{Dockerfile: "build/Dockerfile"})
	for _, result := range log.Runs[0].Results {
		uri := result.Locations[0].PhysicalLocation.ArtifactLocation.URI
		if strings.HasPrefix(result.RuleID, "CVE-") && uri != "build/Dockerfile" {
			t.Errorf("%s is at %s", result.RuleID, uri)
		}
	}
}

// The fingerprints of a rebuilt image under another tag are the same.
func TestSARIFFingerprintsHold(t *testing.T) {
	a, b := shared(t), shared(t)
	for i := range b.Findings {
		f := &b.Findings[i]
		f.Subject.Name = "registry.example.com/acme/shop:2.0@sha256:" + strings.Repeat("f", 64)
		f.Subject.Digest = ""
		if f.Component != nil {
			c := *f.Component
			c.PURL = strings.Replace(c.PURL, "+deb12u1", "+deb12u2", 1)
			f.Component = &c
		}
		f.Seal()
	}
	for i := range a.Findings {
		if a.Findings[i].Key != b.Findings[i].Key {
			t.Errorf("%s: key %s, then %s", a.Findings[i].Message, a.Findings[i].Key, b.Findings[i].Key)
		}
	}
}

// Above GitHub's limits the findings of one source are one result.
func TestSARIFGroupsManyFindings(t *testing.T) {
	r := shared(t)
	r.Findings = nil
	for i := range 6_000 {
		f := boltseal.Finding{
			Check: "vuln/known", Severity: boltseal.High, Message: "m",
			Advisory:  &boltseal.Advisory{ID: fmt.Sprintf("CVE-2024-%d", i/3)},
			Component: &boltseal.Component{PURL: fmt.Sprintf("pkg:deb/debian/lib%d@1", i%3), Name: fmt.Sprintf("lib%d", i%3), Version: "1", Source: &boltseal.Source{Name: "src"}},
		}
		f.Seal()
		r.Findings = append(r.Findings, f)
	}
	var log struct{ Runs []struct{ Results []any } }
	if err := json.Unmarshal([]byte(write(t, "sarif", r, nil)), &log); err != nil {
		t.Fatal(err)
	}
	if got := len(log.Runs[0].Results); got != 2_000 {
		t.Errorf("%d results, want 2000", got)
	}
}
