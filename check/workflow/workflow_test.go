package workflow_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/workflow"
	"github.com/boltseal/boltseal/remedy"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// Every rule has a file testdata/<slug>.yaml. A line on which the rule must
// fire ends in "# want `text`", where text is a regular expression for the
// message; the comment is cut off before the file is parsed. Lines "#----"
// part files, and "#---- NAME" gives the next one a name; those up to the
// next "#====" are checked together. When <slug>.fixed.yaml exists, applying
// every fix of the rule gives it.
var want = regexp.MustCompile("[ \t]*# want `([^`]*)`")

func TestRules(t *testing.T) {
	for _, rule := range workflow.Rules() {
		t.Run(rule.ID, func(t *testing.T) {
			if len(rule.Doc) < 80 || strings.HasSuffix(rule.Title, ".") || rule.Title == "" || rule.Severity == boltseal.Unknown {
				t.Errorf("%+v: want a title without a full stop, a severity and a text", rule.Check)
			}
			name := filepath.Join("testdata", strings.TrimPrefix(rule.ID, "workflow/")+".yaml")
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatalf("the rule has no test: %v", err)
			}
			var fixed [][]byte
			for group := range bytes.SplitSeq(data, []byte("#====\n")) {
				fixed = append(fixed, runGroup(t, rule, group))
			}
			fixedName := strings.TrimSuffix(name, ".yaml") + ".fixed.yaml"
			wanted, err := os.ReadFile(fixedName)
			if os.IsNotExist(err) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(wanted), string(bytes.Join(fixed, []byte("#====\n")))); diff != "" {
				t.Errorf("%s: want (-), got (+):\n%s", fixedName, diff)
			}
		})
	}
}

var header = regexp.MustCompile(`(?m)^#----(.*)\n`)

// runGroup checks files together and returns them with all fixes.
func runGroup(t *testing.T, rule workflow.Rule, group []byte) []byte {
	t.Helper()
	names := []string{"ci.yaml"}
	for _, m := range header.FindAllSubmatch(group, -1) {
		names = append(names, strings.TrimSpace(string(m[1])))
	}
	sources := map[string][]byte{}
	var expected []string
	var files []*manifest.File
	for i, part := range header.Split(string(group), -1) {
		for line := range strings.Lines(part) {
			for _, m := range want.FindAllStringSubmatch(line, -1) {
				expected = append(expected, names[i]+": "+strings.TrimSpace(want.ReplaceAllString(line, ""))+" ← "+m[1])
			}
		}
		sources[names[i]] = want.ReplaceAll([]byte(part), nil)
		files = append(files, manifest.Parse(names[i], sources[names[i]]))
	}
	findings, _ := workflow.Run(files, []workflow.Rule{rule}, nil)
	for _, got := range findings {
		lines := strings.Split(string(sources[got.Location.File]), "\n")
		line := got.Location.File + ": " + strings.TrimSpace(lines[got.Location.Line-1])
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
	if len(files) > 1 {
		return group
	}
	return fixAll(t, rule, sources[names[0]])
}

// fixAll applies the rule's fixes until nothing changes.
func fixAll(t *testing.T, rule workflow.Rule, source []byte) []byte {
	t.Helper()
	for range 20 {
		f := manifest.Parse("ci.yaml", source)
		findings, _ := workflow.Run([]*manifest.File{f}, []workflow.Rule{rule}, nil)
		i := slices.IndexFunc(findings, func(f boltseal.Finding) bool { return len(f.Fixes) > 0 })
		if i < 0 {
			return source
		}
		source = remedy.Edit(source, findings[i].Fixes[0].Edits)
		if g := manifest.Parse("ci.yaml", source); len(g.Errors) > len(f.Errors) {
			t.Fatalf("the fix of %s broke the file:\n%s\n%v", rule.ID, source, g.Errors)
		}
	}
	t.Errorf("the fixes of %s never end:\n%s", rule.ID, source)
	return source
}

func TestAcceptedFindingsAreLeftOut(t *testing.T) {
	const head = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n"
	for source, n := range map[string]int{
		"      - uses: a/b@main\n":                                                   1,
		"      - uses: a/b@main # zizmor: ignore[unpinned-uses]\n":                   0,
		"      # boltseal ignore=action-on-branch our own\n      - uses: a/b@main\n": 0,
		"      - uses: a/b@main # boltseal ignore=workflow/write-all\n":              1,
	} {
		f := manifest.Parse(".github/workflows/ci.yaml", []byte(head+source))
		findings, _ := workflow.Run([]*manifest.File{f}, pick("workflow/action-on-branch"), nil)
		if len(findings) != n {
			t.Errorf("%q: got %d, want %d", source, len(findings), n)
		}
	}
}

func pick(id string) []workflow.Rule {
	return slices.DeleteFunc(workflow.Rules(), func(r workflow.Rule) bool { return r.ID != id })
}

// No input makes a rule panic, and fixes keep files readable.
func FuzzRun(f *testing.F) {
	names, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file := manifest.Parse(".github/workflows/ci.yaml", data)
		findings, _ := workflow.Run([]*manifest.File{file}, workflow.Rules(), nil)
		for _, found := range findings {
			for _, fix := range found.Fixes {
				after := remedy.Edit(data, fix.Edits)
				if g := manifest.Parse(".github/workflows/ci.yaml", after); len(g.Errors) > len(file.Errors) {
					t.Errorf("%s: %s\n%s\nbecame\n%s\n%v", found.Check, fix.Title, data, after, g.Errors)
				}
			}
		}
	})
}

func BenchmarkRun(b *testing.B) {
	source, err := os.ReadFile("testdata/scan-cannot-fail.yaml")
	if err != nil {
		b.Fatal(err)
	}
	source, _, _ = bytes.Cut(want.ReplaceAll(source, nil), []byte("#===="))
	rules := workflow.Rules()
	b.SetBytes(int64(len(source)))
	b.ReportAllocs()
	for b.Loop() {
		workflow.Run([]*manifest.File{manifest.Parse("ci.yaml", source)}, rules, nil)
	}
}
