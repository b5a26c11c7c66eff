package trust_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	server "github.com/google/go-containerregistry/pkg/registry"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/policy"
	"github.com/boltseal/boltseal/seal"
	"github.com/boltseal/boltseal/source/registry"
	"github.com/boltseal/boltseal/trust"
)

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// harness is a registry in this process with one image, and two keys.
type harness struct {
	t      *testing.T
	client *registry.Client
	ref    registry.Ref
	name   string
	keys   map[string]*seal.PrivateKey
	files  map[string][]byte
}

func setUp(t *testing.T) *harness {
	t.Helper()
	s := httptest.NewServer(server.New(server.Logger(log.New(io.Discard, "", 0)), server.WithReferrersSupport(true)))
	t.Cleanup(s.Close)
	c, err := registry.New(&registry.Options{Attempts: 1, Sleep: func(context.Context, time.Duration) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	h := &harness{t: t, client: c, keys: map[string]*seal.PrivateKey{}}
	h.name = strings.TrimPrefix(s.URL, "http://") + "/acme/app"
	ref, err := registry.ParseRef(h.name + ":1")
	if err != nil {
		t.Fatal(err)
	}
	manifest := []byte(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}`)
	if _, err := c.PutManifest(t.Context(), ref, "application/vnd.oci.image.index.v1+json", manifest); err != nil {
		t.Fatal(err)
	}
	h.ref = ref
	for _, name := range []string{"release.pub", "other.pub"} {
		k, err := seal.GenerateKey(seal.KeyECDSA)
		if err != nil {
			t.Fatal(err)
		}
		h.keys[name] = k
	}
	return h
}

func (h *harness) signer(key string) *seal.Signer {
	s, err := seal.NewSigner(&seal.SignerOptions{Key: h.keys[key], Now: func() time.Time { return now }})
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

func (h *harness) sign(key string) {
	if _, err := h.signer(key).Image(h.t.Context(), h.client, h.ref, &seal.SignOptions{}); err != nil {
		h.t.Fatal(err)
	}
}

func (h *harness) attest(key, kind, predicate string) {
	if _, err := h.signer(key).Attest(h.t.Context(), h.client, h.ref, kind, json.RawMessage(predicate), &seal.SignOptions{}); err != nil {
		h.t.Fatal(err)
	}
}

func (h *harness) check(text string) *boltseal.Report {
	h.t.Helper()
	p, err := policy.Load("boltseal.yaml", []byte(strings.ReplaceAll(text, "IMAGE", h.name)))
	if err != nil {
		h.t.Fatal(err)
	}
	r, err := trust.Check(h.t.Context(), h.client, h.ref, &trust.Options{
		Policy: p, Now: func() time.Time { return now }, Trust: seal.PublicGood,
		File: h.file,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

// file is a file that a policy names.
func (h *harness) file(name string) ([]byte, error) {
	if k := h.keys[name]; k != nil {
		return k.Public().PEM(), nil
	}
	if data, ok := h.files[name]; ok {
		return data, nil
	}
	return nil, errors.New("no such file")
}

func (h *harness) want(policyText string, allow bool, checks ...string) *boltseal.Report {
	h.t.Helper()
	r := h.check(policyText)
	var got []string
	for _, f := range r.Findings {
		got = append(got, f.Check)
	}
	if r.Verdict.Allow != allow || fmt.Sprint(got) != fmt.Sprint(checks) {
		h.t.Errorf("%s\nallowed %v, findings %v; want %v, %v\n%+v", policyText, r.Verdict.Allow, got, allow, checks, r.Findings)
	}
	return r
}

const (
	signed   = "images: [{image: \"IMAGE\", signed-by: [{key: other.pub}, {key: release.pub}]}]"
	withSBOM = "images: [{image: \"IMAGE\", signed-by: [{key: release.pub}], attestations: [{type: cyclonedx, max-age: 30d}]}]"
	built    = "images: [{image: \"IMAGE\", provenance: {source: git.example.com/o/r, tag: v1, level: 3, builder: \"https://ci.example.com/1\", signed-by: [{key: release.pub}]}}]"

	sbom       = `{"bomFormat": "CycloneDX", "metadata": {"timestamp": "%s"}}`
	provenance = `{"buildDefinition": {"buildType": "x", "externalParameters": {"source": {"uri": "git+https://git.example.com/o/r@refs/tags/%s"}}},
		"runDetails": {"builder": {"id": "https://ci.example.com/1"}}}`
)

func TestSignatures(t *testing.T) {
	h := setUp(t)
	h.want("images: [{image: \"other/**\", unsigned: true}]", false, "trust/not-named")
	h.want("images: [{image: \"**\", unsigned: true}]", true)
	h.want("images: [{image: \"IMAGE\", deny: \"it was replaced by app2\"}, {image: \"**\", unsigned: true}]", false, "trust/denied")
	h.want(signed, false, "trust/unsigned")
	h.sign("release.pub")
	if r := h.want(signed, true); len(r.Evidence) != 1 || r.Evidence[0].Kind != boltseal.EvidenceSignature || r.Evidence[0].Digest != r.Artifact.Digest {
		t.Errorf("evidence %+v", r.Evidence)
	}
	r := h.want("images: [{image: \"IMAGE\", signed-by: [{key: other.pub}]}]", false, "trust/unsigned")
	if len(r.Findings[0].Evidence) < 2 {
		t.Error("it is not said why the signature does not count")
	}
	// A finding can be waived as every other.
	h.want("images: [{image: \"IMAGE\", signed-by: [{key: other.pub}]}]\nwaivers: [{id: trust/unsigned, reason: r, owner: o, expires: 2027-01-01}]", true, "trust/unsigned")
}

func TestAttestations(t *testing.T) {
	h := setUp(t)
	h.sign("release.pub")
	h.want(withSBOM, false, "trust/attestation-missing")
	h.attest("other.pub", "https://cyclonedx.org/bom", fmt.Sprintf(sbom, "2026-11-19T00:00:00Z"))
	h.want(withSBOM, false, "trust/attestation-missing") // by somebody whom the policy does not name
	h.attest("release.pub", "https://cyclonedx.org/bom", fmt.Sprintf(sbom, "2026-10-01T00:00:00Z"))
	h.want(withSBOM, false, "trust/attestation-old")
	h.attest("release.pub", "https://cyclonedx.org/bom", fmt.Sprintf(sbom, "2026-11-01T00:00:00Z"))
	h.want(withSBOM, true)
	h.want("images: [{image: \"IMAGE\", attestations: [{type: cyclonedx, signed-by: [{key: other.pub}]}]}]", true)
}

func TestUndated(t *testing.T) {
	h := setUp(t)
	h.sign("release.pub")
	h.attest("release.pub", "https://cyclonedx.org/bom", `{"bomFormat": "CycloneDX"}`)
	h.want(withSBOM, false, "trust/attestation-old")
}

func TestProvenance(t *testing.T) {
	h := setUp(t)
	h.want(built, false, "trust/provenance")
	h.attest("other.pub", "https://slsa.dev/provenance/v1", fmt.Sprintf(provenance, "v1"))
	h.want(built, false, "trust/provenance")
	h.attest("release.pub", "https://slsa.dev/provenance/v1", fmt.Sprintf(provenance, "v2"))
	if r := h.want(built, false, "trust/provenance"); !strings.Contains(r.Findings[0].Message, "want refs/tags/v1, got refs/tags/v2") {
		t.Errorf("it says %q", r.Findings[0].Message)
	}
	h.attest("release.pub", "https://slsa.dev/provenance/v1", fmt.Sprintf(provenance, "v1"))
	if r := h.want(built, true); !strings.Contains(r.Evidence[0].Statement, "level 3") {
		t.Errorf("evidence %+v", r.Evidence)
	}
}

// Only what a named signer says of vulnerabilities is read.
func TestVEX(t *testing.T) {
	h := setUp(t)
	const statement = `{"@context": "https://openvex.dev/ns/v0.2.0", "author": "%s", "timestamp": "2026-11-01T00:00:00Z",
		"statements": [{"vulnerability": {"name": "%s"}, "products": [{"@id": "pkg:npm/x"}], "status": "not_affected", "justification": "component_not_present"}]}`
	h.attest("release.pub", "https://openvex.dev/ns", fmt.Sprintf(statement, "us", "CVE-1"))
	h.attest("other.pub", "https://openvex.dev/ns", fmt.Sprintf(statement, "us", "CVE-2"))
	for text, want := range map[string]string{
		"images: [{image: \"IMAGE\", vex-by: [{key: release.pub}]}]":                   "[CVE-1]",
		"images: [{image: \"IMAGE\", vex-by: [{key: release.pub}, {key: other.pub}]}]": "[CVE-1 CVE-2]",
		"images: [{image: \"IMAGE\", signed-by: [{key: release.pub}]}]":                "[]",
	} {
		p, err := policy.Load("p", []byte(strings.ReplaceAll(text, "IMAGE", h.name)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := trust.VEX(t.Context(), h.client, h.ref, &trust.Options{Policy: p, Now: func() time.Time { return now }, Trust: seal.PublicGood,
			File: h.file})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, s := range got {
			ids = append(ids, s.IDs...)
			if s.Author == "us" {
				t.Error("the author is who the document says, and not who signed")
			}
		}
		slices.Sort(ids)
		if fmt.Sprint(ids) != want {
			t.Errorf("%s: %v, want %s", text, ids, want)
		}
	}
}

// A statement that cannot be read takes none of the others with it, and is
// told of.
func TestVEXThatCannotBeRead(t *testing.T) {
	h := setUp(t)
	h.attest("release.pub", "https://openvex.dev/ns", `{"@context": "https://openvex.dev/ns/v0.2.0", "statements": "none"}`)
	h.attest("release.pub", "https://openvex.dev/ns", `{"@context": "https://openvex.dev/ns/v0.2.0", "author": "us", "timestamp": "2026-11-01T00:00:00Z",
		"statements": [{"vulnerability": {"name": "CVE-1"}, "products": [{"@id": "pkg:npm/x"}], "status": "not_affected", "justification": "component_not_present"}]}`)
	h.attest("other.pub", "https://openvex.dev/ns", `{"@context": "https://openvex.dev/ns/v0.2.0", "statements": 1}`)
	p, err := policy.Load("p", []byte(strings.ReplaceAll("images: [{image: \"IMAGE\", vex-by: [{key: release.pub}]}]", "IMAGE", h.name)))
	if err != nil {
		t.Fatal(err)
	}
	o := &trust.Options{Policy: p, Now: func() time.Time { return now }, Trust: seal.PublicGood, File: h.file}
	got, err := trust.VEX(t.Context(), h.client, h.ref, o)
	if err == nil || len(got) != 1 || !slices.Contains(got[0].IDs, "CVE-1") {
		t.Errorf("got %+v, %v", got, err)
	}
	if n := strings.Count(fmt.Sprint(err), "\n"); n != 0 {
		t.Errorf("somebody's statement that does not count was read: %v", err)
	}
	gone := h.ref
	gone.Tag = "gone"
	if got, err := trust.VEX(t.Context(), h.client, gone, o); err == nil {
		t.Errorf("got %+v of an image that is not there", got)
	}
}

// A policy that cannot be meant is refused with its line.
func TestPolicyRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"images: [{signed-by: [{key: a}]}]":                                                     "needs image",
		"images: [{image: a}]":                                                                  "nothing is asked",
		"images: [{image: a, unsigned: true, signed-by: [{key: a}]}]":                           "leave nothing to ask",
		"images: [{image: a, signed-by: [{identity: a}]}]":                                      "a signer is key",
		"images: [{image: a, signed-by: [{key: a, issuer: b}]}]":                                "a signer is key",
		"images: [{image: a, signed-by: [{}]}]":                                                 "a signer is key",
		"images: [{image: a, attestations: [{type: vuln}]}]":                                    "whose attestations",
		"images: [{image: a, signed-by: [{key: a}], attestations: [{max-age: 1h}]}]":            "needs type",
		"images: [{image: a, signed-by: [{key: a}], attestations: [{type: b, max-age: soon}]}]": `age "soon"`,
		"images: [{image: a, provenance: {level: 2}}]":                                          "needs source",
		"images: [{image: a, provenance: {source: b, level: 4}}]":                               `level "4"`,
		"images: [{image: a, wat: b}]":                                                          "unknown key",
	} {
		if _, err := policy.Load("p.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "p.yaml:1:") {
			t.Errorf("%s: %v, want %q with its place", text, err, want)
		}
	}
}
