package seal_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/seal"
	"github.com/boltseal/boltseal/source/registry"
)

// edit changes a bundle as JSON.
func edit(t testing.TB, data []byte, change func(bundle map[string]any)) []byte {
	t.Helper()
	var doc map[string]any
	check(t, json.Unmarshal(data, &doc))
	change(doc)
	out, err := json.Marshal(doc)
	check(t, err)
	return out
}

func material(doc map[string]any) map[string]any { return doc["verificationMaterial"].(map[string]any) }

// keyless is a bundle of a fresh instance, and a verifier that accepts it.
func keyless(t testing.TB, version uint32, stamps bool, prepare func(*sigstore)) ([]byte, *seal.Trust) {
	t.Helper()
	ss := newSigstore(t)
	if prepare != nil {
		prepare(ss)
	}
	data, err := signer(t, &seal.SignerOptions{Token: token(someone, vouches), Services: ss.services(version, stamps)}).Statement(t.Context(), statement())
	check(t, err)
	return data, ss.trust(t)
}

func TestKeylessBundlesAreRefused(t *testing.T) {
	want := seal.Want{Digest: subject}
	refuse := func(t *testing.T, data []byte, trust *seal.Trust, step seal.StepName, words ...string) {
		t.Helper()
		_, err := verifier(t, &seal.VerifierOptions{Identities: identity(), Trust: trust}).Bundle(data, want)
		refusedAt(t, err, step, words...)
	}
	t.Run("without SCT", func(t *testing.T) {
		data, trust := keyless(t, 1, false, func(s *sigstore) { s.withoutSCT = true })
		refuse(t, data, trust, seal.StepSCT, "certificate transparency log")
		if _, err := verifier(t, &seal.VerifierOptions{Identities: identity(), Trust: trust, WithoutSCT: true}).Bundle(data, want); err != nil {
			t.Errorf("not asked for: %v", err)
		}
	})
	t.Run("stripped timestamp", func(t *testing.T) {
		data, trust := keyless(t, 2, true, nil)
		data = edit(t, data, func(doc map[string]any) { delete(material(doc), "timestampVerificationData") })
		refuse(t, data, trust, seal.StepTimestamp, "nobody attests when it was signed")
	})
	t.Run("stripped log entry", func(t *testing.T) {
		data, trust := keyless(t, 1, true, nil)
		data = edit(t, data, func(doc map[string]any) { delete(material(doc), "tlogEntries") })
		refuse(t, data, trust, seal.StepLog, "without any entry")
	})
	t.Run("log entry of another signature", func(t *testing.T) {
		ss := newSigstore(t)
		sg := signer(t, &seal.SignerOptions{Token: token(someone, vouches), Services: ss.services(1, false)})
		one, err := sg.Statement(t.Context(), statement())
		check(t, err)
		two, err := sg.Statement(t.Context(), statement())
		check(t, err)
		var other map[string]any
		check(t, json.Unmarshal(two, &other))
		data := edit(t, one, func(doc map[string]any) { material(doc)["tlogEntries"] = material(other)["tlogEntries"] })
		refuse(t, data, ss.trust(t), seal.StepLog, "signature does not match")
	})
	t.Run("timestamp of another signature", func(t *testing.T) {
		data, trust := keyless(t, 1, true, func(s *sigstore) { s.wrongStamp = true })
		refuse(t, data, trust, seal.StepTimestamp, "hashed messages")
	})
	t.Run("signed after the certificate ended", func(t *testing.T) {
		ss := newSigstore(t)
		now := ss.now
		sg := signer(t, &seal.SignerOptions{Token: token(someone, vouches), Services: ss.services(2, true)})
		_, err := sg.Statement(t.Context(), statement())
		check(t, err)
		ss.now = func() time.Time { return now().Add(11 * time.Minute) }
		data, err := sg.Statement(t.Context(), statement())
		check(t, err)
		refuse(t, data, ss.trust(t), seal.StepCertificate, "no longer valid when it was signed")
	})
	t.Run("signed before the certificate began", func(t *testing.T) {
		ss := newSigstore(t)
		now := ss.now
		sg := signer(t, &seal.SignerOptions{Token: token(someone, vouches), Services: ss.services(2, true)})
		_, err := sg.Statement(t.Context(), statement())
		check(t, err)
		ss.now = func() time.Time { return now().Add(-time.Hour) }
		data, err := sg.Statement(t.Context(), statement())
		check(t, err)
		refuse(t, data, ss.trust(t), seal.StepCertificate, "not yet valid when it was signed")
	})
	t.Run("authority of another instance", func(t *testing.T) {
		data, _ := keyless(t, 0, true, nil)
		other := newSigstore(t).trust(t)
		_, err := verifier(t, &seal.VerifierOptions{Identities: identity(), Trust: other, WithoutLog: true}).Bundle(data, want)
		refusedAt(t, err, seal.StepTimestamp)
	})
	t.Run("issuer", func(t *testing.T) {
		data, trust := keyless(t, 1, false, nil)
		_, err := verifier(t, &seal.VerifierOptions{Identities: []seal.Identity{{Subject: someone, Issuer: "https://other.test"}}, Trust: trust}).Bundle(data, want)
		refusedAt(t, err, seal.StepIdentity, vouches, "https://other.test")
		_, err = verifier(t, &seal.VerifierOptions{Identities: []seal.Identity{{SubjectRegexp: "^.*@evil.test$", IssuerRegexp: ".*"}}, Trust: trust}).Bundle(data, want)
		refusedAt(t, err, seal.StepIdentity)
		_, err = verifier(t, &seal.VerifierOptions{Identities: []seal.Identity{{Subject: someone, Issuer: vouches, WorkflowRepository: "org/app"}}, Trust: trust}).Bundle(data, want)
		refusedAt(t, err, seal.StepIdentity, "workflow repository")
		_, err = verifier(t, &seal.VerifierOptions{Identities: []seal.Identity{{Subject: someone, Issuer: vouches, Claims: map[string]string{"RunnerEnvironment": "github-hosted"}}}, Trust: trust}).Bundle(data, want)
		refusedAt(t, err, seal.StepIdentity, "RunnerEnvironment")
	})
	t.Run("key asked for", func(t *testing.T) {
		data, _ := keyless(t, 1, false, nil)
		_, err := keyVerifier(t, newKey(t, "")).Bundle(data, want)
		refusedAt(t, err, seal.StepIdentity, "made with a certificate")
	})
	t.Run("other digest", func(t *testing.T) {
		data, trust := keyless(t, 1, false, nil)
		_, err := verifier(t, &seal.VerifierOptions{Identities: identity(), Trust: trust}).Bundle(data, seal.Want{Digest: registry.Sum([]byte("x"))})
		refusedAt(t, err, seal.StepSubject, string(subject))
	})
}

