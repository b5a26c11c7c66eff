package layer_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source/layer"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata")

// Each file in testdata/view is an image and, after "-- WANT --", its view,
// its gaps, and what opening names gives that the comment at the top lists,
// one a line after "open:".
func TestView(t *testing.T) {
	files, err := filepath.Glob("testdata/view/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			text, want, _ := strings.Cut(string(data), "-- WANT --\n")
			im := testimage.Parse(t, text)
			for kind, blobs := range map[string][]layer.Blob{"stream": blobs(im), "in place": inPlace(im)} {
				got := outline(t, read(t, blobs, &layer.Options{Jobs: 3}), text)
				if *update {
					want = got
					if err := os.WriteFile(name, []byte(text+"-- WANT --\n"+got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", kind, diff)
				}
			}
		})
	}
}

func outline(t *testing.T, f *layer.FS, text string) string {
	t.Helper()
	var b bytes.Buffer
	for _, line := range view(t, f) {
		fmt.Fprintln(&b, line)
	}
	for line := range strings.Lines(text) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "open:")
		if !ok {
			continue
		}
		name = strings.TrimSpace(name)
		data, err := f.ReadFile(name)
		if err != nil {
			fmt.Fprintf(&b, "open %s: error: %v\n", name, err)
			continue
		}
		n, _ := f.LayerOf(name)
		fmt.Fprintf(&b, "open %s: %q of layer %d\n", name, data, n)
	}
	for _, g := range f.Gaps() {
		fmt.Fprintf(&b, "gap: %s: %s: %s\n", g.Kind, g.What, g.Why)
	}
	return b.String()
}
