package scan

import (
	"os"
	"path"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// testdata/gitignore.txt holds what git check-ignore says (git 2.39).
func TestIgnoredAsGitDoes(t *testing.T) {
	data, err := os.ReadFile("testdata/gitignore.txt")
	if err != nil {
		t.Fatal(err)
	}
	for group := range strings.SplitSeq(string(data), "====\n") {
		var files []*ignoreFile
		for part := range strings.SplitSeq(group, "== ") {
			name, body, _ := strings.Cut(part, "\n")
			switch {
			case name == "paths":
				checkPaths(t, files, body)
			case name != "":
				files = append(files, parseIgnore(strings.TrimPrefix(path.Dir(name), "."), "", []byte(body)))
			}
		}
	}
}

func checkPaths(t *testing.T, files []*ignoreFile, list string) {
	t.Helper()
	for line := range strings.Lines(list) {
		word, quoted, _ := strings.Cut(strings.TrimSpace(line), "\"")
		name, err := strconv.Unquote("\"" + quoted)
		if err != nil {
			t.Fatal(err)
		}
		file, dir := strings.CutSuffix(name, "/")
		got := out(files, file, dir)
		for parent := path.Dir(file); parent != "." && !got; parent = path.Dir(parent) {
			got = out(files, parent, true)
		}
		if got != (strings.TrimSpace(word) == "ignored") {
			t.Errorf("%q: got %v, git says %s; patterns: %+v", name, got, word, files[0].patterns)
		}
	}
}

// out asks the files that lie above a path.
func out(files []*ignoreFile, name string, dir bool) bool {
	var above []*ignoreFile
	for _, f := range files {
		if f.base == "" || strings.HasPrefix(name, f.base+"/") {
			above = append(above, f)
		}
	}
	return ignored(above, name, dir)
}

func FuzzIgnored(f *testing.F) {
	f.Add("**/a*b?[!x-z]\\c\n!/x/**\n", "a/b/c")
	f.Add("[[:alpha:]]*", "a")
	f.Fuzz(func(t *testing.T, content, name string) {
		if len(content) > 1000 || len(name) > 200 {
			return
		}
		ignored([]*ignoreFile{parseIgnore("", "", []byte(content))}, name, false)
	})
}

func TestFences(t *testing.T) {
	text := "# x\n```dockerfile\nFROM a\n```\n\n1. item\n   ~~~yaml title=\"x\"\n   a: b\n   ~~~\n> quote\n> ```sh\n> x\n> ```\n````text\n```\n````\n- ```json\n  {}\n  ```\n```\nopen\n"
	type block struct {
		Language, Text, Prefix string
		Line                   int
	}
	var got []block
	for _, f := range fences(text) {
		got = append(got, block{f.language, text[f.start:f.end], f.prefix, f.line})
	}
	want := []block{
		{"dockerfile", "FROM a\n", "", 3}, {"yaml", "   a: b\n", "   ", 8}, {"sh", "> x\n", "> ", 12}, {"text", "```\n", "", 15},
		{"json", "  {}\n", "  ", 18}, {"", "open\n", "", 21},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

func FuzzFences(f *testing.F) {
	f.Add("```a\nb\n```\n> ~~~\n> x\n")
	f.Fuzz(func(t *testing.T, text string) {
		at := 0
		for _, block := range fences(text) {
			if block.start < at || block.end < block.start || block.end > len(text) {
				t.Fatalf("%+v of %d", block, len(text))
			}
			at = block.end
			if alone := block.alone(text); len(alone) != block.end {
				t.Fatalf("%d bytes became %d", block.end, len(alone))
			}
		}
	})
}
