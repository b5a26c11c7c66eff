package seal_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/seal"
	"github.com/boltseal/boltseal/source/registry"
)

// pushIndex puts an index of two images at name, with a statement of
// BuildKit's about the first.
func (s *store) pushIndex(t testing.TB, name string) (registry.Ref, []boltseal.Digest) {
	t.Helper()
	r := s.ref(t, name)
	index := ocispec.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex}
	var all []boltseal.Digest
	for _, arch := range []string{"amd64", "arm64"} {
		layer := testimage.NewLayer(t, "gzip", testimage.Random(500+len(all)))
		im := testimage.New(layer)
		for _, blob := range [][]byte{layer.Stored, im.Config()} {
			s.put(t, r, registry.Describe("", blob), blob)
		}
		_, err := s.client.PutManifest(t.Context(), r.At(im.Digest()), im.MediaType(), im.Manifest())
		check(t, err)
		desc := registry.Describe(im.MediaType(), im.Manifest())
		desc.Platform = &ocispec.Platform{OS: "linux", Architecture: arch}
		index.Manifests = append(index.Manifests, desc)
		all = append(all, im.Digest())
	}
	payload, err := statement().Encode()
	check(t, err)
	layer := registry.Describe(seal.MediaTypeStatement, payload)
	layer.Annotations = map[string]string{"in-toto.io/predicate-type": "https://slsa.dev/provenance/v1"}
	config := []byte(`{"architecture":"unknown","os":"unknown","config":{},"rootfs":{"type":"layers","diff_ids":[]}}`)
	s.put(t, r, layer, payload)
	s.put(t, r, registry.Describe("", config), config)
	m, err := json.Marshal(ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest,
		Config: registry.Describe(ocispec.MediaTypeImageConfig, config), Layers: []ocispec.Descriptor{layer}})
	check(t, err)
	_, err = s.client.PutManifest(t.Context(), r.At(registry.Sum(m)), ocispec.MediaTypeImageManifest, m)
	check(t, err)
	desc := registry.Describe(ocispec.MediaTypeImageManifest, m)
	desc.Platform = &ocispec.Platform{OS: "unknown", Architecture: "unknown"}
	desc.Annotations = map[string]string{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": string(all[0])}
	index.Manifests = append(index.Manifests, desc)
	data, err := json.Marshal(index)
	check(t, err)
	_, err = s.client.PutManifest(t.Context(), r, index.MediaType, data)
	check(t, err)
	return r, append([]boltseal.Digest{registry.Sum(data)}, all...)
}

// What is signed on one registry verifies on another that it was copied to,
// whichever of them has the referrers API.
func TestCopyTakesEverythingAlong(t *testing.T) {
	for _, c := range []struct{ from, to bool }{{true, true}, {true, false}, {false, true}, {false, false}} {
		a, b := serve(t, c.from), serve(t, c.to)
		src, digests := a.pushIndex(t, "app:1")
		k := newKey(t, "")
		placed, err := keySigner(t, k).Image(t.Context(), a.client, src, &seal.SignOptions{Recursive: true, Legacy: true})
		check(t, err)
		if len(placed) != 6 {
			t.Fatalf("%v: %d signatures, want 6: %v", c, len(placed), placed)
		}
		_, err = keySigner(t, k).Attest(t.Context(), a.client, src.At(digests[1]), "https://example.test/x", json.RawMessage(`{}`), nil)
		check(t, err)
		dst := b.ref(t, "mirror/app:2")
		done, err := seal.Copy(t.Context(), a.client, src, b.client, dst, nil)
		check(t, err)
		if done.Digest != digests[0] || done.Manifests != 4 || done.Attached != 7 {
			t.Errorf("%v: got %+v", c, done)
		}
		v := keyVerifier(t, k)
		for i, d := range digests {
			r, err := v.Image(t.Context(), b.client, dst.At(d), seal.Want{})
			if err != nil || len(r.Verified) != 2 {
				t.Errorf("%v: image %d: %v, %v", c, i, r, err)
			}
		}
		if _, err := v.Image(t.Context(), b.client, dst, seal.Want{}); err != nil {
			t.Errorf("%v: %v", c, err)
		}
		again, err := seal.Copy(t.Context(), a.client, src, b.client, dst, nil)
		check(t, err)
		if again.Blobs != 0 || again.Present == 0 {
			t.Errorf("%v: a second time: %+v", c, again)
		}
		want, err := seal.Tree(t.Context(), a.client, src)
		check(t, err)
		got, err := seal.Tree(t.Context(), b.client, dst)
		check(t, err)
		if len(got.Images) != 2 || len(got.Attached) != len(want.Attached) || len(got.Images[0].Attached) != len(want.Images[0].Attached) || got.Images[0].Platform != "linux/amd64" {
			t.Errorf("%v: got %+v, want %+v", c, got, want)
		}
	}
}