func TestVerifierWithoutIdentityIsRefused(t *testing.T) {
	trust := newSigstore(t).trust(t)
	for _, opts := range []seal.VerifierOptions{
		{}, {Trust: trust}, {AnyIdentity: true}, {Identities: identity()},
		{Trust: trust, Identities: []seal.Identity{{}}}, {Trust: trust, Identities: []seal.Identity{{Subject: someone}}},
		{Trust: trust, Identities: []seal.Identity{{Issuer: vouches}}}, {Trust: trust, Identities: []seal.Identity{{SubjectRegexp: "(", Issuer: vouches}}},
		{Trust: trust, Identities: []seal.Identity{{Subject: someone, Issuer: vouches, Claims: map[string]string{"Nonsense": "x"}}}},
	} {
		if _, err := seal.NewVerifier(&opts); err == nil {
			t.Errorf("%+v: want an error", opts)
		}
	}
	if _, err := seal.NewVerifier(&seal.VerifierOptions{Trust: trust}); !errors.Is(err, seal.ErrNoIdentity) {
		t.Errorf("got %v, want ErrNoIdentity", err)
	}
}

// A signature of one image, put beside another, is about the first.
func TestReplayedSignature(t *testing.T) {
	s := serve(t, true)
	one, d1 := s.push(t, "app:1")
	k := newKey(t, "")
	_, err := keySigner(t, k).Image(t.Context(), s.client, one, &seal.SignOptions{Legacy: true})
	check(t, err)
	two, digests := s.pushIndex(t, "app:2")
	for a, err := range seal.Attestations(t.Context(), s.client, one, nil) {
		check(t, err)
		m, err := s.client.Manifest(t.Context(), one.At(boltseal.Digest(a.Manifest.Digest)))
		check(t, err)
		if a.Kind == seal.KindSignature {
			_, err := s.client.PutManifest(t.Context(), two.WithTag(seal.CosignTag(digests[0], "sig")), m.MediaType, m.Data)
			check(t, err)
			continue
		}
		moved := strings.Replace(string(m.Data), d1.Hex(), digests[0].Hex(), 1)
		_, err = s.client.PutManifest(t.Context(), two.At(registry.Sum([]byte(moved))), m.MediaType, []byte(moved))
		check(t, err)
	}
	_, err = keyVerifier(t, k).Image(t.Context(), s.client, two, seal.Want{})
	refused, ok := errors.AsType[*seal.RefusedError](err)
	if !ok || len(refused.Result.Refused) != 2 {
		t.Fatalf("got %v", err)
	}
	for _, r := range refused.Result.Refused {
		refusedAt(t, r, seal.StepSubject, string(d1))
	}
}

