package policy_test

import (
	"testing"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/policy"
)

// What the baseline has does not block, under whatever name the artifact
// goes; what is new does.
func TestBaseline(t *testing.T) {
	p := policy.Default()
	p.Baseline = map[string]bool{}
	before := vexReport()
	p.Baseline[before.Findings[0].BaselineKey()] = true
	after := vexReport()
	after.Findings[0].Subject.Name = "ghcr.io/acme/renamed:9"
	if p.Judge(after, time.Now()); !after.Verdict.Allow || !after.Findings[0].Known {
		t.Errorf("a known finding blocks: %+v", after.Verdict)
	}
	fresh := after.Findings[0]
	fresh.Advisory = &boltseal.Advisory{ID: "CVE-2026-9999"}
	fresh.Seal()
	after.Findings = append(after.Findings, fresh)
	if p.Judge(after, time.Now()); after.Verdict.Allow || len(after.Verdict.Blocking) != 1 || after.Verdict.Blocking[0] != fresh.Key {
		t.Errorf("a new finding does not block: %+v", after.Verdict)
	}
}
