// Package ruletest holds the tests that every rule of a family must pass. A
// rule has one file of examples, testdata/<slug> with the family's extension.
// A line on which it must fire ends in "# want `text`", where text is a
// regular expression for the message; the comment is cut off before the file
// is read, and a line without one is a near miss. Lines "#----" part files,
// and "#---- NAME" gives the next one a name; those up to the next "#====" are
// checked together. When <slug>.fixed exists, applying every fix of the rule
// gives it.
package ruletest

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
)

var update = flag.Bool("update", false, "write what the rules find and mend into testdata")

// File is a source file of an example.
type File struct {
	Name   string
	Source []byte
}

// Suite is how a family runs one of its rules.
type Suite struct {
	Family   string // that ids begin with, such as "compose"
	Ext      string // of the examples' files, such as ".yaml"
	Name     string // of a file that the example gives none
	Together bool   // the parts up to "#====" are checked together

	// Run is what the check with an id finds in files that belong together.
	Run func(t *testing.T, id string, files []File) []boltseal.Finding
	// Mistakes counts what is wrong with a file's form; nil counts nothing.
	Mistakes func(f File) int
}

// Test tries every check.
func (s *Suite) Test(t *testing.T, checks []boltseal.Check) {
	for _, check := range checks {
		t.Run(check.ID, func(t *testing.T) {
			Entry(t, check)
			s.rule(t, check.ID)
		})
	}
}

// Entry tells whether a check is described as every one must be.
func Entry(t *testing.T, c boltseal.Check) {
	t.Helper()
	if len(c.Doc) < 80 || strings.HasSuffix(c.Title, ".") || c.Title == "" || c.Severity == boltseal.Unknown {
		t.Errorf("%+v: want a title without a full stop, a severity and a text", c)
	}
	for _, alias := range c.Aliases {
		if tool, name, ok := strings.Cut(alias, ":"); !ok || tool == "" || name == "" {
			t.Errorf("alias %q: want tool:name", alias)
		}
	}
}

var want = regexp.MustCompile("[ \t]*# want `([^`]*)`")

// Bare is an example without what the rule must find in it.
func Bare(example []byte) []byte { return want.ReplaceAll(example, nil) }

const together = "#====\n"

func (s *Suite) rule(t *testing.T, id string) {
	t.Helper()
	name := filepath.Join("testdata", strings.TrimPrefix(id, s.Family+"/")+s.Ext)
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatalf("the rule has no test: %v", err)
	}
	fixedName := strings.TrimSuffix(name, s.Ext) + ".fixed" + s.Ext
	_, err = os.Stat(fixedName)
	var fixed [][]byte
	between := together
	if !s.Together {
		between = "#----\n"
	}
	for group := range bytes.SplitSeq(data, []byte(between)) {
		files := s.group(t, id, group)
		switch {
		case err != nil:
		case len(files) == 1:
			fixed = append(fixed, s.Fixed(t, id, files[0]))
		default:
			fixed = append(fixed, group)
		}
	}
	if err == nil {
		Golden(t, fixedName, bytes.Join(fixed, []byte(between)))
	}
}

var header = regexp.MustCompile(`(?m)^#----(.*)\n`)

// group checks files together, and returns them as they were checked.
func (s *Suite) group(t *testing.T, id string, group []byte) []File {
	t.Helper()
	names := []string{s.Name}
	parts := []string{string(group)}
	if s.Together {
		for _, m := range header.FindAllSubmatch(group, -1) {
			names = append(names, strings.TrimSpace(string(m[1])))
		}
		parts = header.Split(string(group), -1)
	}
	var files []File
	var expected []string
	for i, part := range parts {
		for line := range strings.Lines(part) {
			for _, m := range want.FindAllStringSubmatch(line, -1) {
				expected = append(expected, names[i]+": "+strings.TrimSpace(want.ReplaceAllString(line, ""))+" ← "+m[1])
			}
		}
		files = append(files, File{names[i], Bare([]byte(part))})
	}
	for _, got := range s.Run(t, id, files) {
		in := slices.IndexFunc(files, func(f File) bool { return f.Name == got.Location.File })
		if got.Check != id || in < 0 {
			t.Errorf("%s in %s at line %d: %s", got.Check, got.Location.File, got.Location.Line, got.Message)
			continue
		}
		line := got.Location.File + ": " + strings.TrimSpace(strings.Split(string(files[in].Source), "\n")[got.Location.Line-1])
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
	return files
}

// mostFixes bounds how many fixes one example takes.
const mostFixes = 200

// Fixed applies the rule's fixes, the first of the first finding that has one
// and then the next, until none is left.
func (s *Suite) Fixed(t *testing.T, id string, f File) []byte {
	t.Helper()
	for range mostFixes {
		findings := s.Run(t, id, []File{f})
		i := slices.IndexFunc(findings, func(f boltseal.Finding) bool {
			return f.Waived == nil && len(f.Fixes) > 0 && !f.Fixes[0].Resolve
		})
		if i < 0 {
			return f.Source
		}
		next := File{f.Name, Edited(f.Source, findings[i].Fixes[0].Edits)}
		if s.Mistakes != nil && s.Mistakes(next) > s.Mistakes(f) {
			t.Fatalf("%s: %q broke the file:\n%s", id, findings[i].Fixes[0].Title, next.Source)
		}
		f = next
	}
	t.Errorf("the fixes of %s never end:\n%s", id, f.Source)
	return f.Source
}

// Edited is a source with edits that do not overlap.
func Edited(source []byte, edits []boltseal.Edit) []byte {
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b boltseal.Edit) int { return a.Span.Start - b.Span.Start })
	var out []byte
	at := 0
	for _, e := range edits {
		out = append(append(out, source[at:e.Span.Start]...), e.New...)
		at = e.Span.End
	}
	return append(out, source[at:]...)
}

// Golden compares with a file, or writes it when the tests run with -update.
func Golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	wanted, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(wanted), string(got)); diff != "" {
		t.Errorf("%s: want (-), got (+):\n%s", name, diff)
	}
}

// Within tells whether a finding and its fixes lie inside a source of so many
// bytes.
func Within(t *testing.T, f boltseal.Finding, size int) {
	t.Helper()
	inside := func(s boltseal.Span) bool { return 0 <= s.Start && s.Start <= s.End && s.End <= size }
	if !inside(f.Location.Span) {
		t.Errorf("%s at %v of %d bytes", f.Check, f.Location.Span, size)
	}
	for _, fix := range f.Fixes {
		for _, e := range fix.Edits {
			if !inside(e.Span) {
				t.Errorf("fix of %s at %v of %d bytes", f.Check, e.Span, size)
			}
		}
	}
}
