package policy_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/policy"
)

// What Judge says of a waiver that matches nothing names that waiver.
func TestUnusedWaiver(t *testing.T) {
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	target := boltseal.Waiver{ID: "docker/root-user", PURL: "pkg:npm/a", Path: "x/**", Key: "0123"}
	p := policy.Default()
	p.Waivers = []boltseal.Waiver{target, {ID: "old", Reason: "b", Owner: "c"}}
	p.Waivers[0].Reason, p.Waivers[0].Owner, p.Waivers[0].Expires = "b", "c", now.AddDate(0, 0, 1)
	r := &boltseal.Report{Findings: []boltseal.Finding{{Check: "docker/no-tag"}}}
	p.Judge(r, now)
	var got []boltseal.Waiver
	for _, f := range r.Findings {
		if w, ok := policy.UnusedWaiver(&f); ok {
			got = append(got, w)
		}
	}
	if diff := cmp.Diff(got, []boltseal.Waiver{target}); diff != "" {
		t.Errorf("got (-) want (+)\n%s", diff)
	}
}
