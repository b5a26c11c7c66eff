package ruleset_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/ruleset"
)

type pass struct{}

func TestRegistryListsById(t *testing.T) {
	var all ruleset.Registry[ruleset.Rule[*pass]]
	for _, id := range []string{"x/b", "x/c", "x/a"} {
		all.Add(ruleset.Rule[*pass]{Check: boltseal.Check{ID: id}})
	}
	var rules []string
	for _, r := range all.Rules() {
		rules = append(rules, r.ID)
	}
	var checks []string
	for _, c := range all.Checks() {
		checks = append(checks, c.ID)
	}
	if want := []string{"x/a", "x/b", "x/c"}; !slices.Equal(rules, want) || !slices.Equal(checks, want) {
		t.Errorf("got %v and %v, want %v", rules, checks, want)
	}
}

func TestFindings(t *testing.T) {
	check := &boltseal.Check{ID: "x/a", Title: "t", Severity: boltseal.High}
	at := func(line int) boltseal.Location {
		return boltseal.Location{File: "f", Line: line, Span: boltseal.Span{Start: line, End: line}}
	}
	a, b := ruleset.Finding(check, at(2), "m", "one", nil), ruleset.Finding(check, at(1), "m", "one", nil)
	if a.Key == "" || a.Key != b.Key || a.Subject.Name != "f" || a.Key == ruleset.Finding(check, at(2), "m", "two", nil).Key {
		t.Errorf("got keys %q and %q: want the same wherever the line is, and another for another thing", a.Key, b.Key)
	}
	all := []boltseal.Finding{a, b}
	if ruleset.Sort(all); all[0].Location.Line != 1 {
		t.Errorf("got %+v, want the first line first", all)
	}
}

func TestAccepted(t *testing.T) {
	check := &boltseal.Check{ID: "docker/root-user", Aliases: []string{"hadolint:DL3002"}}
	for text, want := range map[string]string{
		"hadolint ignore=DL3002":              "hadolint ignore=DL3002",
		"hadolint ignore=DL3003":              "",
		" boltseal ignore=root-user a demo  ": "boltseal ignore=root-user a demo",
		"nothing to see":                      "",
	} {
		got := ruleset.Accepted(check, "f", slices.Values([]string{"first", text}))
		if (got != nil) != (want != "") || got != nil && (got.Reason != want || !got.Comment || got.Source != "f") {
			t.Errorf("%q: got %+v", text, got)
		}
		if got != nil && !ruleset.MayAccept([]byte(text)) {
			t.Errorf("%q: a glance passes over it", text)
		}
	}
	long := ruleset.Waiver("f", strings.Repeat("ä\xff", 200))
	if len(long.Reason) > 210 || !utf8.ValidString(long.Reason) {
		t.Errorf("got a reason of %d bytes: %q", len(long.Reason), long.Reason)
	}
}

func TestFix(t *testing.T) {
	make := ruleset.Fix("t", true)
	if got := make(boltseal.Edit{New: "x"}, nil); len(got) != 1 || !got[0].Safe || got[0].Title != "t" {
		t.Errorf("got %+v", got)
	}
	if got := make(boltseal.Edit{}, nil); got != nil {
		t.Errorf("an edit that changes nothing: got %+v", got)
	}
	if got := make(boltseal.Edit{New: "x"}, errors.New("no")); got != nil {
		t.Errorf("an edit that cannot be made: got %+v", got)
	}
}
