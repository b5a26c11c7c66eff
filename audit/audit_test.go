package audit_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/audit"
)

// Every table can be read, ids are one of a kind, and what a table refers to
// is there.
func TestFrameworks(t *testing.T) {
	frameworks := audit.Frameworks()
	if len(frameworks) < 7 || frameworks[0].Name != audit.Checklist {
		t.Fatalf("%d frameworks, the first %q", len(frameworks), frameworks[0].Name)
	}
	seen := map[string]bool{}
	for _, f := range frameworks {
		if f.Title == "" || f.Prefix == "" || len(f.Controls) == 0 {
			t.Errorf("%s: no title, prefix or control", f.Name)
		}
		for _, c := range f.Controls {
			if seen[c.ID] {
				t.Errorf("%s stands there twice", c.ID)
			}
			seen[c.ID] = true
			if c.Title == "" || len(c.Title) > 90 || strings.HasSuffix(c.Title, ".") {
				t.Errorf("%s: title %q", c.ID, c.Title)
			}
		}
	}
	for _, f := range frameworks {
		for _, c := range f.Controls {
			refs := slices.Clone(c.Also)
			for _, clause := range c.Checks {
				if id, ok := strings.CutPrefix(clause.Check, "@"); ok {
					refs = append(refs, id)
				}
			}
			for _, id := range refs {
				if !seen[id] || id == c.ID {
					t.Errorf("%s refers to %s", c.ID, id)
				}
			}
		}
	}
	for _, l := range audit.Layers {
		if !slices.ContainsFunc(frameworks[0].Controls, func(c audit.Control) bool { return c.Layer == l.Name }) {
			t.Errorf("the checklist says nothing of layer %s", l.Name)
		}
	}
}

// some checks, as a program has them: enough for controls of every sort.
var checks = []boltseal.Check{
	{ID: "docker/root-user", Controls: []string{"CIS-DI-4.1"}},
	{ID: "docker/no-healthcheck"},
	{ID: "docker/healthcheck-tool"},
	{ID: "docker/healthcheck-shell-form"},
	{ID: "docker/port-22"},
	{ID: "docker/base-eol"},
	{ID: "docker/base-gone"},
	{ID: "docker/latest-tag"},
	{ID: "docker/no-tag"},
	{ID: "vuln/known"},
	{ID: "vuln/malware"},
	{ID: "kube/run-as-non-root", Controls: []string{"CIS-K8S-5.2.7"}},
	{ID: "kube/wildcard", Controls: []string{"CIS-K8S-5.1.3"}},
	{ID: "policy/unused-waiver"},
}

func ids(families ...string) []string {
	var out []string
	for _, c := range checks {
		if slices.Contains(families, audit.FamilyOf(c.ID)) {
			out = append(out, c.ID)
		}
	}
	return out
}

func find(check string, severity boltseal.Severity) boltseal.Finding {
	f := boltseal.Finding{Check: check, Severity: severity, Message: "it is so", Location: boltseal.Location{File: "a b/Dockerfile", Line: 3}}
	f.Seal()
	return f
}

func result(t *testing.T, card *boltseal.Scorecard, id string) boltseal.ControlResult {
	t.Helper()
	for _, r := range card.Controls {
		if r.Control.ID == id {
			return r
		}
	}
	t.Fatalf("no control %s", id)
	return boltseal.ControlResult{}
}

