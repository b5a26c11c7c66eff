package custom_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	admission "k8s.io/api/admissionregistration/v1"

	"github.com/boltseal/boltseal/check/custom"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// exported reads what VAP wrote as a cluster would, refusing unknown fields.
func exported(t *testing.T, text []byte) (policies []admission.ValidatingAdmissionPolicy, bindings []admission.ValidatingAdmissionPolicyBinding) {
	t.Helper()
	f := manifest.Parse("vap.yaml", text)
	for _, e := range f.Errors {
		t.Fatalf("%v in\n%s", e, text)
	}
	for _, o := range f.Objects() {
		data, err := o.Node.JSON()
		if err != nil {
			t.Fatal(err)
		}
		d := json.NewDecoder(bytes.NewReader(data))
		d.DisallowUnknownFields()
		switch o.Kind {
		case "ValidatingAdmissionPolicy":
			var p admission.ValidatingAdmissionPolicy
			if err := d.Decode(&p); err != nil {
				t.Fatal(err)
			}
			policies = append(policies, p)
		case "ValidatingAdmissionPolicyBinding":
			var b admission.ValidatingAdmissionPolicyBinding
			if err := d.Decode(&b); err != nil {
				t.Fatal(err)
			}
			bindings = append(bindings, b)
		default:
			t.Fatalf("kind %s", o.Kind)
		}
	}
	return policies, bindings
}

// The exported policies are what a cluster takes, and their expressions judge
// the test cases as the checks do.
func TestVAP(t *testing.T) {
	set := acme(t)
	text, left, err := set.VAP(nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"acme/base", "acme/no-curl-bash", "acme/image-labels", "acme/no-gpl", "acme/exploited"}; !slices.Equal(left, want) {
		t.Errorf("left out %v, want %v", left, want)
	}
	policies, bindings := exported(t, text)
	if len(policies) != 2 || len(bindings) != 2 {
		t.Fatalf("%d policies and %d bindings in\n%s", len(policies), len(bindings), text)
	}
	p := policies[0]
	if p.Name != "acme-digest-only" || bindings[0].Spec.PolicyName != p.Name || bindings[0].Spec.ValidationActions[0] != admission.Deny {
		t.Errorf("got %s, bound by %+v", p.Name, bindings[0].Spec)
	}
	var plurals []string
	for _, r := range p.Spec.MatchConstraints.ResourceRules {
		plurals = append(plurals, r.Resources...)
	}
	slices.Sort(plurals)
	if !slices.Equal(plurals, []string{"cronjobs", "daemonsets", "deployments", "jobs", "pods", "statefulsets"}) {
		t.Errorf("resources %v", plurals)
	}
	var names []string
	for _, v := range p.Spec.Variables {
		names = append(names, v.Name)
	}
	if !slices.Equal(names, []string{"podSpec", "all"}) {
		t.Errorf("variables %v", names)
	}

	// Written back as checks, the exported expressions pass the same cases.
	for i, p := range policies {
		var b strings.Builder
		b.WriteString("checks:\n- id: " + set.Rules[i].ID + "\n  title: t\n  severity: low\n  over: manifest\n")
		b.WriteString("  kinds: [" + strings.Join(set.Rules[i].Kinds, ", ") + "]\n")
		if len(p.Spec.Variables) > 0 {
			b.WriteString("  variables:\n")
		}
		for _, v := range p.Spec.Variables {
			if v.Name != "podSpec" {
				b.WriteString("  - name: " + v.Name + "\n    expression: " + quote(t, v.Expression) + "\n")
			}
		}
		b.WriteString("  expression: " + quote(t, p.Spec.Validations[0].Expression) + "\n")
		if m := p.Spec.Validations[0].MessageExpression; m != "" {
			b.WriteString("  messageExpression: " + quote(t, m) + "\n")
		}
		again, err := custom.Load("again.yaml", []byte(b.String()))
		if err != nil {
			t.Fatalf("%v in\n%s", err, b.String())
		}
		for _, test := range set.Tests {
			if test.Check == set.Rules[i].ID {
				again.Tests = append(again.Tests, test)
			}
		}
		if len(again.Tests) == 0 {
			t.Errorf("no cases for %s", p.Name)
		}
		for _, r := range again.Test(t.Context()) {
			if !r.Pass {
				t.Errorf("%s: %s: %s", p.Name, r.Test.Name, r.Words())
			}
		}
	}
}

func quote(t *testing.T, s string) string {
	t.Helper()
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestVAPOptions(t *testing.T) {
	set := load(t, "manifest", "  resources: [widgets.v1beta1.example.com]\n  expression: object.spec.size < 3\n  message: \"too: \\\"large\\\"\"\n")
	text, _, err := set.VAP(&custom.VAPOptions{Actions: []string{"Warn", "Audit"}, Exempt: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	policies, bindings := exported(t, text)
	rule := policies[0].Spec.MatchConstraints.ResourceRules[0]
	if rule.APIGroups[0] != "example.com" || rule.APIVersions[0] != "v1beta1" || policies[0].Spec.Validations[0].Message != `acme/x: too: "large"` {
		t.Errorf("got %+v", policies[0].Spec)
	}
	if len(bindings[0].Spec.ValidationActions) != 2 || bindings[0].Spec.MatchResources != nil {
		t.Errorf("got %+v", bindings[0].Spec)
	}
	for rest, want := range map[string]string{
		"  expression: object.a\n":                       "names no kinds",
		"  kinds: [Widget]\n  expression: object.a\n":    "kind Widget is not known",
		"  kinds: [Pod]\n  expression: file == 'a'\n":    "asks for a file",
		"  resources: [\"a b\"]\n  expression: 'true'\n": "want plural.version.group",
	} {
		if _, _, err := load(t, "manifest", rest).VAP(nil); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "f.yaml:2:3: ") {
			t.Errorf("%q: got %v, want %q", rest, err, want)
		}
	}
}
