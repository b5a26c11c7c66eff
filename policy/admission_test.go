package policy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/boltseal/boltseal/policy"
)

func TestAdmission(t *testing.T) {
	p, err := policy.Load("boltseal.yaml", []byte(`fail-on: critical
admission:
  mode: warn
  pod-security: restricted
  on-error: allow
  exempt: ["istio-*"]
  include: [kube-system]
  deadline: 3s
  namespaces:
    - {name: "prod-*", mode: enforce}
    - {name: "*-lab", mode: audit}
`))
	if err != nil {
		t.Fatal(err)
	}
	a := p.Admits()
	if a.PodSecurity != "restricted" || !a.OnErrorOpen || a.Annotations || a.Deadline != 3*time.Second || a.TTL != 10*time.Minute || a.FailOn.String() != "critical" {
		t.Errorf("%+v", a)
	}
	for namespace, want := range map[string]policy.Mode{
		"default": policy.Warn, "prod-1": policy.Enforce, "prod-lab": policy.Enforce, "x-lab": policy.Audit,
		"istio-system": "", "boltseal": "", "kube-system": policy.Warn, "": policy.Warn,
	} {
		if got, judged := a.In(namespace); got != want || judged != (want != "") {
			t.Errorf("In(%q) = %q, %v, want %q", namespace, got, judged, want)
		}
	}
	none := policy.Default().Admits()
	if mode, judged := none.In("default"); mode != policy.Enforce || !judged || none.OnErrorOpen || none.PodSecurity != "baseline" {
		t.Errorf("without a section: %+v", none)
	}
	if _, judged := none.In("kube-system"); judged {
		t.Error("kube-system is judged though nobody said so")
	}
}

func TestAdmissionMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"mode: block":                   `"block": want enforce, warn or audit`,
		"pod-security: strict":          "want privileged, baseline or restricted",
		"deadline: 2m":                  "want from",
		"deadline: soon":                "want a time",
		"namespaces: [{name: x}]":       "needs name and mode",
		"modus: enforce":                "modus",
		"fail-on: terrible":             "terrible",
		"on-error: ignore":              "want deny or allow",
		"namespaces: [{mode: enforce}]": "needs name and mode",
	} {
		_, err := policy.Load("boltseal.yaml", []byte("admission:\n  "+text+"\n"))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "boltseal.yaml:2:") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