func TestScore(t *testing.T) {
	waiver := &boltseal.Waiver{Reason: "it is a demo", Owner: "ann", Expires: time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC)}
	waived := find("docker/no-healthcheck", boltseal.Low)
	waived.Waived = waiver
	root := find("docker/root-user", boltseal.High)
	root.Fixes = []boltseal.Fix{{Title: "add USER", Edits: []boltseal.Edit{{New: "USER 1"}}}}
	low := find("vuln/known", boltseal.Low)
	low.Component = &boltseal.Component{PURL: "pkg:npm/x@1", Name: "x"}
	r := &boltseal.Report{Findings: []boltseal.Finding{root, waived, low}}
	card := audit.Score(r, &audit.Options{Checks: checks, Parts: []audit.Part{
		{Name: ".", Checks: ids("docker"), Gaps: []boltseal.Gap{{Kind: "no-database", What: "vuln", Why: "none"}}},
		{Name: "image", Checks: ids("vuln")},
	}})
	for id, want := range map[string]boltseal.ControlResult{
		"guide/non-root-user": {Outcome: boltseal.OutcomeFail, Why: "1 finding, the worst high: it is so (a b/Dockerfile:3)",
			Checks: []string{"docker/root-user"}, Failing: 1, Findings: []string{root.Key}, Fix: "boltseal lint --fix --unsafe 'a b/Dockerfile'"},
		"guide/health-check": {Outcome: boltseal.OutcomeAccepted, Why: "1 finding accepted: " + waiver.String(),
			Checks: []string{"docker/no-healthcheck"}, Waived: 1, Findings: []string{waived.Key}},
		"guide/scanned":         {Outcome: boltseal.OutcomePass, Why: "1 check looked and found nothing", Checks: []string{"vuln/known"}},
		"guide/run-as-non-root": {Outcome: boltseal.OutcomeNotAssessed, Why: "no Kubernetes manifest was looked at"},
		"guide/system-calls":    {Outcome: boltseal.OutcomeNotAssessed, Why: "running containers are not looked at"},
		"CIS-DI-4.1": {Outcome: boltseal.OutcomeFail, Why: "1 finding, the worst high: it is so (a b/Dockerfile:3)",
			Checks: []string{"docker/root-user"}, Failing: 1, Findings: []string{root.Key}, Fix: "boltseal lint --fix --unsafe 'a b/Dockerfile'"},
	} {
		got := result(t, card, id)
		want.Control, want.Layer, want.Also = got.Control, got.Layer, got.Also
		if d := cmp.Diff(got, want); d != "" {
			t.Errorf("%s (-got +want)\n%s", id, d)
		}
	}
	if n := card.Tally.Total(); n != len(audit.Frameworks()[0].Controls) {
		t.Errorf("%d controls counted", n)
	}
	sum := 0
	for _, l := range card.Layers {
		sum += l.Total()
	}
	if sum != card.Tally.Total() {
		t.Errorf("the layers hold %d of %d controls", sum, card.Tally.Total())
	}
}

// Nothing that was not looked at counts as a pass: not an empty report, not
// one with gaps, not one whose checks had nothing to look at.
func TestNotLookedIsNoPass(t *testing.T) {
	gap := boltseal.Gap{Kind: "unreadable-file", What: "folder build", Why: "permission denied", Hint: "read it"}
	for name, o := range map[string]*audit.Options{
		"nil":              nil,
		"no checks":        {},
		"no subject":       {Checks: checks, Parts: []audit.Part{{Name: "."}}},
		"gap":              {Checks: checks, Parts: []audit.Part{{Name: ".", Checks: ids("docker", "vuln", "kube"), Gaps: []boltseal.Gap{gap}}}},
		"part of a family": {Checks: checks, Parts: []audit.Part{{Name: ".", Checks: []string{"docker/latest-tag"}}}},
	} {
		card := audit.Score(&boltseal.Report{}, o)
		for _, c := range card.Controls {
			if c.Outcome == boltseal.OutcomePass && c.Control.ID != "" {
				t.Errorf("%s: %s passes: %s", name, c.Control.ID, c.Why)
			}
		}
		if card.Tally.Score != 0 || card.Tally.Assessed() != 0 {
			t.Errorf("%s: score %d of %d", name, card.Tally.Score, card.Tally.Assessed())
		}
	}
	r := &boltseal.Report{Gaps: []boltseal.Gap{gap}}
	if got := result(t, audit.Score(r, &audit.Options{Checks: checks}), "guide/non-root-user"); got.Fix != "read it" || !strings.Contains(got.Why, "permission denied") {
		t.Errorf("got %+v", got)
	}
	// A gap hinders the checks that it may concern, and no others.
	for _, c := range []struct {
		gap          boltseal.Gap
		docker, kube bool // pass
	}{
		{boltseal.Gap{Kind: "template", What: "chart web"}, true, false},
		{boltseal.Gap{Kind: "unreadable-file", What: "file deploy/web.yaml"}, true, false},
		{boltseal.Gap{Kind: "unreadable-file", What: "file build/Dockerfile"}, false, true},
		{boltseal.Gap{Kind: "unreadable-file", What: "file build/x"}, false, false},
		{boltseal.Gap{Kind: "limit", What: "folder a"}, false, false},
		{boltseal.Gap{Kind: "new", What: "who knows"}, false, false},
	} {
		card := audit.Score(&boltseal.Report{Gaps: []boltseal.Gap{c.gap}}, &audit.Options{Checks: checks})
		docker := result(t, card, "guide/non-root-user").Outcome == boltseal.OutcomePass
		if kube := result(t, card, "guide/run-as-non-root").Outcome == boltseal.OutcomePass; docker != c.docker || kube != c.kube {
			t.Errorf("%+v: Dockerfiles pass %v, manifests pass %v", c.gap, docker, kube)
		}
	}
	// A database that is missing says nothing about Dockerfiles.
	r.Gaps = []boltseal.Gap{{Kind: "no-database"}}
	card := audit.Score(r, &audit.Options{Checks: checks})
	if a, b := result(t, card, "guide/non-root-user"), result(t, card, "guide/scanned"); a.Outcome != boltseal.OutcomePass || b.Outcome != boltseal.OutcomeNotAssessed {
		t.Errorf("got %s and %s", a.Outcome, b.Outcome)
	}
}

