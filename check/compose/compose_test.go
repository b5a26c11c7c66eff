package compose_test

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
	"github.com/boltseal/boltseal/check/compose"
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
	for _, rule := range compose.Rules() {
		t.Run(rule.ID, func(t *testing.T) {
			if len(rule.Doc) < 80 || strings.HasSuffix(rule.Title, ".") || rule.Title == "" || rule.Severity == boltseal.Unknown {
				t.Errorf("%+v: want a title without a full stop, a severity and a text", rule.Check)
			}
			name := filepath.Join("testdata", strings.TrimPrefix(rule.ID, "compose/")+".yaml")
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
func runGroup(t *testing.T, rule compose.Rule, group []byte) []byte {
	t.Helper()
	names := []string{"compose.yaml"}
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
	findings, _ := compose.Run(files, []compose.Rule{rule}, nil)
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
func fixAll(t *testing.T, rule compose.Rule, source []byte) []byte {
	t.Helper()
	for range 20 {
		f := manifest.Parse("compose.yaml", source)
		findings, _ := compose.Run([]*manifest.File{f}, []compose.Rule{rule}, nil)
		i := slices.IndexFunc(findings, func(f boltseal.Finding) bool { return len(f.Fixes) > 0 })
		if i < 0 {
			return source
		}
		e := findings[i].Fixes[0].Edits[0]
		source = slices.Concat(source[:e.Span.Start], []byte(e.New), source[e.Span.End:])
		if g := manifest.Parse("compose.yaml", source); len(g.Errors) > len(f.Errors) {
			t.Fatalf("the fix of %s broke the file:\n%s\n%v", rule.ID, source, g.Errors)
		}
	}
	t.Errorf("the fixes of %s never end:\n%s", rule.ID, source)
	return source
}

func TestAcceptedFindingsAreLeftOut(t *testing.T) {
	for source, n := range map[string]int{
		"services:\n  a:\n    image: x\n    privileged: true\n":                                                                                      1,
		"services:\n  a:\n    image: x\n    privileged: true # boltseal ignore=compose/privileged\n":                                                 0,
		"services:\n  # boltseal ignore=privileged the tool needs it\n  a:\n    image: x\n    privileged: true\n":                                    0,
		"services:\n  a:\n    image: x\n    # nosemgrep: yaml.docker-compose.security.privileged-service.privileged-service\n    privileged: true\n": 0,
		"services:\n  a:\n    image: x\n    # boltseal ignore=compose/root-user\n    privileged: true\n":                                             1,
	} {
		findings, _ := compose.Run([]*manifest.File{manifest.Parse("compose.yaml", []byte(source))}, pick("compose/privileged"), nil)
		if len(findings) != n {
			t.Errorf("%q: got %d, want %d", source, len(findings), n)
		}
	}
}

func pick(id string) []compose.Rule {
	return slices.DeleteFunc(compose.Rules(), func(r compose.Rule) bool { return r.ID != id })
}

func TestWhatIsNotThereIsAGap(t *testing.T) {
	f := manifest.Parse("a/compose.yaml", []byte("services:\n  a:\n    extends:\n      file: ../base.yaml\n      service: b\n"))
	findings, gaps := compose.Run([]*manifest.File{f}, compose.Rules(), nil)
	if len(gaps) != 1 || len(findings) != 0 {
		t.Errorf("got %v, %v", findings, gaps)
	}
}

func TestIncludedFiles(t *testing.T) {
	f := manifest.Parse("a/compose.yaml", []byte("include:\n  - b.yaml\n  - path: [c.yaml, \"${D}\"]\nservices:\n  a:\n    image: x\n"))
	b := manifest.Parse("a/b.yaml", []byte("services:\n  b:\n    image: x\n"))
	_, gaps := compose.Run([]*manifest.File{f, b}, compose.Rules(), nil)
	if len(gaps) != 2 || gaps[0].What != "services in ${D}" || gaps[1].What != "services in c.yaml" {
		t.Errorf("got %v", gaps)
	}
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
		file := manifest.Parse("compose.yaml", data)
		findings, _ := compose.Run([]*manifest.File{file}, compose.Rules(), nil)
		for _, found := range findings {
			for _, fix := range found.Fixes {
				e := fix.Edits[0]
				after := slices.Concat(data[:e.Span.Start], []byte(e.New), data[e.Span.End:])
				if g := manifest.Parse("compose.yaml", after); len(g.Errors) > len(file.Errors) {
					t.Errorf("%s: %s\n%s\nbecame\n%s\n%v", found.Check, fix.Title, data, after, g.Errors)
				}
			}
		}
	})
}

func BenchmarkRun(b *testing.B) {
	source := []byte("services:\n" + strings.Repeat("", 1))
	for _, s := range []string{"web", "db", "cache", "worker"} {
		source = append(source, "  "+s+":\n    image: postgres:17\n    ports: [\"5432:5432\"]\n    environment:\n      POSTGRES_PASSWORD: x1y2\n    volumes:\n    - ./data:/data\n"...)
	}
	rules := compose.Rules()
	b.ReportAllocs()
	for b.Loop() {
		compose.Run([]*manifest.File{manifest.Parse("compose.yaml", source)}, rules, nil)
	}
}
