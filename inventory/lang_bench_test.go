package inventory_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/boltseal/boltseal/inventory"
)

// BenchmarkNodeModules reads an application of 2,000 installed packages.
func BenchmarkNodeModules(b *testing.B) {
	dir := b.TempDir()
	write := func(name, text string) {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o644)); err != nil {
			b.Fatal(err)
		}
	}
	write("app/package.json", `{"name": "app", "version": "1.0.0", "dependencies": {"package-1": "1"}}`)
	var lock strings.Builder
	lock.WriteString(`{"packages": {`)
	filler := strings.Repeat(`"some text that a manifest has and nobody reads", `, 20)
	for i := range 2000 {
		manifest := fmt.Sprintf(`{"name": "package-%d", "version": "1.%d.0", "description": "does things", "license": "MIT",
  "author": {"name": "A", "email": "a@example.org"}, "repository": {"type": "git", "url": "https://example.org/x"}, "keywords": [%s"x"],
  "scripts": {"test": "mocha \"a\" && nyc b"}, "dependencies": {"package-%d": "^1.0.0", "package-%d": "~1.0.0"}, "devDependencies": {"mocha": "*"}}`,
			i, i, filler, (i*7)%2000, (i*13)%2000)
		name := fmt.Sprintf("node_modules/package-%d", i)
		write("app/"+name+"/package.json", manifest)
		fmt.Fprintf(&lock, `"%s": {"version": "1.%d.0", "dev": true, "license": "MIT", "engines": {"node": ">=4"}},`, name, i)
	}
	lock.WriteString(`"": {}}}`)
	write("app/node_modules/.package-lock.json", lock.String())
	b.ReportAllocs()
	for b.Loop() {
		result, err := inventory.Read(b.Context(), os.DirFS(dir), &inventory.Options{Image: true, Jobs: 1, Ecosystems: only("npm")})
		if err != nil || len(result.Components) != 2001 {
			b.Fatal(len(result.Components), err)
		}
	}
}

// BenchmarkPackageLock reads a lock file of 2,000 packages.
func BenchmarkPackageLock(b *testing.B) {
	var lock strings.Builder
	lock.WriteString(`{"name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": {`)
	for i := range 2000 {
		fmt.Fprintf(&lock, `"node_modules/package-%d": {"version": "1.%d.0", "license": "MIT", "engines": {"node": ">=4"},
 "integrity": "sha512-GsCCIZDE/p3i96vtEqx+7dBUGXrc7zeSK3wwPHIaRThS+9OhWIXRqzs4d6k1SVU8g91DrNRWxWUGhp5KXQb2VA==",
 "dependencies": {"package-%d": "^1.0.0", "package-%d": "~1.0.0"}},`, i, i, (i*7)%2000, (i*13)%2000)
	}
	lock.WriteString(`"": {"dependencies": {"package-1": "1"}}}}`)
	tree := fstest.MapFS{"package-lock.json": {Data: []byte(lock.String())}}
	b.SetBytes(int64(lock.Len()))
	b.ReportAllocs()
	for b.Loop() {
		result, err := inventory.Read(b.Context(), tree, &inventory.Options{Jobs: 1, Ecosystems: only("npm")})
		if err != nil || len(result.Components) != 2000 {
			b.Fatal(len(result.Components), err)
		}
	}
}
