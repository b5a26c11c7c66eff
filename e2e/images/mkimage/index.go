package main

import (
	"flag"
	"os"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// runIndex puts images that mkimage wrote under one name, each for its
// platform, and an attestation beside the first as BuildKit does.
func runIndex(args []string) error {
	set := flag.NewFlagSet("index", flag.ContinueOnError)
	out := set.String("o", "", "the OCI layout to write")
	name := set.String("name", "", "the index's name")
	rest, err := flags(set, args, 1)
	if err != nil {
		return err
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	var first v1.Hash
	for i, spec := range rest {
		platform, dir, _ := strings.Cut(spec, "=")
		image, err := only(dir)
		if err != nil {
			return err
		}
		p, err := v1.ParsePlatform(platform)
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: p}})
		if i == 0 {
			if first, err = image.Digest(); err != nil {
				return err
			}
		}
	}
	attestation, err := attest(first)
	if err != nil {
		return err
	}
	index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: attestation, Descriptor: v1.Descriptor{
		Platform: &v1.Platform{OS: "unknown", Architecture: "unknown"},
		Annotations: map[string]string{
			"vnd.docker.reference.type":   "attestation-manifest",
			"vnd.docker.reference.digest": first.String(),
		},
	}})
	if err := os.RemoveAll(*out); err != nil {
		return err
	}
	path, err := layout.Write(*out, empty.Index)
	if err != nil {
		return err
	}
	return path.AppendIndex(index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": *name}))
}

// only is the one image of a layout.
func only(dir string) (v1.Image, error) {
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	return index.Image(manifest.Manifests[0].Digest)
}

// attest is a manifest that looks like an image and is none.
func attest(subject v1.Hash) (v1.Image, error) {
	statement := `{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://slsa.dev/provenance/v0.2",` +
		`"subject":[{"name":"pkg:docker/app","digest":{"sha256":"` + subject.Hex + `"}}],"predicate":{}}`
	layer := static.NewLayer([]byte(statement), "application/vnd.in-toto+json")
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	return mutate.Append(base, mutate.Addendum{Layer: layer, MediaType: "application/vnd.in-toto+json",
		Annotations: map[string]string{"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"}})
}
