package policy_test

import (
	"os"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/policy"
)

// The guide's waivers load, and its table names every kind of file.
func TestWaiverGuide(t *testing.T) {
	text, err := os.ReadFile("../docs/guide/waivers.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	example, _, _ := strings.Cut(rest, "```")
	p, err := policy.Load("boltseal.yaml", []byte(example))
	if err != nil || len(p.Waivers) != 2 {
		t.Errorf("the guide's waivers: %v", err)
	}
	for _, kind := range policy.ImportKinds() {
		if !strings.Contains(string(text), "| `"+kind+"` |") {
			t.Errorf("the guide does not name %s", kind)
		}
	}
}
