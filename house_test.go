package boltseal_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floors lists every package, from the ground up. A package may import
// packages on the floors below it and its own parents, nothing else.
// ARCHITECTURE.md explains the house.
var floors = [][]string{
	{"."},
	{"internal/limit", "internal/strictjson", "internal/atomicfile", "internal/spdx", "internal/testimage", "version", "policy", "rule", "audit"},
	{"syntax/dockerfile", "syntax/manifest", "source/layer", "source/registry", "source/repo", "advisory", "sbom", "vex", "store", "sensor/bpf"},
	{"source", "inventory", "seal", "seal/slsa", "check/compose", "check/custom", "check/docker", "check/kube", "check/image", "check/secret", "check/seccomp", "check/shell", "check/vuln", "check/workflow", "sensor", "sensor/enforce", "report", "report/foreign"},
	{"scan", "trust", "learn", "watch", "watch/kubeaudit", "watch/sink", "remedy", "remedy/image", "remedy/project", "remedy/upgrade"},
	{"job"},
	{"serve", "serve/admission", "serve/api", "serve/client", "serve/dashboard", "serve/dashboard/grafana"},
	{"cli"},
	{"cmd/boltseal", "examples/demo"},
}

// leaves are internal packages with one job each: they stand on floor 1 and
// any floor above may use them.
var leaves = []string{"internal/"}

// doors lists the imports that let code out of the house, and who holds
// the key. A key to "serve/" opens for everything below it.
var doors = map[string][]string{
	"net":                         {"source/registry", "source/repo", "source", "advisory", "seal", "serve/", "watch/kubeaudit", "watch/sink"},
	"net/http":                    {"source/registry", "source/repo", "source", "advisory", "seal", "serve/", "watch/kubeaudit", "watch/sink"}, // watch/sink sends alerts where the user says, watch/kubeaudit listens where the user says
	"os/exec":                     {"internal/tool"},
	"unsafe":                      {"sensor", "internal/sandbox"},
	"github.com/cilium/ebpf":      {"sensor/"},
	"golang.org/x/sys/unix":       {"sensor/", "internal/"},
	"syscall":                     {"sensor/enforce", "advisory", "cmd/boltseal", "source/layer", "source", "source/registry", "internal/"},
	"log":                         {},
	"log/slog":                    {"watch", "job", "serve/", "cli"},
	"math/rand":                   {},
	"text/template":               {"report"},
	"encoding/xml":                {"sbom", "report", "inventory", "internal/jar", "advisory"},
	"reflect":                     {"internal/strictjson", "serve/api"}, // the API's document is made of types
	"os":                          {"source", "source/layer", "source/registry", "source/repo", "store", "advisory", "sensor", "sensor/enforce", "remedy/image", "remedy/upgrade", "internal/", "watch/kubeaudit", "watch/sink", "cli", "cmd/boltseal", "examples/demo"},
	"github.com/spf13/viper":      {},
	"github.com/pkg/errors":       {},
	"github.com/stretchr/testify": {},
	"github.com/samber/lo":        {},
	"golang.org/x/xerrors":        {},
	"github.com/google/osv-scalibr/extractor/filesystem/list": {},
}

const module = "github.com/boltseal/boltseal"

// nested modules have their own go.mod and are not part of the house.
var nested = []string{"e2e", "bench", "tools", "conformance"}

func TestFloors(t *testing.T) {
	floor := map[string]int{}
	for i, pkgs := range floors {
		for _, p := range pkgs {
			floor[p] = i
		}
	}
	documented := map[string]bool{}
	house := os.DirFS(".")
	err := fs.WalkDir(house, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (d.Name()[0] == '.' || d.Name() == "testdata" || slices.Contains(nested, name)):
			return fs.SkipDir
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		src, err := fs.ReadFile(house, name)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		pkg := path.Dir(name)
		at, ok := floor[pkg]
		if !ok {
			at = 1
			if !slices.ContainsFunc(leaves, func(leaf string) bool { return strings.HasPrefix(pkg, leaf) }) {
				t.Errorf("%s stands on no floor: place it in house_test.go", pkg)
			}
			floor[pkg] = at
		}
		documented[pkg] = documented[pkg] || f.Doc.Text() != ""
		for _, spec := range f.Imports {
			imp, _ := strconv.Unquote(spec.Path.Value)
			if keys, locked := doors[imp]; locked && !holdsKey(keys, pkg) {
				t.Errorf("%s: %s holds no key to %s", name, pkg, imp)
			}
			if imp == module {
				imp = module + "/."
			}
			if to, ok := strings.CutPrefix(imp, module+"/"); ok {
				below := floorOf(floor, to) < at || isLeaf(to) && isLeaf(pkg)
				if parent := strings.HasPrefix(pkg, to+"/"); !below && !parent {
					t.Errorf("%s: %s must not import %s: it does not stand below", name, pkg, to)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range floor {
		if !documented[pkg] {
			t.Errorf("%s has no package comment, or no longer exists", pkg)
		}
	}
}

func floorOf(floor map[string]int, pkg string) int {
	if at, ok := floor[pkg]; ok {
		return at
	}
	if isLeaf(pkg) {
		return 1
	}
	return len(floors)
}

func isLeaf(pkg string) bool {
	return slices.ContainsFunc(leaves, func(leaf string) bool { return strings.HasPrefix(pkg, leaf) })
}

func holdsKey(keys []string, pkg string) bool {
	return slices.ContainsFunc(keys, func(key string) bool {
		return pkg == strings.TrimSuffix(key, "/") || strings.HasSuffix(key, "/") && strings.HasPrefix(pkg, key)
	})
}
