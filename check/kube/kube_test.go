package kube_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/kube"
	"github.com/boltseal/boltseal/internal/ruleset/ruletest"
	"github.com/boltseal/boltseal/remedy"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// Every rule has a file testdata/<slug>.yaml, in parts that are judged by
// themselves. A line on which the rule must fire ends in "# want `message`";
// the comment is cut off before the file is parsed. When the rule has fixes,
// <slug>.fixed.yaml is the file with all of them.
const between = "#----\n"

func TestRules(t *testing.T) {
	for _, rule := range kube.Rules() {
		t.Run(rule.ID, func(t *testing.T) {
			name := filepath.Join("testdata", strings.TrimPrefix(rule.ID, "kube/")+".yaml")
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatalf("the rule has no test: %v", err)
			}
			ruletest.Entry(t, rule.Check)
			var got, fixed [][]byte
			fires := false
			for part := range bytes.SplitSeq(data, []byte(between)) {
				source := ruletest.Bare(part)
				findings := run(t, rule, source)
				fires = fires || len(findings) > 0
				got = append(got, annotate(source, findings))
				fixed = append(fixed, fix(t, rule, source))
			}
			if !fires {
				t.Error("the rule never fires")
			}
			ruletest.Golden(t, name, bytes.Join(got, []byte(between)))
			checkFixed(t, name, bytes.Join(fixed, []byte(between)), ruletest.Bare(data))
		})
	}
}

func run(t *testing.T, rule kube.Rule, source []byte) []boltseal.Finding {
	t.Helper()
	findings, gaps := kube.Run([]*manifest.File{manifest.Parse("app.yaml", source)}, []kube.Rule{rule}, options(t, source))
	for _, g := range gaps {
		if g.Kind != "unsupported-policy" { // some rules' tests are about such policies
			t.Errorf("gap: %+v", g)
		}
	}
	for _, f := range findings {
		if f.Check != rule.ID || f.Key == "" || f.Location.Line == 0 || f.Severity == boltseal.Unknown {
			t.Errorf("%+v", f)
		}
	}
	return findings
}

// annotate writes the findings behind the lines that they speak of.
func annotate(source []byte, findings []boltseal.Finding) []byte {
	lines := strings.SplitAfter(string(source), "\n")
	for _, f := range findings {
		at := f.Location.Line - 1
		body := strings.TrimSuffix(lines[at], "\n")
		lines[at] = body + " # want `" + f.Message + "`" + lines[at][len(body):]
	}
	return []byte(strings.Join(lines, ""))
}

// fix carries out all fixes of the rule, also those that change behaviour.
func fix(t *testing.T, rule kube.Rule, source []byte) []byte {
	t.Helper()
	done, err := remedy.Apply(source, func(data []byte) ([]boltseal.Finding, error) {
		findings, _ := kube.Run([]*manifest.File{manifest.Parse("app.yaml", data)}, []kube.Rule{rule}, options(t, data))
		return findings, nil
	}, &remedy.Options{Unsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, left := range done.Left {
		if slices.ContainsFunc(left.Fixes, func(f boltseal.Fix) bool { return !f.Resolve }) {
			t.Errorf("line %d: %s: still found after its fix", left.Location.Line, left.Message)
		}
	}
	return done.Content
}

func checkFixed(t *testing.T, name string, got, source []byte) {
	t.Helper()
	name = strings.TrimSuffix(name, ".yaml") + ".fixed.yaml"
	if _, err := os.Stat(name); os.IsNotExist(err) && bytes.Equal(got, source) {
		return
	}
	ruletest.Golden(t, name, got)
}

// options reads "# options podsecurity=v1.24 version=1.20 registries=a,b" in
// the first line of a part.
func options(t *testing.T, source []byte) *kube.Options {
	t.Helper()
	first, _, _ := strings.Cut(string(source), "\n")
	rest, ok := strings.CutPrefix(first, "# options ")
	if !ok {
		return nil
	}
	o := &kube.Options{}
	for field := range strings.FieldsSeq(rest) {
		key, value, _ := strings.Cut(field, "=")
		switch key {
		case "podsecurity":
			o.PodSecurity = value
		case "version":
			o.Version = value
		case "registries":
			o.Registries = strings.Split(value, ",")
		default:
			t.Fatalf("option %q", key)
		}
	}
	return o
}

func TestEntriesAreUnique(t *testing.T) {
	var ids []string
	for _, c := range kube.Checks() {
		ids = append(ids, c.ID)
	}
	if n := len(slices.Compact(slices.Clone(ids))); n != len(ids) {
		t.Errorf("%d checks have %d ids", len(ids), n)
	}
}
