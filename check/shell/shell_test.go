package shell_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/shell"
)

// Every rule has a file testdata/<slug>.sh. A line on which the rule must
// fire ends in "# want `text`"; the comment is cut off before it is read.
var want = regexp.MustCompile("[ \t]*# want `([^`]*)`")

func TestRules(t *testing.T) {
	for _, rule := range shell.Rules() {
		t.Run(rule.ID, func(t *testing.T) {
			if len(rule.Doc) < 80 || strings.HasSuffix(rule.Title, ".") || rule.Title == "" || rule.Severity == boltseal.Unknown {
				t.Errorf("%+v: want a title without a full stop, a severity and a text", rule.Check)
			}
			data, err := os.ReadFile(filepath.Join("testdata", strings.TrimPrefix(rule.ID, "shell/")+".sh"))
			if err != nil {
				t.Fatalf("the rule has no test: %v", err)
			}
			expected := map[int]string{}
			lines := strings.Split(string(data), "\n")
			for i, line := range lines {
				if m := want.FindStringSubmatch(line); m != nil {
					expected[i+1] = m[1]
				}
			}
			s := shell.Fenced("x.sh", string(want.ReplaceAll(data, nil)), 0, false)
			s.Unseen = true
			for _, got := range shell.Run(s, []shell.Rule{rule}) {
				pattern, ok := expected[got.Location.Line]
				if !ok || !regexp.MustCompile(pattern).MatchString(got.Message) {
					t.Errorf("line %d: %q: not wanted: %s", got.Location.Line, lines[got.Location.Line-1], got.Message)
				}
				delete(expected, got.Location.Line)
			}
			for line, pattern := range expected {
				t.Errorf("line %d: %q: wanted and not found: %s", line, lines[line-1], pattern)
			}
		})
	}
}

func TestSessions(t *testing.T) {
	text := "$ docker run --privileged x\ndocker run --privileged output\n$ docker run \\\n    --privileged y\n"
	found := shell.Run(shell.Fenced("x.md", text, 0, true), pick("shell/docker-privileged"))
	if len(found) != 2 || found[0].Location.Line != 1 || found[1].Location.Line != 4 {
		t.Errorf("got %+v", found)
	}
	// What is no whole script is read line by line.
	text = "docker run --privileged a\nif [ <missing>\ndocker run --privileged b # boltseal ignore=docker-privileged\n# boltseal ignore=shell/docker-privileged\ndocker run --privileged c\n"
	if found := shell.Run(shell.Fenced("x.md", text, 0, false), pick("shell/docker-privileged")); len(found) != 1 || found[0].Location.Line != 1 {
		t.Errorf("got %+v", found)
	}
}

func pick(id string) []shell.Rule {
	return slices.DeleteFunc(shell.Rules(), func(r shell.Rule) bool { return r.ID != id })
}

// Whatever the text, nothing panics and findings lie inside of it.
func FuzzRun(f *testing.F) {
	names, err := filepath.Glob("testdata/*.sh")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data), false)
	}
	f.Fuzz(func(t *testing.T, text string, session bool) {
		for _, found := range shell.Run(shell.Fenced("x", text, 0, session), shell.Rules()) {
			if at := found.Location.Span; at.Start < 0 || at.End > len(text) || at.Start > at.End {
				t.Errorf("%s at %v of %d", found.Check, at, len(text))
			}
		}
	})
}
