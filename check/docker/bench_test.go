package docker_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/boltseal/boltseal/check/docker"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// One ordinary file of three stages, parsed and checked by every rule.
func BenchmarkRun(b *testing.B) {
	source, err := os.ReadFile(filepath.Join("testdata", "bench", "Dockerfile"))
	if err != nil {
		b.Fatal(err)
	}
	rules := docker.Rules()
	b.SetBytes(int64(len(source)))
	for b.Loop() {
		docker.Run(dockerfile.Parse("Dockerfile", source), rules, nil)
	}
}

// FuzzRun looks for files on which a rule fails, or reports what is not in
// the file.
func FuzzRun(f *testing.F) {
	names, err := filepath.Glob("testdata/*.Dockerfile")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		source, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(source)
	}
	rules := docker.Rules()
	f.Fuzz(func(t *testing.T, source []byte) {
		opts := &docker.Options{Context: []string{".git"}, Labels: []string{"a"}, Registries: []string{"x"}, Ignored: func(name string) bool { return name == "a" }}
		for _, found := range docker.Run(dockerfile.Parse("Dockerfile", source), rules, opts) {
			spans := []int{found.Location.Span.Start, found.Location.Span.End}
			for _, fix := range found.Fixes {
				for _, e := range fix.Edits {
					spans = append(spans, e.Span.Start, e.Span.End)
				}
			}
			for i := 0; i < len(spans); i += 2 {
				if spans[i] < 0 || spans[i] > spans[i+1] || spans[i+1] > len(source) {
					t.Fatalf("%s: the span %d to %d does not fit a file of %d bytes", found.Check, spans[i], spans[i+1], len(source))
				}
			}
		}
	})
}
