package scan_test

import (
	"slices"
	"testing"

	"github.com/boltseal/boltseal/scan"
)

func TestFalcoRulesInMarkdown(t *testing.T) {
	source := "Text.\n\n```yaml\n- rule: a\n  desc: b\n  condition: evt.type = connect and not fd.sip in (10.0.0.0/8)\n  output: c\n  priority: ERROR\n- rule: d\n  desc: e\n  condition: evt.type = open and some_macro\n  output: f\n  priority: ERROR\n```\n"
	var got []string
	for _, f := range scan.LintFile("README.md", []byte(source), nil) {
		got = append(got, f.Check)
		if f.Check == "falco/error" && (f.Location.Line < 4 || f.Location.Line > 8) {
			t.Errorf("%+v", f.Location)
		}
	}
	for _, want := range []string{"falco/error"} {
		if !slices.Contains(got, want) {
			t.Errorf("no %s: %v", want, got)
		}
	}
	source = "- rule: d\n  desc: e\n  condition: evt.type = open and some_macro\n  output: f\n  priority: ERROR\n"
	found := scan.LintFile("local_rules.yaml", []byte(source), nil)
	if len(found) == 0 || found[0].Check != "falco/needs-other-file" {
		t.Errorf("got %+v", found)
	}
}
