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
		"trivy:ignore:AVD-DS-0001 trivy:ignore:DS-0002[x=y]":               {{"trivy", "AVD-DS-0001"}, {"trivy", "DS-0002"}},
		"hadolint ignore=DL3008,DL3009 it is a test":                       {{"hadolint", "DL3008"}, {"hadolint", "DL3009"}},
		"check=skip=JSONArgsRecommended;error=true":                        {{"buildkit", "JSONArgsRecommended"}},
		"check=skip=all":    {{}},
		"check=error=true":  nil,
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
	aliases := []string{"zizmor:artipacked", "checkov:CKV_GHA_1", "trivy:KSV-0017"}
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
		{accept.Acceptance{Tool: "trivy", Name: "KSV017"}, true},
		{accept.Acceptance{Tool: "trivy", Name: "AVD-KSV-0017"}, true},
		{accept.Acceptance{Tool: "trivy", Name: "KSV-017"}, true},
		{accept.Acceptance{Tool: "trivy", Name: "KSV-170"}, false},
		{accept.Acceptance{Tool: "trivy", Name: "DS-0017"}, false},
	} {
		if got := c.a.Covers("workflow/x", aliases); got != c.want {
			t.Errorf("%+v: got %v", c.a, got)
		}
	}
}

func TestAnnotation(t *testing.T) {
	for _, c := range []struct {
		key, value string
		want       []accept.Acceptance
	}{
		{"boltseal.dev/ignore", "kube/host-pid, host-port", []accept.Acceptance{{"boltseal", "kube/host-pid"}, {"boltseal", "host-port"}}},
		{"kube-score/ignore", "a,b", []accept.Acceptance{{"kube-score", "a"}, {"kube-score", "b"}}},
		{"kube-linter.io/ignore-all", "x", []accept.Acceptance{{Tool: "kube-linter"}}},
		{"ignore-check.kube-linter.io/host-pid", "x", []accept.Acceptance{{"kube-linter", "host-pid"}}},
		{"checkov.io/skip2", "CKV_K8S_1=x", []accept.Acceptance{{"checkov", "CKV_K8S_1"}}},
		{"polaris.fairwinds.com/a-exempt", "true", []accept.Acceptance{{"polaris", "a"}}},
		{"polaris.fairwinds.com/a-exempt", "false", nil},
		{"polaris.fairwinds.com/exempt", "true", []accept.Acceptance{{Tool: "polaris"}}},
		{"note", "ignore", nil},
	} {
		if diff := cmp.Diff(c.want, accept.Annotation(c.key, c.value)); diff != "" {
			t.Errorf("%s: want (-), got (+):\n%s", c.key, diff)
		}
	}
}

func TestGlobal(t *testing.T) {
	for text, want := range map[string][]accept.Acceptance{
		"hadolint global ignore=DL3008, DL3009": {{"hadolint", "DL3008"}, {"hadolint", "DL3009"}},
		"checkov:skip=CKV_DOCKER_2:why":         {{"checkov", "CKV_DOCKER_2"}},
		"hadolint ignore=DL3008":                nil,
	} {
		if diff := cmp.Diff(want, accept.Global(text)); diff != "" {
			t.Errorf("%s: want (-), got (+):\n%s", text, diff)
		}
	}
}
