package scan_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/ruleset/ruletest"
	"github.com/boltseal/boltseal/remedy"
	"github.com/boltseal/boltseal/scan"
)

// examples are the source files of all families' tests, by the name under
// which each is linted.
func examples(t testing.TB) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, dir := range []string{"../check/docker", "../check/kube", "../check/compose", "../check/workflow", "../check/seccomp", "../syntax/dockerfile", "../syntax/manifest"} {
		err := filepath.WalkDir(filepath.Join(dir, "testdata"), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.Contains(name, "/fuzz/") || strings.Contains(name, "/bench/") {
				return err
			}
			content, err := os.ReadFile(name)
			base := path.Base(name)
			for part := range bytes.SplitSeq(content, []byte("\n#----\n")) {
				switch {
				case dir == "../check/workflow":
					base = ".github/workflows/" + strings.TrimPrefix(base, ".github/workflows/")
				case dir == "../check/compose" && !strings.Contains(base, "compose"):
					base = "compose." + base
				}
				out[fmt.Sprintf("%s/%d/%s", strings.TrimPrefix(dir, "../"), len(out), nameOf(base))] = ruletest.Bare(part)
			}
			return err
		})
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	return out
}

// nameOf is a name of which the form of the file shows.
func nameOf(base string) string {
	if strings.HasSuffix(base, "Dockerfile") {
		return "Dockerfile"
	}
	return base
}

func lintFixes(t *testing.T, name string, content []byte, unsafe bool) *remedy.Done {
	t.Helper()
	check := func(data []byte) ([]boltseal.Finding, error) { return scan.LintFile(name, data, nil), nil }
	done, err := remedy.Apply(content, check, &remedy.Options{Unsafe: unsafe, Accept: func(f boltseal.Finding) bool { return f.Waived == nil }})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return done
}

// Every fixer, over the examples of all families: what was fixed is still a
// file without new mistakes in its form, its findings are gone or fewer, a
// second run changes nothing, and the line endings are those that were there.
func TestFixesHold(t *testing.T) {
	seen := map[string]bool{}
	for name, content := range examples(t) {
		for _, windows := range []bool{false, true} {
			if windows {
				content = bytes.ReplaceAll(bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
			}
			before := scan.LintFile(name, content, nil)
			done := lintFixes(t, name, content, true)
			for _, f := range done.Fixed {
				seen[f.Check] = true
				was, is := count(before, f.Check), count(done.Left, f.Check)
				if was > 0 && is > was {
					t.Errorf("%s: %s was found %d times, and %d times behind its fix", name, f.Check, was, is)
				}
			}
			if was, is := mistakes(before), mistakes(done.Left); is > was {
				t.Errorf("%s: %d mistakes in its form became %d:\n%s", name, was, is, done.Content)
			}
			if again := lintFixes(t, name, done.Content, true); !bytes.Equal(again.Content, done.Content) {
				t.Errorf("%s: fixed again it changes:\n%s\nbecame\n%s", name, done.Content, again.Content)
			}
			if windows && bytes.Contains(content, []byte("\r\n")) && bytes.Count(content, []byte("\r\n")) == bytes.Count(content, []byte("\n")) &&
				bytes.Count(done.Content, []byte("\r\n")) != bytes.Count(done.Content, []byte("\n")) {
				t.Errorf("%s: fixes brought another line ending:\n%q", name, done.Content)
			}
		}
	}
	t.Logf("%d checks were fixed", len(seen))
	if len(seen) < 100 {
		t.Errorf("only %d checks were fixed: %v", len(seen), seen)
	}
}

func count(all []boltseal.Finding, check string) (n int) {
	for _, f := range all {
		if f.Check == check && f.Waived == nil {
			n++
		}
	}
	return n
}

func mistakes(all []boltseal.Finding) (n int) {
	for _, f := range all {
		if strings.HasSuffix(f.Check, "/syntax") || f.Check == "kube/invalid-manifest" {
			n++
		}
	}
	return n
}

// Whatever the file, every single fix can be made, and what comes of it can
// be read and fixed on.
func FuzzFixes(f *testing.F) {
	all := examples(f)
	for i, name := range slices.Sorted(maps.Keys(all)) {
		if i%3 == 0 && len(all[name]) < 8<<10 {
			f.Add(path.Base(name), all[name])
		}
	}
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		if len(content) > 16<<10 || !fs.ValidPath(name) {
			return
		}
		for _, found := range scan.LintFile(name, content, nil) {
			ruletest.Within(t, found, len(content))
			for _, fix := range found.Fixes {
				scan.LintFile(name, ruletest.Edited(content, fix.Edits), nil)
			}
		}
		done := lintFixes(t, name, content, true)
		if was, is := mistakes(scan.LintFile(name, content, nil)), mistakes(done.Left); is > was {
			t.Errorf("%s: %d mistakes in its form became %d:\n%q\nbecame\n%q", name, was, is, content, done.Content)
		}
	})
}
