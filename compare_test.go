package boltseal_test

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

var testName = regexp.MustCompile("`(Test[A-Za-z0-9]+)`")

// TestComparedByTests: the tests that docs/compare.md and docs/accuracy.md
// name are there.
func TestComparedByTests(t *testing.T) {
	house := os.DirFS(".")
	wanted := map[string]string{}
	for _, page := range []string{"docs/compare.md", "docs/accuracy.md", "docs/guide/sandbox.md"} {
		text, err := fs.ReadFile(house, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range testName.FindAllStringSubmatch(string(text), -1) {
			wanted[m[1]] = page
		}
	}
	if len(wanted) < 20 {
		t.Errorf("only %d tests are named", len(wanted))
	}
	err := fs.WalkDir(house, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && d.Name()[0] == '.':
			return fs.SkipDir
		case !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		src, err := fs.ReadFile(house, name)
		for test := range wanted {
			if strings.Contains(string(src), "func "+test+"(t *testing.T)") {
				delete(wanted, test)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for test, page := range wanted {
		t.Errorf("%s names %s, which is nowhere", page, test)
	}
}
