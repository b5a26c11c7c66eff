package inventory_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/boltseal/boltseal/inventory"
)

// repeat writes n lines from a pattern with one number in it.
func repeat(pattern string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, pattern, i)
	}
	return b.String()
}

// TestHostileShapes reads a few megabytes in shapes that take a reader very
// long if its time grows with the square of their size.
func TestHostileShapes(t *testing.T) {
	const n = 50_000
	deep := strings.Repeat("node_modules/a/", 60) + "node_modules/b"
	for _, c := range []struct{ name, ecosystem, path, text string }{
		{
			"pom", "java", "pom.xml", "<project><dependencyManagement><dependencies>" +
				repeat("<dependency><groupId>g</groupId><artifactId>a%d</artifactId><version>1</version></dependency>", n) +
				"</dependencies></dependencyManagement><dependencies>" +
				repeat("<dependency><groupId>g</groupId><artifactId>a%d</artifactId></dependency>", n) + "</dependencies></project>",
		},
		{
			"deep lock", "npm", "package-lock.json",
			`{"packages": {"` + deep + `": {"version": "1.0.0", "dependencies": {` + repeat(`"d%d": "1",`, n) + `"e": "1"}}}}`,
		},
		{"endless folder", "npm", "package-lock.json", `{"packages": {"` + strings.Repeat("node_modules/a/", n) + `b": {"version": "1.0.0", "dependencies": {` + repeat(`"d%d": "1",`, n) + `"e": "1"}}}}`},
		{"bun", "npm", "bun.lock", `{"packages": {"` + strings.Repeat("a/", 500) + `b": ["b@1.0.0", "", {"dependencies": {` + repeat(`"d%d": "1",`, n) + `}}, ""]}}`},
		{"one gem", "ruby", "Gemfile.lock", "GEM\n  specs:\n" + repeat("    a (1.%d)\n      a\n", n)},
		{"go.mod", "golang", "go.mod", "module m\n" + repeat("replace m%d => n v1.0.0\n", n) + repeat("require m%d v1.0.0\n", n) + repeat("exclude m%d v1.0.0\n", n)},
		{"conan", "conan", "conan.lock", `{"graph_lock": {"nodes": {"0": {"build_requires": [` + repeat(`"%d",`, n) + `"x"], "requires": [` + repeat(`"%d",`, n) + `"x"]}}}}`},
		{"licences", "npm", "node_modules/x/package.json", `{"name": "x", "version": "1.0.0", "license": [` + repeat(`"l%d",`, n) + `"x"]}`},
		{"headers", "python", "x-1.dist-info/METADATA", "Name: x\nVersion: 1\nSummary: x\n" + strings.Repeat(" y\n", 20*n)},
		{"via", "python", "requirements.txt", repeat("a%d==1.0 # via a1, a2, a3\n", n)},
		{"yaml", "npm", "pnpm-lock.yaml", "lockfileVersion: '9.0'\npackages:\n" + repeat("  a%d@1.0.0: {resolution: {integrity: x}}\n", n/2) + "snapshots:\n" + repeat("  a%d@1.0.0: {dependencies: {a1: 1.0.0}}\n", n/2)},
		{"nested json", "npm", "package-lock.json", strings.Repeat(`{"dependencies":{"a":`, n) + "1" + strings.Repeat("}}", n)},
		{"cargo", "rust", "Cargo.lock", repeat("[[package]]\nname = \"a%d\"\nversion = \"1.0.0\"\ndependencies = [\"a1\", \"a2\"]\n", n/2)},
		{"beam", "beam", "rebar.lock", strings.Repeat("{[", n)},
	} {
		t.Run(c.name, func(t *testing.T) {
			done := make(chan error, 1)
			go func() {
				_, err := inventory.Read(t.Context(), fstest.MapFS{c.path: {Data: []byte(c.text)}}, &inventory.Options{Ecosystems: only(c.ecosystem)})
				done <- err
			}()
			select {
			case err := <-done:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(time.Minute):
				t.Fatalf("%d bytes took more than a minute", len(c.text))
			}
		})
	}
}
