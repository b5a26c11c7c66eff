package policy_test

import (
	"os"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/policy"
)

// What the guide shows must load.
func TestGuide(t *testing.T) {
	text, err := os.ReadFile("../docs/guide/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "```yaml\n")
	example, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatal("the guide shows no policy")
	}
	p, err := policy.Load("boltseal.yaml", []byte(example))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Waivers) != 1 || len(p.Severities) != 2 || !p.OnlyFixed {
		t.Errorf("the guide's policy is %+v", p)
	}
	for line := range strings.Lines(string(text)) {
		if cell, ok := strings.CutPrefix(line, "| `"); ok && strings.Contains(line, "that severity or worse") {
			for word := range strings.FieldsSeq(strings.ReplaceAll(cell[:strings.Index(cell, "|")], "`", " ")) {
				if _, err := policy.ParseThreshold(word); err != nil {
					t.Error(err)
				}
			}
		}
	}
}