// GHSA-fx35-mq7g-6g98: a bare key where a certificate belongs must not stand
// in for an identity.
func TestKeyInTheCertificatesPlace(t *testing.T) {
	s := serve(t, true)
	ref, d := s.push(t, "app:1")
	k := newKey(t, "")
	_, err := keySigner(t, k).Image(t.Context(), s.client, ref, &seal.SignOptions{LegacyOnly: true})
	check(t, err)
	v := verifier(t, &seal.VerifierOptions{Identities: identity(), Trust: newSigstore(t).trust(t)})
	for a, err := range seal.Attestations(t.Context(), s.client, ref, nil) {
		check(t, err)
		payload, err := a.Read(t.Context(), 0)
		check(t, err)
		annotations := maps.Clone(a.Annotations)
		annotations["dev.sigstore.cosign/certificate"] = string(k.Public().PEM())
		_, err = v.Simple(payload, annotations, seal.Want{Digest: d})
		refusedAt(t, err, seal.StepFormat, "no certificate")
		delete(annotations, "dev.sigstore.cosign/certificate")
		_, err = v.Simple(payload, annotations, seal.Want{Digest: d})
		refusedAt(t, err, seal.StepKey, "no key was given")
	}
}

func TestMalformedBundles(t *testing.T) {
	k := newKey(t, "")
	good, err := keySigner(t, k).Statement(t.Context(), statement())
	check(t, err)
	v := keyVerifier(t, k)
	set := func(name string, value any) []byte {
		return edit(t, good, func(doc map[string]any) { doc[name] = value })
	}
	for name, data := range map[string][]byte{
		"empty":            nil,
		"null":             []byte("null"),
		"array":            []byte("[]"),
		"deep":             []byte(strings.Repeat("[", 5000)),
		"name twice":       []byte(strings.Replace(string(good), `{`, `{"mediaType":"x",`, 1)),
		"unknown name":     set("extra", 1),
		"no media type":    set("mediaType", ""),
		"other media type": set("mediaType", "application/json"),
		"version 0.4":      set("mediaType", "application/vnd.dev.sigstore.bundle.v0.4+json"),
		"no material":      set("verificationMaterial", nil),
		"empty material":   set("verificationMaterial", map[string]any{}),
		"no envelope":      set("dsseEnvelope", nil),
		"empty envelope":   set("dsseEnvelope", map[string]any{}),
		"two signatures": edit(t, good, func(doc map[string]any) {
			e := doc["dsseEnvelope"].(map[string]any)
			e["signatures"] = append(e["signatures"].([]any), e["signatures"].([]any)...)
		}),
		"no signature": edit(t, good, func(doc map[string]any) { doc["dsseEnvelope"].(map[string]any)["signatures"] = []any{} }),
		"empty signature": edit(t, good, func(doc map[string]any) {
			doc["dsseEnvelope"].(map[string]any)["signatures"] = []any{map[string]any{"sig": ""}}
		}),
		"garbage certificate": edit(t, good, func(doc map[string]any) {
			doc["verificationMaterial"] = map[string]any{"certificate": map[string]any{"rawBytes": "AAAA"}}
		}),
		"garbage entry": edit(t, good, func(doc map[string]any) {
			material(doc)["tlogEntries"] = []any{map[string]any{"logIndex": "1", "logId": map[string]any{"keyId": "AAAA"}, "kindVersion": map[string]any{"kind": "dsse", "version": "0.0.1"}, "canonicalizedBody": "e30="}}
		}),
		"entry without a body": edit(t, good, func(doc map[string]any) { material(doc)["tlogEntries"] = []any{map[string]any{}} }),
		"many entries":         edit(t, good, func(doc map[string]any) { material(doc)["tlogEntries"] = make([]any, 100) }),
		"garbage timestamp": edit(t, good, func(doc map[string]any) {
			material(doc)["timestampVerificationData"] = map[string]any{"rfc3161Timestamps": []any{map[string]any{"signedTimestamp": "MAA="}}}
		}),
		"many names": []byte("{" + strings.Repeat(`"a":{},`, 100_000) + `"b":1}`),
		"too long":   bytes.Repeat([]byte(" "), seal.MaxBytes+1),
	} {
		_, err := v.Bundle(data, seal.Want{Digest: subject})
		if err == nil {
			t.Errorf("%s: passes", name)
			continue
		}
		refusedAt(t, err, seal.StepFormat)
	}
}

