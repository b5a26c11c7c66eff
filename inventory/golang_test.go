package inventory_test

import (
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/boltseal/boltseal/inventory"
)

// TestGoBinary reads this test's own program, which is a real one.
func TestGoBinary(t *testing.T) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		t.Fatal("this test has no build information")
	}
	path, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Skip(err)
	}
	tree := fstest.MapFS{"usr/bin/self": {Data: data, Mode: 0o755}}
	result, err := inventory.Read(t.Context(), tree, &inventory.Options{Image: true, Ecosystems: only("golang")})
	if err != nil || len(result.Gaps) > 0 {
		t.Fatal(err, result.Gaps)
	}
	for _, c := range result.Components {
		switch c.Name {
		case "stdlib":
			if !c.Linked.Has("os.ReadFile") || !c.Linked.Has("io/fs.WalkDir") || c.Linked.Has("os.Nothing") {
				t.Errorf("of the standard library's functions %d are known, and the wrong ones", len(c.Linked))
			}
		case "golang.org/x/mod":
			if !c.Linked.Has("golang.org/x/mod/modfile.Parse") || !c.Linked.Has("golang.org/x/mod/modfile.*") || c.Linked.Has("golang.org/x/mod/sumdb.NewClient") {
				t.Errorf("of %s %d functions are known, and the wrong ones", c.Name, len(c.Linked))
			}
		}
	}
	found := map[string]string{}
	for _, c := range result.Components {
		found[c.Name] = c.Version
	}
	if release := strings.TrimPrefix(runtime.Version(), "go"); found["stdlib"] != strings.Fields(release)[0] {
		t.Errorf("stdlib is %q, want %q", found["stdlib"], release)
	}
	for _, dep := range info.Deps {
		if dep.Replace == nil && found[dep.Path] != dep.Version {
			t.Errorf("%s is %q, want %q", dep.Path, found[dep.Path], dep.Version)
		}
	}
	if len(result.Components) < len(info.Deps)+1 {
		t.Errorf("%d components of %d modules", len(result.Components), len(info.Deps))
	}
}

func FuzzGoMod(f *testing.F)    { fuzzReader(f, "golang", "go.mod") }
func FuzzGoBinary(f *testing.F) { fuzzDecoded(f, "golang", "usr/bin/tool") }
