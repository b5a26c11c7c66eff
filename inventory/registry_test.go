package inventory_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/boltseal/boltseal/inventory"
)

var slug = regexp.MustCompile(`^[a-z0-9]+([-.][a-z0-9]+)*$`)

// TestRegistry holds every ecosystem to the rules that adding one relies on.
func TestRegistry(t *testing.T) {
	names, readers := map[string]bool{}, map[string]bool{}
	tests := contents(t, "*_test.go")
	for _, e := range inventory.Ecosystems() {
		if !slug.MatchString(e.Name) || names[e.Name] {
			t.Errorf("ecosystem %q: its name is no slug or is there twice", e.Name)
		}
		names[e.Name] = true
		if e.Title == "" || strings.HasSuffix(e.Title, ".") {
			t.Errorf("%s: title %q", e.Name, e.Title)
		}
		if len(e.Readers) == 0 {
			t.Errorf("%s: no readers", e.Name)
		}
		golden := expectations(t, e.Name)
		for _, r := range e.Readers {
			prefix, kind, _ := strings.Cut(r.Name, "/")
			if prefix != e.Name || kind == "" || readers[r.Name] {
				t.Errorf("%s: reader %q is not called ecosystem/kind or is there twice", e.Name, r.Name)
			}
			readers[r.Name] = true
			if r.Read == nil || len(r.Files)+len(r.Folders) == 0 && r.Sniff == nil {
				t.Errorf("%s: wants no file or cannot read", r.Name)
			}
			if !strings.Contains(golden, ", by "+r.Name+"\n") && !strings.Contains(tests, strconv.Quote(r.Name)) {
				t.Errorf("%s: nothing in testdata/%s was found by it and no test names it", r.Name, e.Name)
			}
		}
		if _, err := inventory.Read(t.Context(), fstest.MapFS{}, &inventory.Options{Ecosystems: []inventory.Ecosystem{e}}); err != nil {
			t.Errorf("%s: %v", e.Name, err)
		}
	}
}

// expectations is all that the ecosystem's testdata says.
func expectations(t *testing.T, ecosystem string) string {
	all := contents(t, "testdata/"+ecosystem+"/*.txtar")
	if all == "" {
		t.Errorf("%s: no testdata/%s/*.txtar", ecosystem, ecosystem)
	}
	return all
}

func contents(t *testing.T, pattern string) string {
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
	}
	return all.String()
}
