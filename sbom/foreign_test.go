package sbom_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/sbom"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata")

// The documents in testdata/foreign are written by hand the way other tools
// write theirs.
func TestForeignDocuments(t *testing.T) {
	files, err := filepath.Glob("testdata/foreign/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			data := archive.Files[0].Data
			if strings.Contains(file, "microsoft") {
				data = append([]byte("\xef\xbb\xbf"), data...)
			}
			doc, f, err := sbom.Read(data)
			if err != nil {
				t.Fatal(err)
			}
			if !f.Detect(data) && !strings.Contains(file, "buildkit") && !strings.Contains(file, "github") {
				t.Errorf("%s does not detect what it reads", f.Name)
			}
			got := summary(doc)
			if *update {
				archive.Files = append(archive.Files[:1], txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if len(archive.Files) < 2 {
				t.Fatal("no expectation; run with -update")
			}
			if diff := cmp.Diff(string(archive.Files[1].Data), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// summary says in lines what a document holds.
func summary(doc *sbom.Document) string {
	var b strings.Builder
	line := func(name string, values ...any) {
		if s := strings.TrimSpace(fmt.Sprintln(values...)); s != "" && s != "[]" && s != "{ }" {
			fmt.Fprintf(&b, "%s: %s\n", name, s)
		}
	}
	a := &doc.Artifact
	line("format", doc.Format)
	line("serial", doc.Serial)
	line("artifact", a.Kind, a.Name)
	line("  digest", a.Digest)
	line("  image", a.ImageID)
	if a.Platform != nil {
		line("  platform", a.Platform)
	}
	for _, l := range a.Layers {
		line("  layer", l.DiffID)
	}
	for _, k := range slices.Sorted(maps.Keys(a.Labels)) {
		line("  label", k, a.Labels[k])
	}
	if d := a.Distro; d != nil {
		line("  distro", d.String(), d.Name, d.Codename)
	}
	line("tool", doc.Tool.Name, doc.Tool.Version)
	if !doc.Time.IsZero() {
		line("time", doc.Time)
	}
	line("authors", strings.Join(doc.Authors, ", "))
	line("phase", doc.Phase)
	line("completeness", doc.Completeness)
	for i, c := range doc.Components {
		line("component", c.PURL)
		line("  name", c.Name, "version", c.Version)
		if c.Source != nil {
			line("  source", c.Source.Name, c.Source.Version)
		}
		line("  evidence", c.Basis, "by", c.FoundBy)
		for _, l := range c.Locations {
			line("  at", l.File, l.Layer)
		}
		line("  licenses", strings.Join(c.Licenses, ", "))
		line("  supplier", c.Supplier)
		line("  hashes", strings.Join(digests(c.Hashes), ", "))
		line("  cpes", strings.Join(c.CPEs, ", "))
		line("  module", c.Module)
		line("  needs", strings.Join(c.DependsOn, ", "))
		if c.Direct || c.Dev {
			line("  flags", "direct", c.Direct, "dev", c.Dev)
		}
		if i < len(doc.Details) {
			d := doc.Details[i]
			line("  kind", d.Kind)
			line("  description", d.Description)
			line("  copyright", d.Copyright)
			line("  contact", d.Contact)
			line("  website", d.Website)
			line("  download", d.Download)
			line("  source code", d.SourceCode)
			if d.Orphan {
				line("  orphan", true)
			}
			for _, p := range d.Properties {
				line("  property", p.Name, p.Value)
			}
		}
	}
	for _, g := range doc.Gaps {
		line("gap", g.Kind, g.What+":", g.Why)
	}
	return b.String()
}

func digests(all []boltseal.Digest) []string {
	var out []string
	for _, d := range all {
		out = append(out, string(d))
	}
	return out
}