// Whatever was found and whatever was looked at: mending or waiving a finding
// lowers no score, a further finding or gap raises none.
func TestMonotone(t *testing.T) {
	for seed := range uint64(400) {
		rng := rand.New(rand.NewPCG(seed, 1))
		r, o := random(rng)
		before := scores(audit.Score(r, o))
		for i := range r.Findings {
			mended := *r
			mended.Findings = slices.Delete(slices.Clone(r.Findings), i, i+1)
			if worse := lower(scores(audit.Score(&mended, o)), before); worse != "" {
				t.Fatalf("seed %d: mending %s lowers %s", seed, r.Findings[i].Check, worse)
			}
			waived := *r
			waived.Findings = slices.Clone(r.Findings)
			waived.Findings[i].Waived = &boltseal.Waiver{Reason: "r", Owner: "o"}
			if worse := lower(scores(audit.Score(&waived, o)), before); worse != "" {
				t.Fatalf("seed %d: waiving %s lowers %s", seed, r.Findings[i].Check, worse)
			}
		}
		more := *r
		f := randomFinding(rng)
		f.Waived = nil
		more.Findings = append(slices.Clone(r.Findings), f)
		if better := lower(before, scores(audit.Score(&more, o))); better != "" {
			t.Fatalf("seed %d: finding %s raises %s", seed, f.Check, better)
		}
		hindered := *o
		hindered.Parts = slices.Clone(o.Parts)
		if len(hindered.Parts) > 0 {
			at := &hindered.Parts[rng.IntN(len(hindered.Parts))]
			at.Gaps = append(slices.Clone(at.Gaps), boltseal.Gap{Kind: "limit", What: "w", Why: "y"})
			if better := lower(before, scores(audit.Score(r, &hindered))); better != "" {
				t.Fatalf("seed %d: a gap raises %s", seed, better)
			}
		}
	}
}

func random(rng *rand.Rand) (*boltseal.Report, *audit.Options) {
	r := &boltseal.Report{}
	for range rng.IntN(12) {
		r.Findings = append(r.Findings, randomFinding(rng))
	}
	o := &audit.Options{Checks: checks}
	for i := range 1 + rng.IntN(3) {
		p := audit.Part{Name: fmt.Sprint(i)}
		for _, family := range []string{"docker", "vuln", "kube", "policy"} {
			if rng.IntN(2) == 0 {
				p.Checks = append(p.Checks, ids(family)...)
			}
		}
		if rng.IntN(4) == 0 {
			p.Gaps = append(p.Gaps, boltseal.Gap{Kind: []string{"no-database", "unreadable-file"}[rng.IntN(2)], What: "w", Why: "y"})
		}
		o.Parts = append(o.Parts, p)
	}
	return r, o
}

func randomFinding(rng *rand.Rand) boltseal.Finding {
	f := find(checks[rng.IntN(len(checks))].ID, boltseal.Severity(rng.IntN(6)))
	if rng.IntN(3) == 0 {
		f.Waived = &boltseal.Waiver{Reason: "r", Owner: "o"}
	}
	return f
}

func scores(card *boltseal.Scorecard) map[string]int {
	out := map[string]int{"all": card.Tally.Score}
	for _, list := range [][]boltseal.Tally{card.Layers, card.Frameworks} {
		for _, tally := range list {
			out[tally.Name] = tally.Score
		}
	}
	return out
}

// lower names a score that is lower in a than in b.
func lower(a, b map[string]int) string {
	for name, score := range a {
		if score < b[name] {
			return fmt.Sprintf("%s from %d to %d", name, b[name], score)
		}
	}
	return ""
}

