package trust_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/policy"
	"github.com/boltseal/boltseal/trust"
)

const review = "https://example.test/review/v1"

func asks(expression string) string {
	return "images:\n  - image: \"IMAGE\"\n    signed-by: [{key: release.pub}]\n    attestations:\n      - type: " + review + "\n        cel: " + expression + "\n"
}

// One statement by a signer who counts has to make the expression true.
func TestExpressions(t *testing.T) {
	h := setUp(t)
	h.sign("release.pub")
	const passed = `'predicate.result == "passed"'`
	h.want(asks(passed), false, "trust/attestation-missing")
	h.attest("other.pub", review, `{"result": "passed"}`) // whom the policy does not name
	h.want(asks(passed), false, "trust/attestation-missing")
	h.attest("release.pub", review, `{"result": "failed", "by": ["a", "b"], "score": 7}`)
	r := h.want(asks(passed), false, "trust/attestation-content")
	if !strings.Contains(r.Findings[0].Message, `predicate.result == "passed"`) || !told(r.Findings[0].Evidence, "is not so") {
		t.Errorf("got %+v", r.Findings[0])
	}
	for expression, allow := range map[string]bool{
		`'predicate.score >= 7'`: true,
		`'predicate.score > 7'`:  false,
		`'predicate.by.exists(b, b == "b") && predicateType == "https://example.test/review/v1"'`: true,
		`'!has(predicate.missing)'`:                          true,
		`'predicate.missing == 1'`:                           false, // an error is no yes
		`'predicate.result'`:                                 false, // no bool
		`'predicate.by.all(a, predicate.by.all(b, a == b))'`: false,
		"|\n          predicate.score == 7\n          && predicate.result in [\"passed\", \"failed\"]":                                                                                                           true,
		`'[0,1,2,3,4,5,6,7,8,9].all(a, [0,1,2,3,4,5,6,7,8,9].all(b, [0,1,2,3,4,5,6,7,8,9].all(c, [0,1,2,3,4,5,6,7,8,9].all(d, [0,1,2,3,4,5,6,7,8,9].all(e, [0,1,2,3,4,5,6,7,8,9].all(f, a+b+c+d+e+f >= 0))))))'`: false, // too dear
	} {
		checks := []string{"trust/attestation-content"}
		if allow {
			checks = nil
		}
		h.want(asks(expression), allow, checks...)
	}
	h.attest("release.pub", review, `{"result": "passed"}`)
	h.want(asks(passed), true)
}

func told(list []boltseal.Evidence, words string) bool {
	return slices.ContainsFunc(list, func(e boltseal.Evidence) bool { return strings.Contains(e.Statement, words) })
}

// Mistakes are told where they stand.
func TestExpressionMistakes(t *testing.T) {
	for expression, want := range map[string]string{
		`nonesuch.x == 1`:        "p.yaml:6:14: cel: undeclared reference to 'nonesuch'",
		`'1 == 1 && nonesuch.x'`: "p.yaml:6:25: cel: undeclared reference",
		`predicate.x ==`:         "p.yaml:6:28: cel: Syntax error",
		`'"a"'`:                  "p.yaml:6:15: cel: an expression has to say yes or no",
		"|\n          true &&\n          nonesuch": "p.yaml:8:11: cel: undeclared reference to 'nonesuch'",
	} {
		p, err := policy.Load("p.yaml", []byte(asks(expression)))
		if err != nil {
			t.Fatal(err)
		}
		if err := trust.Compile("p.yaml", p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", expression, err, want)
		}
	}
	if _, err := policy.Load("p.yaml", []byte(asks(`""`))); err == nil || !strings.Contains(err.Error(), "p.yaml:6:14: want an expression") {
		t.Errorf("got %v", err)
	}
	p, err := policy.Load("p.yaml", []byte(asks(`predicate.x == 1`)))
	if err != nil || trust.Compile("p.yaml", p) != nil {
		t.Errorf("%v, %v", err, trust.Compile("p.yaml", p))
	}
}
