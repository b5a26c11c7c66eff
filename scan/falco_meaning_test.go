package scan_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/boltseal/boltseal/scan"
)

func TestFalcoMeaning(t *testing.T) {
	for condition, want := range map[string]string{
		"evt.type = open and evt.dir = < and fd.name startswith /etc":                                       "falco/deprecated-field",
		"evt.type = connect and container.id != host and not fd.sip in (\"10.0.0.1\")":                      "falco/any-socket",
		"evt.type in (connect, sendto) and (not fd.snet in (\"10.0.0.0/8\"))":                               "falco/any-socket",
		"evt.type = connect and fd.typechar in (4, 6) and not fd.snet in (\"10.0.0.0/8\")":                  "",
		"evt.type = connect and fd.sip = \"10.0.0.1\" and not proc.name = curl":                             "",
		"evt.type = open and not fd.name startswith /tmp":                                                   "",
		"evt.type = connect and not proc.name in (a, b) and fd.l4proto = tcp and not fd.sport in (80, 443)": "",
	} {
		source := fmt.Sprintf("- rule: a\n  desc: b\n  condition: >\n    %s\n  output: c\n  priority: ERROR\n", condition)
		for _, text := range []string{source, "Text.\n\n```yaml\n" + source + "```\n"} {
			name := "rules.yaml"
			if text != source {
				name = "README.md"
			}
			var got []string
			for _, f := range scan.LintFile(name, []byte(text), nil) {
				if f.Check == "falco/deprecated-field" || f.Check == "falco/any-socket" {
					got = append(got, f.Check)
					if line := map[string]int{"rules.yaml": 3, "README.md": 6}[name]; f.Location.Line < line || f.Location.Line > line+1 {
						t.Errorf("%s: %s is found in line %d", name, condition, f.Location.Line)
					}
				}
			}
			if want == "" && len(got) > 0 || want != "" && !slices.Equal(got, []string{want}) {
				t.Errorf("%s: %s: got %v, want %q", name, condition, got, want)
			}
		}
	}
}