// Payloads that are signed and still are no statement about anything.
func TestSignedNonsense(t *testing.T) {
	k := newKey(t, "")
	v := keyVerifier(t, k)
	for name, payload := range map[string]string{
		"not JSON":       `x`,
		"name twice":     `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"` + subject.Hex() + `"}}],"predicateType":"x","predicateType":"y"}`,
		"other type":     `{"_type":"https://in-toto.io/Statement/v9","subject":[{"digest":{"sha256":"` + subject.Hex() + `"}}],"predicateType":"x"}`,
		"no subject":     `{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"x"}`,
		"no digest":      `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a"}],"predicateType":"x"}`,
		"no predicate":   `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"` + subject.Hex() + `"}}]}`,
		"many subjects":  `{"_type":"https://in-toto.io/Statement/v1","subject":[` + strings.Repeat(`{},`, 500_000) + `{}],"predicateType":"x"}`,
		"many values":    `{"predicate":[` + strings.Repeat(`[],`, 5_000_000) + `[]]}`,
		"trailing bytes": `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"` + subject.Hex() + `"}}],"predicateType":"x"} {}`,
	} {
		data := envelope(t, k, "application/vnd.in-toto+json", []byte(payload))
		_, err := v.Envelope(data, nil, seal.Want{Digest: subject, AnyPredicate: true})
		if err == nil {
			t.Errorf("%s: passes", name)
			continue
		}
		refusedAt(t, err, seal.StepFormat)
	}
	payload, err := statement().Encode()
	check(t, err)
	if _, err := v.Envelope(envelope(t, k, "application/vnd.in-toto+json", payload), nil, seal.Want{Digest: subject}); err != nil {
		t.Errorf("a good one: %v", err)
	}
	_, err = v.Envelope(envelope(t, k, "text/plain", payload), nil, seal.Want{Digest: subject})
	refusedAt(t, err, seal.StepFormat, "no in-toto statement")
}

