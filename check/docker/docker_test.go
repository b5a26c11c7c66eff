package docker_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/docker"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// Every rule has a file testdata/<slug>.Dockerfile. A line on which the rule
// must fire ends in "# want `text`", where text is a regular expression for
// the message; the comment is cut off before the file is parsed. When
// <slug>.fixed.Dockerfile exists, applying every fix of the rule gives it.
var want = regexp.MustCompile("[ \t]*# want `([^`]*)`")

func TestRules(t *testing.T) {
	for _, rule := range docker.Rules() {
		t.Run(rule.ID, func(t *testing.T) {
			name := filepath.Join("testdata", strings.TrimPrefix(rule.ID, "docker/")+".Dockerfile")
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatalf("the rule has no test: %v", err)
			}
			checkEntry(t, rule.Check)
			for part := range bytes.SplitSeq(data, []byte("#----\n")) {
				runPart(t, rule, part)
			}
			checkFixed(t, rule, name, data)
		})
	}
}

func runPart(t *testing.T, rule docker.Rule, part []byte) {
	t.Helper()
	var expected []string
	for line := range strings.Lines(string(part)) {
		for _, m := range want.FindAllStringSubmatch(line, -1) {
			code := strings.TrimSpace(want.ReplaceAllString(line, ""))
			expected = append(expected, code+" ← "+m[1])
		}
	}
	source := want.ReplaceAll(part, nil)
	f := dockerfile.Parse("Dockerfile", source)
	lines := strings.Split(string(source), "\n")
	for _, got := range docker.Run(f, []docker.Rule{rule}, options(t, string(source))) {
		if got.Check != rule.ID {
			t.Errorf("%s at line %d: %s", got.Check, got.Location.Line, got.Message)
			continue
		}
		line := strings.TrimSpace(lines[got.Location.Line-1])
		i := slices.IndexFunc(expected, func(e string) bool {
			code, pattern, _ := strings.Cut(e, " ← ")
			return code == line && regexp.MustCompile(pattern).MatchString(got.Message)
		})
		if i < 0 {
			t.Errorf("%q: not wanted: %s", line, got.Message)
			continue
		}
		expected = slices.Delete(expected, i, i+1)
	}
	for _, e := range expected {
		t.Errorf("wanted and not found: %s", e)
	}
}

// options reads "# options now=2026-11-01 context=.git,.env" in the first
// line of a part.
func options(t *testing.T, source string) *docker.Options {
	t.Helper()
	first, _, _ := strings.Cut(source, "\n")
	rest, ok := strings.CutPrefix(first, "# options ")
	if !ok {
		return nil
	}
	o := &docker.Options{}
	for field := range strings.FieldsSeq(rest) {
		key, value, _ := strings.Cut(field, "=")
		list := strings.Split(value, ",")
		switch key {
		case "now":
			now, err := time.Parse(time.DateOnly, value)
			if err != nil {
				t.Fatal(err)
			}
			o.Now = now
		case "context":
			o.Context = list
		case "ignored":
			o.Ignored = func(name string) bool { return slices.Contains(list, name) }
		case "labels":
			o.Labels = list
		case "registries":
			o.Registries = list
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
}

// checkFixed applies the rule's fixes until nothing changes.
func checkFixed(t *testing.T, rule docker.Rule, name string, data []byte) {
	t.Helper()
	fixedName := strings.TrimSuffix(name, ".Dockerfile") + ".fixed.Dockerfile"
	fixed, err := os.ReadFile(fixedName)
	if os.IsNotExist(err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	var parts [][]byte
	for part := range bytes.SplitSeq(data, []byte("#----\n")) {
		source := want.ReplaceAll(part, nil)
		for range 10 {
			f := dockerfile.Parse("Dockerfile", source)
			next, n := apply(t, source, docker.Run(f, []docker.Rule{rule}, options(t, string(source))))
			if n == 0 {
				break
			}
			source = next
		}
		parts = append(parts, source)
	}
	source := bytes.Join(parts, []byte("#----\n"))
	if diff := cmp.Diff(string(fixed), string(source)); diff != "" {
		t.Errorf("%s: want (-), got (+):\n%s", fixedName, diff)
	}
}

// apply carries out the first fix of every finding, skipping those that
// overlap with one before.
func apply(t *testing.T, source []byte, findings []boltseal.Finding) ([]byte, int) {
	t.Helper()
	var edits []boltseal.Edit
	for _, f := range findings {
		if len(f.Fixes) > 0 {
			edits = append(edits, f.Fixes[0].Edits...)
		}
	}
	slices.SortStableFunc(edits, func(a, b boltseal.Edit) int { return a.Span.Start - b.Span.Start })
	var out []byte
	at, n := 0, 0
	for _, e := range edits {
		if e.Span.Start < at || e.Span.End > len(source) || e.Span.Start > e.Span.End {
			continue
		}
		out = append(append(out, source[at:e.Span.Start]...), e.New...)
		at = e.Span.End
		n++
	}
	return append(out, source[at:]...), n
}
