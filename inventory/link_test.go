package inventory_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/inventory"
)

// needs says what each component depends on.
func needs(r *inventory.Result) map[string]string {
	all := map[string]string{}
	for _, c := range r.Components {
		all[c.PURL] = strings.Join(c.DependsOn, " ")
	}
	return all
}

// TestLinkStore has packages in pnpm's store, which node_modules links to.
func TestLinkStore(t *testing.T) {
	const store = "app/node_modules/.pnpm/"
	tree := fstest.MapFS{
		"app/package.json": text(`{"name": "app", "version": "1.0.0", "dependencies": {"a": "1"}}`),
		store + "a@1.0.0/node_modules/a/package.json": text(`{"name": "a", "version": "1.0.0", "dependencies": {"b": "1", "gone": "1"}}`),
		store + "b@1.0.0/node_modules/b/package.json": text(`{"name": "b", "version": "1.0.0"}`),
		store + "b@2.0.0/node_modules/b/package.json": text(`{"name": "b", "version": "2.0.0"}`),
		"app/node_modules/a":                          link(".pnpm/a@1.0.0/node_modules/a"),
		store + "a@1.0.0/node_modules/b":              link("../../b@1.0.0/node_modules/b"),
	}
	result, err := inventory.Read(t.Context(), tree, &inventory.Options{Image: true, Ecosystems: only("npm")})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"pkg:generic/app@1.0.0": "pkg:npm/a@1.0.0", "pkg:npm/a@1.0.0": "pkg:npm/b@1.0.0", "pkg:npm/b@1.0.0": "", "pkg:npm/b@2.0.0": "",
	}
	if diff := cmp.Diff(want, needs(result)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestLinkNearest has one distribution in two environments: each package
// meets the one beside it.
func TestLinkNearest(t *testing.T) {
	metadata := func(name, version, rest string) *fstest.MapFile {
		return text("Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n" + rest)
	}
	tree := fstest.MapFS{
		"usr/lib/python3/site-packages/idna-3.0.dist-info/METADATA":     metadata("idna", "3.0", ""),
		"usr/lib/python3/site-packages/requests-2.0.dist-info/METADATA": metadata("requests", "2.0", "Requires-Dist: IDNA>=2\n"),
		"opt/venv/lib/site-packages/idna-2.0.dist-info/METADATA":        metadata("idna", "2.0", ""),
		"opt/venv/lib/site-packages/requests-1.0.dist-info/METADATA":    metadata("requests", "1.0", "Requires-Dist: idna\nRequires-Dist: absent\n"),
	}
	result, err := inventory.Read(t.Context(), tree, &inventory.Options{Image: true, Ecosystems: only("python")})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"pkg:pypi/idna@2.0": "", "pkg:pypi/idna@3.0": "",
		"pkg:pypi/requests@1.0": "pkg:pypi/idna@2.0", "pkg:pypi/requests@2.0": "pkg:pypi/idna@3.0",
	}
	if diff := cmp.Diff(want, needs(result)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
