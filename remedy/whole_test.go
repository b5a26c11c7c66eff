package remedy_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/remedy"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

func TestWholeFiles(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/unsafe.txtar")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range archive.Files {
		files[f.Name] = string(f.Data)
	}
	for name, source := range files {
		want, ok := files[name+".fixed"]
		if !ok {
			continue
		}
		done, err := remedy.Apply([]byte(source), lint, &remedy.Options{Unsafe: true})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(done.Content)); diff != "" {
			t.Errorf("%s: want (-), got (+):\n%s", name, diff)
		}
		if err := accepted(done.Content); err != nil {
			t.Errorf("%s: the builder refuses it: %v", name, err)
		}
	}
}

func TestDigestsAreAskedForOnce(t *testing.T) {
	sum := "sha256:" + strings.Repeat("a", 64)
	asked := map[string]int{}
	resolve := func(ref string) (boltseal.Digest, error) {
		asked[ref]++
		switch ref {
		case "alpine:3.23":
			return boltseal.Digest(sum), nil
		case "evil:1":
			return "sha256:x\nRUN evil", nil
		}
		return "", errors.New("no such image")
	}
	source := "FROM alpine:3.23 AS a\nFROM alpine:3.23\nCOPY --from=alpine:3.23 /a /a\nCOPY --from=gone:1 /a /a\nCOPY --from=evil:1 /a /a\nUSER 7\n"
	done, err := remedy.Apply([]byte(source), lint, &remedy.Options{Resolve: resolve})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(source, "alpine:3.23", "alpine:3.23@"+sum)
	if diff := cmp.Diff(want, string(done.Content)); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	if asked["alpine:3.23"] != 1 || asked["gone:1"] != 1 || len(done.Gaps) != 2 || done.Gaps[1].What != "image gone:1" {
		t.Errorf("asked %v, gaps %+v", asked, done.Gaps)
	}
	if done, err := remedy.Apply([]byte(source), lint, nil); err != nil || string(done.Content) != source {
		t.Errorf("without a resolver: %s, %v", done.Content, err)
	}
}

// One fix that breaks the file does not keep the others from being applied.
func TestABadFixIsLeftAlone(t *testing.T) {
	check := func(data []byte) ([]boltseal.Finding, error) {
		var out []boltseal.Finding
		if bytes.Contains(data, []byte("BROKEN")) {
			out = append(out, boltseal.Finding{Check: "x/syntax"})
		}
		for i, word := range []string{"one", "two"} {
			if at := bytes.Index(data, []byte(word)); at >= 0 {
				text := []string{"BROKEN", "2"}[i]
				out = append(out, boltseal.Finding{Check: "x/" + word, Fixes: []boltseal.Fix{{Safe: true, Edits: []boltseal.Edit{{Span: boltseal.Span{Start: at, End: at + 3}, New: text}}}}})
			}
		}
		return out, nil
	}
	done, err := remedy.Apply([]byte("one two"), check, nil)
	if err != nil || string(done.Content) != "one 2" || len(done.Fixed) != 1 {
		t.Errorf("got %q, %v", done.Content, err)
	}
}

// accepted asks the builder's own parser.
func accepted(source []byte) error {
	result, err := parser.Parse(bytes.NewReader(source))
	if err != nil {
		return err
	}
	_, _, err = instructions.Parse(result.AST, nil)
	return err
}

// corpus gives every part of the rules' own tests, whole files, and the
// guides' snippets where they are.
func corpus(t *testing.T) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	names, err := filepath.Glob("../check/docker/testdata/*.Dockerfile")
	if err != nil || len(names) < 100 {
		t.Fatalf("got %d files, %v", len(names), err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, part := range bytes.Split(data, []byte("#----\n")) {
			var text strings.Builder
			for line := range strings.Lines(string(part)) {
				code, _, wanted := strings.Cut(line, " # want `")
				if wanted {
					code = strings.TrimRight(code, " \t") + "\n"
				}
				text.WriteString(code)
			}
			key := fmt.Sprintf("%s/%d", filepath.Base(name), i)
			out[key] = []byte(text.String())
			out[key+" with CRLF"] = []byte(strings.ReplaceAll(text.String(), "\n", "\r\n"))
		}
	}
	archive, err := txtar.ParseFile("testdata/unsafe.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		out[f.Name] = f.Data
	}
	return out
}

// Each fix by itself: its finding is gone, the file parses as well as before,
// to the builder too, and all that the fix does not touch stands as it stood.
func TestEachFixAlone(t *testing.T) {
	for name, source := range corpus(t) {
		before := dockerfile.Parse("Dockerfile", source)
		findings, err := lint(source)
		if err != nil {
			t.Fatal(err)
		}
		refused := accepted(source) != nil
		for _, found := range findings {
			for _, fix := range found.Fixes {
				if len(fix.Edits) == 0 || fix.Resolve {
					continue
				}
				fixed := remedy.Edit(source, fix.Edits)
				where := fmt.Sprintf("%s: %s, %q:\n%s\nbecame\n%s\n", name, found.Check, fix.Title, source, fixed)
				after := dockerfile.Parse("Dockerfile", fixed)
				if len(after.Errors) > len(before.Errors) {
					t.Errorf("%s%v", where, after.Errors)
				}
				if err := accepted(fixed); err != nil && !refused {
					t.Errorf("%sthe builder refuses it: %v", where, err)
				}
				left, err := lint(fixed)
				if err != nil {
					t.Fatal(err)
				}
				if count(left, found.Check) >= count(findings, found.Check) {
					t.Errorf("%sthe finding is still there", where)
				}
				if missing := untouched(before, after, fix.Edits); missing != "" {
					t.Errorf("%slost or moved: %s", where, missing)
				}
				if strings.HasSuffix(name, "CRLF") && strings.Count(string(fixed), "\n") != strings.Count(string(fixed), "\r\n") {
					t.Errorf("%sthe line ends are mixed", where)
				}
			}
		}
	}
}

func count(findings []boltseal.Finding, check string) int {
	n := 0
	for _, f := range findings {
		if f.Check == check {
			n++
		}
	}
	return n
}

// untouched is the first instruction or comment that no edit lies in and that
// is not there any more in the same order; empty when all are.
func untouched(before, after *dockerfile.File, edits []boltseal.Edit) string {
	var rest []string
	for _, n := range after.Nodes {
		rest = append(rest, strings.TrimSpace(after.Text(n.Span)))
	}
	for _, n := range before.Nodes {
		text := strings.TrimSpace(before.Text(n.Span))
		if n.Kind == dockerfile.Blank || slices.ContainsFunc(edits, func(e boltseal.Edit) bool {
			return e.Span.Start < n.Span.End && e.Span.End > n.Span.Start || e.Span.Start > n.Span.Start && e.Span.Start < n.Span.End
		}) {
			continue
		}
		i := slices.Index(rest, text)
		if i < 0 {
			return text
		}
		rest = rest[i+1:]
	}
	return ""
}
