package accept_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/internal/accept"
)

func TestParse(t *testing.T) {
	for text, want := range map[string][]accept.Acceptance{
		"boltseal ignore=compose/privileged, no-limits since it is a test": {{"boltseal", "compose/privileged"}, {"boltseal", "no-limits"}},
		"checkov:skip=CKV_GHA_1:we know":                                   {{"checkov", "CKV_GHA_1"}},
		"kics-scan ignore-line":                                            {{}},
		"zizmor: ignore[artipacked,unpinned-uses] pushed later":            {{"zizmor", "artipacked"}, {"zizmor", "unpinned-uses"}},
		"trivy:ignore:AVD-DS-0001 trivy:ignore:DS-0002[x=y]":               {{"trivy", "DS-0001"}, {"trivy", "DS-0002"}},
		"nosemgrep":         {{"semgrep", ""}},
		"nosemgrep: a.b, c": {{"semgrep", "a.b"}, {"semgrep", "c"}},
		"ignore everything": nil,
		"":                  nil,
	} {
		if diff := cmp.Diff(want, accept.Parse(text)); diff != "" {
			t.Errorf("%q: want (-), got (+):\n%s", text, diff)
		}
	}
}

func TestCovers(t *testing.T) {
	aliases := []string{"zizmor:artipacked", "checkov:CKV_GHA_1"}
	for _, c := range []struct {
		a    accept.Acceptance
		want bool
	}{
		{accept.Acceptance{}, true},
		{accept.Acceptance{Tool: "boltseal", Name: "workflow/x"}, true},
		{accept.Acceptance{Tool: "boltseal", Name: "x"}, true},
		{accept.Acceptance{Tool: "boltseal", Name: "y"}, false},
		{accept.Acceptance{Tool: "zizmor", Name: "artipacked"}, true},
		{accept.Acceptance{Tool: "zizmor", Name: "other"}, false},
		{accept.Acceptance{Tool: "checkov", Name: "ckv_gha_1"}, true},
		{accept.Acceptance{Tool: "trivy", Name: "CKV_GHA_1"}, false},
		{accept.Acceptance{Tool: "checkov"}, true},
	} {
		if got := c.a.Covers("workflow/x", aliases); got != c.want {
			t.Errorf("%+v: got %v", c.a, got)
		}
	}
}
