package kube_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/kube"
	"github.com/boltseal/boltseal/remedy"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var update = flag.Bool("update", false, "write what the rules find into testdata")

// Every rule has a file testdata/<slug>.yaml, in parts that are judged by
// themselves. A line on which the rule must fire ends in "# want `message`";
// the comment is cut off before the file is parsed. When the rule has fixes,
// <slug>.fixed.yaml is the file with all of them.
var want = regexp.MustCompile("[ \t]*# want `([^`]*)`")

const between = "#----\n"

func TestRules(t *testing.T) {
	for _, rule := range kube.Rules() {
		t.Run(rule.ID, func(t *testing.T) {
			name := filepath.Join("testdata", strings.TrimPrefix(rule.ID, "kube/")+".yaml")
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatalf("the rule has no test: %v", err)
			}
			checkEntry(t, rule.Check)
			var got, fixed [][]byte
			fires := false
			for part := range bytes.SplitSeq(data, []byte(between)) {
				source := want.ReplaceAll(part, nil)
				findings := run(t, rule, source)
				fires = fires || len(findings) > 0
				got = append(got, annotate(source, findings))
				fixed = append(fixed, fix(t, rule, source))
			}
			if !fires {
				t.Error("the rule never fires")
			}
			golden(t, name, data, bytes.Join(got, []byte(between)))
			checkFixed(t, name, bytes.Join(fixed, []byte(between)), want.ReplaceAll(data, nil))
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

func golden(t *testing.T, name string, old, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(old), string(got)); diff != "" {
		t.Errorf("%s: want (-), got (+):\n%s", name, diff)
	}
}

func checkFixed(t *testing.T, name string, got, source []byte) {
	t.Helper()
	name = strings.TrimSuffix(name, ".yaml") + ".fixed.yaml"
	old, err := os.ReadFile(name)
	if os.IsNotExist(err) && bytes.Equal(got, source) {
		return
	}
	if err != nil && !*update {
		t.Fatal(err)
	}
	golden(t, name, old, got)
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

func checkEntry(t *testing.T, c boltseal.Check) {
	t.Helper()
	if len(c.Doc) < 80 || strings.HasSuffix(c.Title, ".") || c.Title == "" || c.Severity == boltseal.Unknown {
		t.Errorf("%+v: want a title without a full stop, a severity and a text", c)
	}
	for _, alias := range c.Aliases {
		if tool, name, ok := strings.Cut(alias, ":"); !ok || tool == "" || name == "" {
			t.Errorf("alias %q", alias)
		}
	}
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
