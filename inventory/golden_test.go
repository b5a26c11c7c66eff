package inventory_test

import (
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/inventory"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata")

// TestGolden reads every testdata/<ecosystem>/*.txtar: a tree of files, and
// in "want" the components that the ecosystem sees in it. A comment that
// begins with "image" makes the tree an image; a file whose name ends in
// ".base64" is decoded and loses the ending, and one that ends in ".link" is
// a symbolic link to what it says.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("testdata: %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.ToSlash(file)[len("testdata/"):], ".txtar"), func(t *testing.T) {
			golden(t, file)
		})
	}
}

func golden(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(filepath.Dir(file))
	var only []inventory.Ecosystem
	for _, e := range inventory.Ecosystems() {
		if e.Name == name {
			only = append(only, e)
		}
	}
	if only == nil {
		t.Fatalf("there is no ecosystem %q", name)
	}
	tree, want := unpack(t, archive)
	result, err := inventory.Read(t.Context(), tree, &inventory.Options{
		Image: strings.HasPrefix(string(archive.Comment), "image"), Ecosystems: only,
	})
	if err != nil {
		t.Fatal(err)
	}
	got := describe(result)
	if *update && got != want {
		put(archive, got)
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("components (-want +got):\n%s", diff)
	}
}

func unpack(t *testing.T, archive *txtar.Archive) (fstest.MapFS, string) {
	tree, want := fstest.MapFS{}, ""
	for _, f := range archive.Files {
		if f.Name == "want" {
			want = string(f.Data)
			continue
		}
		if name, ok := strings.CutSuffix(f.Name, ".base64"); ok {
			data, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(string(f.Data), "\n", ""))
			if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
			f.Name, f.Data = name, data
		}
		mode := fs.FileMode(0o644)
		if name, ok := strings.CutSuffix(f.Name, ".link"); ok {
			f.Name, f.Data, mode = name, bytes.TrimSpace(f.Data), fs.ModeSymlink|0o777
		}
		tree[f.Name] = &fstest.MapFile{Data: f.Data, Mode: mode}
	}
	return tree, want
}

func put(archive *txtar.Archive, want string) {
	at := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
	if at < 0 {
		archive.Files = append(archive.Files, txtar.File{Name: "want"})
		at = len(archive.Files) - 1
	}
	archive.Files[at].Data = []byte(want)
}

// describe writes all that is known of each component, a line each fact.
func describe(r *inventory.Result) string {
	var b strings.Builder
	if r.Distro != nil {
		fmt.Fprintf(&b, "distro %s\n", r.Distro)
	}
	for _, c := range r.Components {
		describeComponent(&b, &c)
	}
	for _, g := range r.Gaps {
		fmt.Fprintf(&b, "gap %s: %s: %s\n", g.Kind, g.What, g.Why)
	}
	return b.String()
}

func describeComponent(b *strings.Builder, c *boltseal.Component) {
	fmt.Fprintf(b, "%s %s", c.PURL, c.Basis)
	if c.Direct {
		b.WriteString(" direct")
	}
	if c.Dev {
		b.WriteString(" dev")
	}
	fmt.Fprintf(b, "\n\tname %s, version %s, by %s\n", c.Name, c.Version, c.FoundBy)
	if c.Source != nil {
		fmt.Fprintf(b, "\tsource %s %s\n", c.Source.Name, c.Source.Version)
	}
	facts := func(what string, all []string) {
		if len(all) > 0 {
			fmt.Fprintf(b, "\t%s %s\n", what, strings.Join(all, "; "))
		}
	}
	var places, hashes []string
	for _, l := range c.Locations {
		places = append(places, l.File)
	}
	for _, h := range c.Hashes {
		hashes = append(hashes, h.Algorithm()+":"+h.Short())
	}
	facts("at", places)
	facts("license", c.Licenses)
	if c.Supplier != "" {
		facts("supplier", []string{c.Supplier})
	}
	if c.OwnedBy != "" {
		facts("owned by", []string{c.OwnedBy})
	}
	if c.Module != "" {
		facts("module", []string{c.Module})
	}
	facts("cpe", c.CPEs)
	facts("hash", hashes)
	facts("needs", c.DependsOn)
	var evidence []string
	for _, e := range c.Evidence {
		evidence = append(evidence, e.Statement)
	}
	facts("evidence", evidence)
}