func TestCover(t *testing.T) {
	cover := audit.Cover(checks)
	names := func(id string) []string {
		var out []string
		for _, c := range cover[id] {
			out = append(out, c.Check)
		}
		return out
	}
	if got := names("guide/run-as-non-root"); !slices.Equal(got, []string{"kube/run-as-non-root"}) {
		t.Errorf("by way of another standard: %q", got)
	}
	if got := cover["guide/scanned"]; !slices.Equal(got, []audit.Clause{{Check: "vuln/known", Severity: boltseal.High}}) {
		t.Errorf("a limited clause: %v", got)
	}
	if got := names("CIS-DI-4.1"); !slices.Equal(got, []string{"docker/root-user"}) {
		t.Errorf("named from both sides: %q", got)
	}
}

func BenchmarkScore(b *testing.B) {
	r := &boltseal.Report{}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 10_000 {
		r.Findings = append(r.Findings, randomFinding(rng))
	}
	b.ReportAllocs()
	for b.Loop() {
		audit.Score(r, &audit.Options{Checks: checks})
	}
}

// The fix is something to do or to paste, whoever chose a file's name.
func TestFix(t *testing.T) {
	edit := []boltseal.Edit{{New: "x"}}
	of := func(file string, fixes ...boltseal.Fix) boltseal.Finding {
		f := find("docker/root-user", boltseal.High)
		f.Location.File, f.Fixes = file, fixes
		f.Seal()
		return f
	}
	bad := find("vuln/known", boltseal.High)
	bad.Component = &boltseal.Component{Name: "ssl", Version: "1", PURL: "pkg:deb/debian/ssl@1"}
	bad.Fixes = []boltseal.Fix{{Upgrade: &boltseal.Upgrade{To: "2"}}, {Upgrade: &boltseal.Upgrade{To: "3"}}}
	worm := find("vuln/malware", boltseal.Critical)
	worm.Component, worm.Advisory = &boltseal.Component{Name: "worm", Version: "1"}, &boltseal.Advisory{Kind: boltseal.Malware}
	for want, c := range map[string]struct {
		findings []boltseal.Finding
		control  string
	}{
		"boltseal lint --fix Dockerfile":           {[]boltseal.Finding{of("Dockerfile", boltseal.Fix{Safe: true, Edits: edit})}, "CIS-DI-4.1"},
		"boltseal lint --fix --unsafe './-rf'":     {[]boltseal.Finding{of("-rf", boltseal.Fix{Edits: edit})}, "CIS-DI-4.1"},
		"boltseal lint --fix 'a;rm -rf $HOME'":     {[]boltseal.Finding{of("a;rm -rf $HOME", boltseal.Fix{Safe: true, Edits: edit})}, "CIS-DI-4.1"},
		`boltseal lint --fix 'it'\''s'`:            {[]boltseal.Finding{of("it's", boltseal.Fix{Safe: true, Edits: edit})}, "CIS-DI-4.1"},
		"boltseal lint --fix .":                    {[]boltseal.Finding{of("a", boltseal.Fix{Safe: true, Edits: edit}), of("b", boltseal.Fix{Safe: true, Edits: edit}), of("c", boltseal.Fix{Safe: true, Edits: edit}), of("d", boltseal.Fix{Safe: true, Edits: edit})}, "CIS-DI-4.1"},
		"boltseal lint --fix --resolve Dockerfile": {[]boltseal.Finding{of("Dockerfile", boltseal.Fix{Resolve: true, Edits: edit})}, "CIS-DI-4.1"},
		"say USER":                         {[]boltseal.Finding{of("Dockerfile", boltseal.Fix{Title: "say USER"})}, "CIS-DI-4.1"},
		"boltseal checks docker/root-user": {[]boltseal.Finding{of("Dockerfile")}, "CIS-DI-4.1"},
		"upgrade ssl to 3":                 {[]boltseal.Finding{bad}, "guide/scanned"},
		"remove worm 1, and look for what it has done": {[]boltseal.Finding{worm}, "guide/no-malware"},
	} {
		r := &boltseal.Report{Findings: c.findings}
		if got := result(t, audit.Score(r, &audit.Options{Checks: checks}), c.control); got.Fix != want {
			t.Errorf("got %q, want %q", got.Fix, want)
		}
	}
}
