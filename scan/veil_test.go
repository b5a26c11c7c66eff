package scan_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/scan"
)

// What .boltsealignore lists is neither linted nor read, and the verdict says
// how much that was.
func TestIgnoreFile(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		".boltsealignore":              "testdata/\n*.bad\n!keep.bad\n",
		"Dockerfile":                   "FROM alpine:3.22\nUSER 1000\n",
		"testdata/Dockerfile":          "FROM alpine\n",
		"a/testdata/b/Dockerfile":      "FROM alpine\n",
		"a/package-lock.json":          `{"name":"x","lockfileVersion":3,"packages":{"node_modules/kept":{"version":"1.0.0"}}}`,
		"a/testdata/package-lock.json": `{"name":"x","lockfileVersion":3,"packages":{"node_modules/gone":{"version":"1.0.0"}}}`,
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	lint, err := scan.Lint(t.Context(), []string{dir}, &scan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range lint.Findings {
		if strings.Contains(f.Location.File, "testdata") {
			t.Errorf("%s was looked at: %s", f.Location.File, f.Check)
		}
	}
	run, err := scan.Run(t.Context(), "dir:"+dir, &scan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range run.Components {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, " "); !strings.Contains(got, "kept") || strings.Contains(got, "gone") {
		t.Errorf("components %q", got)
	}
	for name, reasons := range map[string][]string{"lint": lint.Verdict.Reasons, "scan": run.Verdict.Reasons} {
		if !strings.Contains(strings.Join(reasons, "\n"), "2 files and folders left out by .boltsealignore") {
			t.Errorf("%s does not say what was left out: %q", name, reasons)
		}
	}
}
