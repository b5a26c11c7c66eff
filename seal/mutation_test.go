package seal_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/seal"
)

// subject is what the statements of these tests are about.
const subject = boltseal.Digest("sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03")

func statement() *seal.Statement {
	return &seal.Statement{
		Type: seal.StatementV1, PredicateType: seal.PredicateSignature, Predicate: json.RawMessage("{}"),
		Subject: []seal.StatementSubject{{Digest: map[string]string{"sha256": subject.Hex()}}},
	}
}

// masks flip one bit that turns letters, one that turns their case and makes
// spaces of zeros, and all of them.
var masks = []byte{0x01, 0x20, 0xff}

// mutate calls verify with every one-byte change of data and fails the test
// if one of them passes.
func mutate(t *testing.T, data []byte, masks []byte, verify func([]byte) error) {
	t.Helper()
	if err := verify(data); err != nil {
		t.Fatalf("unchanged: %v", err)
	}
	passed := 0
	for i := range data {
		for _, mask := range masks {
			changed := bytes.Clone(data)
			changed[i] ^= mask
			if verify(changed) == nil {
				passed++
				if passed < 10 {
					from, to := max(0, i-40), min(len(data), i+40)
					t.Errorf("byte %d changed by %#x passes: …%s…", i, mask, changed[from:to])
				}
			}
		}
	}
	for _, cut := range []int{1, len(data) / 2, len(data) - 1} {
		if verify(data[:cut]) == nil {
			t.Errorf("the first %d of %d bytes pass", cut, len(data))
		}
	}
	if passed > 0 {
		t.Errorf("%d of %d changes pass", passed, len(data)*len(masks))
	}
}

func TestNoByteOfAKeySignedBundleCanChange(t *testing.T) {
	for _, kind := range seal.KeyKinds() {
		k := newKey(t, kind)
		data, err := keySigner(t, k).Statement(t.Context(), statement())
		check(t, err)
		v := keyVerifier(t, k)
		mutate(t, data, masks, func(b []byte) error {
			_, err := v.Bundle(b, seal.Want{Digest: subject})
			return err
		})
	}
}

func TestNoByteOfABlobsBundleCanChange(t *testing.T) {
	k := newKey(t, "")
	content := []byte("what is signed")
	data, err := keySigner(t, k).Blob(t.Context(), seal.BytesBlob(content))
	check(t, err)
	v := keyVerifier(t, k)
	mutate(t, data, masks, func(b []byte) error {
		_, err := v.Blob(b, seal.BytesBlob(content), seal.Want{})
		return err
	})
	mutate(t, content, masks, func(b []byte) error {
		_, err := v.Blob(data, seal.BytesBlob(b), seal.Want{})
		return err
	})
}

func TestNoByteOfAKeylessBundleCanChange(t *testing.T) {
	for _, c := range []struct {
		version uint32
		stamps  bool
	}{{1, true}, {2, true}} {
		t.Run(fmt.Sprintf("rekor %d timestamps %v", c.version, c.stamps), func(t *testing.T) {
			t.Parallel()
			ss := newSigstore(t)
			trust := ss.trust(t)
			data, err := signer(t, &seal.SignerOptions{Token: token(someone, vouches), Services: ss.services(c.version, c.stamps), Trust: trust}).Statement(t.Context(), statement())
			check(t, err)
			v := verifier(t, &seal.VerifierOptions{Identities: identity(), Trust: trust})
			mutate(t, data, masks[:1], func(b []byte) error {
				_, err := v.Bundle(b, seal.Want{Digest: subject})
				return err
			})
		})
	}
}

func TestNoByteOfAPublicKeyCanChange(t *testing.T) {
	for _, kind := range seal.KeyKinds() {
		k := newKey(t, kind)
		data, err := keySigner(t, k).Statement(t.Context(), statement())
		check(t, err)
		mutate(t, bytes.TrimSpace(k.Public().PEM()), masks, func(b []byte) error {
			key, err := seal.ParsePublicKey(b)
			if err != nil {
				return err
			}
			_, err = verifier(t, &seal.VerifierOptions{Keys: []*seal.PublicKey{key}}).Bundle(data, seal.Want{Digest: subject})
			return err
		})
	}
}

// The forms of cosign 2, with everything that lies around the payload.
func TestNoByteOfTheOldFormsCanChange(t *testing.T) {
	ss := newSigstore(t)
	trust := ss.trust(t)
	s := serve(t, true)
	ref, d := s.push(t, "app:1")
	sg := signer(t, &seal.SignerOptions{Token: token(someone, vouches), Services: ss.services(1, true), Trust: trust})
	_, err := sg.Image(t.Context(), s.client, ref, &seal.SignOptions{LegacyOnly: true})
	check(t, err)
	_, err = sg.Attest(t.Context(), s.client, ref, "https://example.test/x", json.RawMessage(`{"a":1}`), &seal.SignOptions{LegacyOnly: true})
	check(t, err)
	v := verifier(t, &seal.VerifierOptions{Identities: identity(), Trust: trust})
	want := seal.Want{Digest: d, AnyPredicate: true}
	n := 0
	for a, err := range seal.Attestations(t.Context(), s.client, ref, nil) {
		check(t, err)
		payload, err := a.Read(t.Context(), 0)
		check(t, err)
		verify := func(payload []byte, annotations map[string]string) error {
			if a.Kind == seal.KindSignature {
				_, err := v.Simple(payload, annotations, want)
				return err
			}
			_, err := v.Envelope(payload, annotations, want)
			return err
		}
		mutate(t, payload, masks, func(b []byte) error { return verify(b, a.Annotations) })
		for name, value := range a.Annotations {
			if name == "predicateType" || value == "" {
				continue // says what is to be expected, and is not believed
			}
			n++
			mutate(t, bytes.TrimSpace([]byte(value)), masks[:1], func(b []byte) error {
				changed := maps.Clone(a.Annotations)
				changed[name] = string(b)
				return verify(payload, changed)
			})
		}
	}
	if n != 7 { // certificate, log and timestamp of each, and one signature
		t.Errorf("%d annotations were changed, want 7", n)
	}
}

// A changed manifest or layer is found out before anything is verified.
func TestNoByteOfAManifestCanChange(t *testing.T) {
	s := serve(t, true)
	ref, d := s.push(t, "app:1")
	k := newKey(t, "")
	_, err := keySigner(t, k).Image(t.Context(), s.client, ref, nil)
	check(t, err)
	m, err := s.client.Manifest(t.Context(), ref)
	check(t, err)
	v := keyVerifier(t, k)
	want := seal.Want{Digest: d}
	first, err := v.Image(t.Context(), s.client, ref, want)
	check(t, err)
	mutate(t, m.Data, masks[:1], func(b []byte) error {
		s.intercept(replace("/manifests/1", b, m.MediaType))
		defer s.intercept(nil)
		_, err := v.Image(t.Context(), s.client, ref, want)
		return err
	})
	referrer, err := s.client.Manifest(t.Context(), ref.At(boltseal.Digest(first.Verified[0].Source[len("referrer "):])))
	check(t, err)
	mutate(t, referrer.Data, masks[:1], func(b []byte) error {
		s.intercept(replace("/manifests/"+string(referrer.Digest), b, referrer.MediaType))
		defer s.intercept(nil)
		_, err := v.Image(t.Context(), s.client, ref, want)
		return err
	})
	again, err := v.Image(t.Context(), s.client, ref, want)
	check(t, err)
	if diff := cmp.Diff(first.Verified, again.Verified); diff != "" {
		t.Errorf("not the same twice:\n%s", diff)
	}
}