// envelope signs any payload: a signature is made by way of a file's.
func envelope(t testing.TB, k *seal.PrivateKey, payloadType string, payload []byte) []byte {
	t.Helper()
	e := &seal.Envelope{PayloadType: payloadType, Payload: payload}
	sig, err := keySigner(t, k).Detached(t.Context(), seal.BytesBlob(e.PAE()))
	check(t, err)
	e.Signatures = []seal.EnvelopeSignature{{Sig: sig}}
	data, err := e.Encode()
	check(t, err)
	return data
}

// referrer pushes a manifest with one layer that claims to be a bundle.
func (s *store) referrer(t testing.TB, ref registry.Ref, about ocispec.Descriptor, layer ocispec.Descriptor, n int) boltseal.Digest {
	t.Helper()
	empty := []byte("{}")
	s.put(t, ref, registry.Describe("", empty), empty)
	m, err := json.Marshal(ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest, ArtifactType: seal.MediaTypeBundle,
		Config: registry.Describe(ocispec.MediaTypeEmptyJSON, empty), Layers: []ocispec.Descriptor{layer}, Subject: &about, Annotations: map[string]string{"n": fmt.Sprint(n)}})
	check(t, err)
	d, err := s.client.PutManifest(t.Context(), ref.At(registry.Sum(m)), ocispec.MediaTypeImageManifest, m)
	check(t, err)
	return d
}

// An attestation that is too long is not read.
func TestHugeAttestation(t *testing.T) {
	s := serve(t, true)
	ref, d := s.push(t, "app:1")
	about, err := s.client.Resolve(t.Context(), ref)
	check(t, err)
	layer := registry.Describe(seal.MediaTypeBundle, []byte("x"))
	s.put(t, ref, layer, []byte("x"))
	layer.Size = 100 << 20
	s.referrer(t, ref, about, layer, 0)
	v := verifier(t, &seal.VerifierOptions{Keys: []*seal.PublicKey{newKey(t, "").Public()}, MaxBytes: 1 << 20})
	_, err = v.Image(t.Context(), s.client, ref.At(d), seal.Want{})
	if tooLong, ok := errors.AsType[*limit.Error](err); !ok || tooLong.Flag != "--max-attestation-bytes" {
		t.Errorf("got %v, want a limit", err)
	}
	for _, asked := range s.asked {
		if strings.HasPrefix(asked, http.MethodGet) && strings.HasSuffix(asked, string(layer.Digest)) {
			t.Errorf("it was read: %s", asked)
		}
	}
}

// Thousands of referrers end in a sentence, and a good signature among the
// first still counts.
func TestThousandsOfReferrers(t *testing.T) {
	s := serve(t, true)
	ref, d := s.push(t, "app:1")
	k := newKey(t, "")
	_, err := keySigner(t, k).Image(t.Context(), s.client, ref, nil)
	check(t, err)
	list := func(n int) func(w http.ResponseWriter, r *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "/referrers/") {
				return false
			}
			s.intercept(nil)
			real, err := s.client.Referrers(t.Context(), ref.At(d), "")
			check(t, err)
			index := ocispec.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex, Manifests: real}
			for i := range n {
				desc := registry.Describe(ocispec.MediaTypeImageManifest, []byte(fmt.Sprint(i)))
				desc.ArtifactType = seal.MediaTypeBundle
				index.Manifests = append(index.Manifests, desc)
			}
			w.Header().Set("Content-Type", ocispec.MediaTypeImageIndex)
			_ = json.NewEncoder(w).Encode(index)
			return true
		}
	}
	s.intercept(list(5000))
	v := verifier(t, &seal.VerifierOptions{Keys: []*seal.PublicKey{k.Public()}, Attached: 50})
	r, err := v.Image(t.Context(), s.client, ref, seal.Want{})
	if err != nil || len(r.Verified) != 1 || r.Unread() == nil {
		t.Errorf("got %+v, %v", r, err)
	}
	other := verifier(t, &seal.VerifierOptions{Keys: []*seal.PublicKey{newKey(t, "").Public()}, Attached: 50})
	s.intercept(list(5000))
	if _, err := other.Image(t.Context(), s.client, ref, seal.Want{}); err == nil || !strings.Contains(err.Error(), "more things are attached") {
		t.Errorf("got %v", err)
	}
}

