package sbom_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/sbom"
)

func TestMerge(t *testing.T) {
	image := boltseal.Artifact{Kind: boltseal.KindImage, Name: "shop:1", Digest: "sha256:" + boltseal.Digest(strings.Repeat("1", 64))}
	a := &sbom.Document{
		Artifact: image, Authors: []string{"A"}, Completeness: sbom.Complete, Phase: "build",
		Components: []boltseal.Component{
			{
				PURL: "pkg:npm/a@1", Name: "a", Version: "1", Basis: boltseal.Declared, FoundBy: "lock", Direct: true, Dev: true,
				Locations: []boltseal.Location{{File: "package-lock.json"}}, DependsOn: []string{"pkg:npm/c@1"}, Licenses: []string{"MIT"},
			},
			{Name: "nameless", Version: "1"},
		},
		Gaps: []boltseal.Gap{{Kind: "k", What: "x"}},
	}
	b := &sbom.Document{
		Artifact: image, Authors: []string{"A", "B"}, Completeness: sbom.CannotBeKnown, Phase: "build",
		Components: []boltseal.Component{
			{
				PURL: "pkg:npm/a@1", Name: "a", Version: "1", Basis: boltseal.Installed, FoundBy: "installed", Supplier: "S",
				Locations: []boltseal.Location{{File: "node_modules/a"}, {File: "package-lock.json"}}, DependsOn: []string{"pkg:npm/b@1"},
				Licenses: []string{"ISC"}, Hashes: []boltseal.Digest{"md5:0"},
			},
			{PURL: "pkg:npm/a@2", Name: "a", Version: "2"},
			{Name: "nameless", Version: "1"},
		},
		Gaps:    []boltseal.Gap{{Kind: "k", What: "x"}, {Kind: "k", What: "y"}},
		Details: []sbom.Detail{{Website: "https://example.org"}, {}, {}},
	}
	before, _ := json.Marshal([]*sbom.Document{a, b})
	got := sbom.Merge(a, b)
	want := &sbom.Document{
		Artifact: image, Authors: []string{"A", "B"}, Completeness: sbom.CannotBeKnown, Phase: "build",
		Components: []boltseal.Component{
			{Name: "nameless", Version: "1"},
			{
				PURL: "pkg:npm/a@1", Name: "a", Version: "1", Basis: boltseal.Installed, FoundBy: "installed", Supplier: "S", Direct: true,
				Locations: []boltseal.Location{{File: "node_modules/a"}, {File: "package-lock.json"}},
				DependsOn: []string{"pkg:npm/b@1", "pkg:npm/c@1"}, Licenses: []string{"MIT"}, Hashes: []boltseal.Digest{"md5:0"},
			},
			{PURL: "pkg:npm/a@2", Name: "a", Version: "2"},
		},
		Gaps:    []boltseal.Gap{{Kind: "k", What: "x"}, {Kind: "k", What: "y"}},
		Details: []sbom.Detail{{}, {Website: "https://example.org"}, {}},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if after, _ := json.Marshal([]*sbom.Document{a, b}); string(after) != string(before) {
		t.Errorf("the merged documents changed:\n%s\n%s", before, after)
	}
}

func TestMergeOfDifferentArtifacts(t *testing.T) {
	doc := func(name, distro string) *sbom.Document {
		d := &sbom.Document{Artifact: boltseal.Artifact{Kind: boltseal.KindImage, Name: name, Layers: []boltseal.Layer{{DiffID: "x"}}}}
		if distro != "" {
			d.Artifact.Distro = &boltseal.Distro{ID: distro, Version: "1"}
		}
		return d
	}
	got := sbom.Merge(doc("a", "debian"), doc("b", "alpine"), doc("c", ""))
	if got.Artifact.Name != "a + b + c" || got.Artifact.Kind != boltseal.KindSBOM || got.Artifact.Distro != nil || got.Artifact.Layers != nil {
		t.Errorf("artifact %+v", got.Artifact)
	}
	if len(got.Gaps) != 1 || got.Gaps[0].Kind != "mixed-distributions" {
		t.Errorf("gaps %+v", got.Gaps)
	}
	if got = sbom.Merge(doc("a", "debian"), doc("b", ""), doc("c", "debian")); got.Artifact.Distro == nil || len(got.Gaps) != 0 {
		t.Errorf("one distribution: %+v, gaps %v", got.Artifact.Distro, got.Gaps)
	}
	if got = sbom.Merge(); len(got.Components) != 0 {
		t.Errorf("merge of nothing: %+v", got)
	}
}

// A document merged with itself stays as it is, whatever is in it.
func TestMergeWithItself(t *testing.T) {
	for seed := range uint64(50) {
		doc := newRandom(seed).document()
		once := sbom.Merge(doc)
		if diff := cmp.Diff(once, sbom.Merge(doc, doc), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("seed %d: -once +twice:\n%s", seed, diff)
		}
		purls := map[string]bool{}
		for _, c := range doc.Components {
			purls[c.PURL+" "+c.Name+" "+c.Version] = true
		}
		for _, c := range once.Components {
			if c.PURL != "" && !slices.ContainsFunc(doc.Components, func(d boltseal.Component) bool { return d.PURL == c.PURL }) {
				t.Errorf("seed %d: %s comes from nowhere", seed, c.PURL)
			}
		}
	}
}

func TestDiff(t *testing.T) {
	from := &sbom.Document{
		Artifact: boltseal.Artifact{Name: "shop:1", Distro: &boltseal.Distro{ID: "debian", Version: "12"}},
		Components: []boltseal.Component{
			{PURL: "pkg:deb/debian/tar@1.34?arch=amd64&distro=debian-12&upstream=tar@1", Name: "tar", Version: "1.34"},
			{PURL: "pkg:deb/debian/libc6@2.36?arch=amd64", Name: "libc6", Version: "2.36"},
			{PURL: "pkg:deb/debian/libc6@2.36?arch=i386", Name: "libc6", Version: "2.36"},
			{PURL: "pkg:npm/semver@5.0.0", Name: "semver", Version: "5.0.0"},
			{PURL: "pkg:npm/semver@6.0.0", Name: "semver", Version: "6.0.0"},
			{PURL: "pkg:npm/semver@7.0.0", Name: "semver", Version: "7.0.0"},
			{PURL: "pkg:npm/gone@1.0.0", Name: "gone", Version: "1.0.0"},
			{
				PURL: "pkg:npm/same@1.0.0", Name: "same", Version: "1.0.0", Licenses: []string{"MIT", "ISC"}, FoundBy: "x",
				Locations: []boltseal.Location{{File: "a", Layer: "sha256:1"}}, DependsOn: []string{"pkg:npm/semver@7.0.0"},
			},
			{PURL: "pkg:npm/relicensed@1.0.0", Name: "relicensed", Version: "1.0.0", Licenses: []string{"MIT"}},
			{Name: "nameless", Version: "1"},
		},
	}
	to := &sbom.Document{
		Artifact: boltseal.Artifact{Name: "shop:2", Distro: &boltseal.Distro{ID: "debian", Version: "13"}},
		Components: []boltseal.Component{
			{PURL: "pkg:deb/debian/tar@1.35?arch=amd64&distro=debian-13&upstream=tar@2", Name: "tar", Version: "1.35"},
			{PURL: "pkg:deb/debian/libc6@2.36?arch=amd64", Name: "libc6", Version: "2.36"},
			{PURL: "pkg:deb/debian/libc6@2.37?arch=i386", Name: "libc6", Version: "2.37"},
			{PURL: "pkg:npm/semver@6.0.0", Name: "semver", Version: "6.0.0"},
			{PURL: "pkg:npm/semver@7.1.0", Name: "semver", Version: "7.1.0"},
			{PURL: "pkg:npm/new@1.0.0", Name: "new", Version: "1.0.0"},
			{
				PURL: "pkg:npm/same@1.0.0", Name: "same", Version: "1.0.0", Licenses: []string{"ISC", "MIT"}, FoundBy: "y",
				Locations: []boltseal.Location{{File: "b", Layer: "sha256:2"}}, DependsOn: []string{"pkg:npm/semver@7.1.0"},
			},
			{PURL: "pkg:npm/relicensed@1.0.0", Name: "relicensed", Version: "1.0.0", Licenses: []string{"BUSL-1.1"}},
			{Name: "nameless", Version: "2"},
		},
	}
	d := sbom.Diff(from, to)
	var got []string
	for _, c := range d.Added {
		got = append(got, "+ "+c.Name+" "+c.Version)
	}
	for _, c := range d.Removed {
		got = append(got, "- "+c.Name+" "+c.Version)
	}
	for _, c := range d.Changed {
		got = append(got, "~ "+c.From.Name+" "+c.From.Version+" "+c.To.Version+" "+strings.Join(c.Fields, ","))
	}
	want := []string{
		"+ new 1.0.0",
		"- gone 1.0.0",
		"- semver 7.0.0",
		"~ nameless 1 2 version",
		"~ libc6 2.36 2.37 version",
		"~ tar 1.34 1.35 version,purl",
		"~ relicensed 1.0.0 1.0.0 licenses",
		"~ semver 5.0.0 7.1.0 version",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if d.Same != 3 || d.Empty() || d.From.Distro != "debian-12" || d.To.Total != 9 {
		t.Errorf("same %d, empty %v, from %+v, to %+v", d.Same, d.Empty(), d.From, d.To)
	}
	if !sbom.Diff(from, from).Empty() {
		t.Error("a document differs from itself")
	}
}

// Going back undoes going forth.
func TestDiffIsSymmetric(t *testing.T) {
	for seed := range uint64(50) {
		a, b := newRandom(seed).document(), newRandom(seed+1000).document()
		forth, back := sbom.Diff(a, b), sbom.Diff(b, a)
		if diff := cmp.Diff(forth.Added, back.Removed); diff != "" {
			t.Errorf("seed %d: %s", seed, diff)
		}
		if len(forth.Changed) != len(back.Changed) || forth.Same != back.Same {
			t.Errorf("seed %d: %d changed, %d back", seed, len(forth.Changed), len(back.Changed))
		}
		if !sbom.Diff(a, a).Empty() {
			t.Errorf("seed %d: a document differs from itself", seed)
		}
	}
}