func TestTagIsWrittenLast(t *testing.T) {
	a, b := serve(t, true), serve(t, false)
	src, _ := a.push(t, "app:1")
	_, err := keySigner(t, newKey(t, "")).Image(t.Context(), a.client, src, &seal.SignOptions{Legacy: true})
	check(t, err)
	_, err = seal.Copy(t.Context(), a.client, src, b.client, b.ref(t, "app:9"), nil)
	check(t, err)
	var puts []string
	for _, asked := range b.asked {
		if strings.HasPrefix(asked, http.MethodPut+" /v2/app/manifests/") {
			puts = append(puts, asked)
		}
	}
	if len(puts) != 5 || !strings.HasSuffix(puts[4], "/manifests/9") {
		t.Errorf("got %v", puts)
	}
}

// BuildKit's newer manifests are referrers of the image too.
func TestBuildKitReferrers(t *testing.T) {
	s := serve(t, true)
	ref, _ := s.push(t, "app:1")
	about, err := s.client.Resolve(t.Context(), ref)
	check(t, err)
	payload, err := statement().Encode()
	check(t, err)
	layer := registry.Describe(seal.MediaTypeStatement, payload)
	layer.Annotations = map[string]string{"in-toto.io/predicate-type": "https://spdx.dev/Document"}
	empty := []byte("{}")
	s.put(t, ref, layer, payload)
	s.put(t, ref, registry.Describe("", empty), empty)
	m, err := json.Marshal(ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest,
		ArtifactType: "application/vnd.docker.attestation.manifest.v1+json", Config: registry.Describe(ocispec.MediaTypeEmptyJSON, empty),
		Layers: []ocispec.Descriptor{layer, layer}, Subject: &about})
	check(t, err)
	_, err = s.client.PutManifest(t.Context(), ref.At(registry.Sum(m)), ocispec.MediaTypeImageManifest, m)
	check(t, err)
	n := 0
	for a, err := range seal.Attestations(t.Context(), s.client, ref, &seal.AttachedOptions{Kinds: []seal.Kind{seal.KindBuildKit}}) {
		check(t, err)
		if n++; a.Kind != seal.KindBuildKit || a.PredicateType != "https://spdx.dev/Document" {
			t.Errorf("got %+v", a)
		}
	}
	if n != 2 {
		t.Errorf("%d statements, want 2", n)
	}
}

func TestBuildKitStatementsAreListedAsUnsigned(t *testing.T) {
	s := serve(t, true)
	ref, digests := s.pushIndex(t, "app:1")
	n := 0
	for a, err := range seal.Attestations(t.Context(), s.client, ref, nil) {
		check(t, err)
		n++
		if a.Kind != seal.KindBuildKit || a.Kind.Signed() || a.About != digests[1] || a.PredicateType != "https://slsa.dev/provenance/v1" {
			t.Errorf("got %+v", a)
		}
		data, err := a.Read(t.Context(), 0)
		check(t, err)
		if _, err := seal.ParseStatement(data); err != nil {
			t.Error(err)
		}
	}
	if n != 1 {
		t.Errorf("%d things are attached, want 1", n)
	}
}