// A registry that lists an image as its own referrer, or referrers in a
// circle, is not followed for ever.
func TestCircles(t *testing.T) {
	s := serve(t, true)
	ref, d := s.push(t, "app:1")
	about, err := s.client.Resolve(t.Context(), ref)
	check(t, err)
	layer := registry.Describe(seal.MediaTypeBundle, []byte("x"))
	s.put(t, ref, layer, []byte("x"))
	r := s.referrer(t, ref, about, layer, 0)
	m, err := s.client.Manifest(t.Context(), ref.At(r))
	check(t, err)
	s.intercept(func(w http.ResponseWriter, req *http.Request) bool {
		if !strings.Contains(req.URL.Path, "/referrers/") {
			return false
		}
		both := []ocispec.Descriptor{about, registry.Describe(m.MediaType, m.Data)}
		w.Header().Set("Content-Type", ocispec.MediaTypeImageIndex)
		_ = json.NewEncoder(w).Encode(ocispec.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex, Manifests: both})
		return true
	})
	n, err := seal.Tree(t.Context(), s.client, ref)
	check(t, err)
	if len(n.Attached) != 1 || n.Digest != d {
		t.Errorf("got %+v", n)
	}
	to := serve(t, true)
	done, err := seal.Copy(t.Context(), s.client, ref, to.client, to.ref(t, "app:1"), nil)
	if err != nil || done.Attached != 1 {
		t.Errorf("got %+v, %v", done, err)
	}
	_, err = keyVerifier(t, newKey(t, "")).Image(t.Context(), s.client, ref, seal.Want{})
	refusedAt(t, err, seal.StepFormat)
}

// A registry that does not answer is no image without a signature.
func TestCouldNotLook(t *testing.T) {
	s := serve(t, true)
	ref, d := s.push(t, "app:1")
	k := newKey(t, "")
	placed, err := keySigner(t, k).Image(t.Context(), s.client, ref, nil)
	check(t, err)
	for _, path := range []string{"/manifests/" + strings.TrimPrefix(placed[0].Where, "referrer "), "/referrers/", "/manifests/" + seal.CosignTag(d, "sig"), "/blobs/", "/manifests/1"} {
		s.intercept(func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, path) {
				return false
			}
			http.Error(w, "no", http.StatusInternalServerError)
			return true
		})
		_, err := keyVerifier(t, k).Image(t.Context(), s.client, ref, seal.Want{})
		_, refused := errors.AsType[*seal.RefusedError](err)
		if err == nil || refused || errors.Is(err, seal.ErrNoSignature) {
			t.Errorf("%s fails: got %v, want neither success nor a refusal", path, err)
		}
	}
}

// Keys that are too weak, or no keys, are not taken.
func TestPublicKeysThatAreRefused(t *testing.T) {
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	check(t, err)
	der, err := x509.MarshalPKIXPublicKey(p224.Public())
	check(t, err)
	k := newKey(t, "")
	good := string(k.Public().PEM())
	locked, err := k.Encrypt([]byte("x"))
	check(t, err)
	for name, data := range map[string]string{
		"empty": "", "text": "hello", "P-224": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		"two keys": good + good, "text before it": "x\n" + good, "text after it": good + "x", "private": string(locked),
		"certificate": strings.ReplaceAll(good, "PUBLIC KEY", "CERTIFICATE"), "headers": strings.Replace(good, "\n", "\nA: b\n\n", 1),
		"garbage": "-----BEGIN PUBLIC KEY-----\n" + base64.StdEncoding.EncodeToString([]byte("garbage")) + "\n-----END PUBLIC KEY-----\n",
	} {
		if _, err := seal.ParsePublicKey([]byte(data)); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
	if _, err := seal.ParsePublicKey([]byte(strings.ReplaceAll(good, "\n", "\r\n"))); err != nil {
		t.Errorf("line ends of Windows: %v", err)
	}
}
