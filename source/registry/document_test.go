package registry_test

import (
	"strings"
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/source/registry"
)

const (
	ociIndex    = "application/vnd.oci.image.index.v1+json"
	ociManifest = "application/vnd.oci.image.manifest.v1+json"
)

func TestDecode(t *testing.T) {
	const d = `{"mediaType":"x","digest":"sha256:` + hex64 + `","size":1}`
	for _, c := range []struct {
		name, mediaType, data, want string // want is part of the error; "" means manifest, "index" index
	}{
		{"manifest", ociManifest, `{"schemaVersion":2,"config":` + d + `,"layers":[` + d + `]}`, ""},
		{"index", ociIndex, `{"schemaVersion":2,"manifests":[` + d + `]}`, "index"},
		{"docker", "", `{"schemaVersion":2,"mediaType":"` + registry.DockerIndex + `","manifests":[]}`, "index"},
		{"served as plain text", "text/plain", `{"schemaVersion":2,"config":` + d + `,"layers":[]}`, ""},
		{"two things at once", "", `{"schemaVersion":2,"manifests":[],"config":` + d + `,"layers":[]}`, "at once"},
		{"index called manifest", ociManifest, `{"schemaVersion":2,"manifests":[]}`, "contradict"},
		{"manifest calls itself index", "", `{"schemaVersion":2,"mediaType":"` + ociIndex + `","config":` + d + `}`, "contradict"},
		{"header and body differ", ociManifest, `{"schemaVersion":2,"mediaType":"` + registry.DockerManifest + `","config":` + d + `}`, "contradict"},
		{"a name twice", "", `{"schemaVersion":2,"config":` + d + `,"layers":[],"layers":[` + d + `]}`, "twice"},
		{"negative size", "", `{"schemaVersion":2,"manifests":[{"digest":"sha256:` + hex64 + `","size":-1}]}`, "no blob can have"},
		{"size that overflows sums", "", `{"schemaVersion":2,"manifests":[{"digest":"sha256:` + hex64 + `","size":9223372036854775807}]}`, "no blob can have"},
		{"no digest", "", `{"schemaVersion":2,"manifests":[{"size":1}]}`, "digest"},
		{"path for a digest", "", `{"schemaVersion":2,"manifests":[{"digest":"sha256:../../../../etc/passwd","size":1}]}`, "digest"},
		{"schema 1", "", `{"schemaVersion":1,"fsLayers":[{}]}`, "too old"},
		{"no version", "", `{"manifests":[]}`, "version"},
		{"nothing", "", `{"schemaVersion":2}`, "neither"},
		{"data behind", "", `{"schemaVersion":2,"manifests":[]}{}`, "after"},
		{"deep", "", `{"schemaVersion":2,"x":` + strings.Repeat("[", 10000) + strings.Repeat("]", 10000) + `}`, "nested"},
		{"many", "", `{"schemaVersion":2,"manifests":[` + strings.Repeat("{},", 600_000) + `{}]}`, "values"},
		{"large", "", strings.Repeat(" ", registry.MaxManifest+1), "more than"},
		{"size is no number", "", `{"schemaVersion":2,"manifests":[{"digest":"sha256:` + hex64 + `","size":1e99}]}`, "number"},
		{"not JSON", "", `<html>`, "invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc, err := registry.Decode(c.mediaType, []byte(c.data))
			switch {
			case err != nil && (c.want == "" || c.want == "index" || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %q", err, c.want)
			case err == nil && (doc.Index != nil) != (c.want == "index"), err == nil && (doc.Manifest != nil) != (c.want == ""):
				t.Errorf("got %+v, want %q", doc, c.want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("", []byte(`{"schemaVersion":2,"manifests":[{"digest":"sha256:`+hex64+`","size":1,"platform":{"os":"linux"}}]}`))
	f.Add(ociManifest, []byte(`{"schemaVersion":2,"config":{"digest":"sha256:`+hex64+`","size":1},"layers":null,"subject":{}}`))
	f.Fuzz(func(t *testing.T, mediaType string, data []byte) {
		doc, err := registry.Decode(mediaType, data)
		if err != nil {
			return
		}
		if (doc.Index == nil) == (doc.Manifest == nil) {
			t.Fatal("want exactly one of the two")
		}
		if doc.Manifest != nil {
			for _, l := range append(doc.Manifest.Layers, doc.Manifest.Config) {
				if _, err := boltseal.ParseDigest(string(l.Digest)); err != nil || l.Size < 0 {
					t.Fatalf("let through %+v", l)
				}
			}
		}
	})
}
