package seal_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/boltseal/boltseal/seal"
)

// Everything that can be signed with can be verified, in both forms, in
// registries with and without the referrers API.
func TestSignAndVerifyWithKeys(t *testing.T) {
	for _, kind := range seal.KeyKinds() {
		for _, referrers := range []bool{true, false} {
			s := serve(t, referrers)
			ref, d := s.push(t, "app:1")
			k := newKey(t, kind)
			opts := &seal.SignOptions{Annotations: map[string]string{"env": "prod"}, Legacy: true}
			placed, err := keySigner(t, k).Image(t.Context(), s.client, ref, opts)
			if err != nil || len(placed) != 2 {
				t.Fatalf("%s: got %v, %v", kind, placed, err)
			}
			r, err := keyVerifier(t, k).Image(t.Context(), s.client, ref, seal.Want{Annotations: opts.Annotations})
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			if len(r.Verified) != 2 || r.Verified[0].Form != seal.FormBundle || r.Verified[1].Form != seal.FormSimple || r.Digest != d {
				t.Errorf("%s: got %+v", kind, r)
			}
			for _, v := range r.Verified {
				for _, step := range []seal.StepName{seal.StepFormat, seal.StepKey, seal.StepSignature, seal.StepSubject, seal.StepAnnotations} {
					if !has(v.Steps, step) {
						t.Errorf("%s %s: no step %s in %+v", kind, v.Form, step, v.Steps)
					}
				}
				if v.Signer.Key != k.Public().Fingerprint() || v.Annotations["env"] != "prod" || v.Subject != d {
					t.Errorf("%s: got %+v", kind, v)
				}
			}
			_, err = keyVerifier(t, newKey(t, kind)).Image(t.Context(), s.client, ref, seal.Want{})
			refused, ok := errors.AsType[*seal.RefusedError](err)
			if !ok || len(refused.Result.Refused) != 2 {
				t.Fatalf("%s: another key: %v", kind, err)
			}
			refusedAt(t, refused.Result.Refused[0], seal.StepKey, "another key")
			refusedAt(t, refused.Result.Refused[1], seal.StepSignature)
			_, err = keyVerifier(t, k).Image(t.Context(), s.client, ref, seal.Want{Annotations: map[string]string{"env": "test"}})
			refusedAt(t, err, seal.StepAnnotations, `"prod" and not "test"`)
		}
	}
}

func TestAttestations(t *testing.T) {
	s := serve(t, true)
	ref, d := s.push(t, "app:1")
	k := newKey(t, seal.KeyECDSA)
	predicate := json.RawMessage(`{"builder":{"id":"https://example.test/b"}}`)
	const provenance = "https://slsa.dev/provenance/v1"
	if _, err := keySigner(t, k).Attest(t.Context(), s.client, ref, provenance, predicate, &seal.SignOptions{Legacy: true}); err != nil {
		t.Fatal(err)
	}
	v := keyVerifier(t, k)
	r, err := v.Image(t.Context(), s.client, ref, seal.Want{PredicateTypes: []string{provenance}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Verified) != 2 || r.Verified[0].Form != seal.FormBundle || r.Verified[1].Form != seal.FormEnvelope {
		t.Fatalf("got %+v", r.Verified)
	}
	for _, got := range r.Verified {
		if string(got.Statement.Predicate) != string(predicate) || got.Statement.About(d) == nil || got.PredicateType != provenance {
			t.Errorf("got %+v", got.Statement)
		}
	}
	// An attestation is no signature of the image, and the reverse.
	if _, err := v.Image(t.Context(), s.client, ref, seal.Want{}); err == nil {
		t.Error("an attestation passed as a signature")
	} else {
		refusedAt(t, err, seal.StepPredicate, provenance)
	}
	if _, err := v.Image(t.Context(), s.client, ref, seal.Want{PredicateTypes: []string{"https://spdx.dev/Document"}}); err == nil {
		t.Error("an attestation passed as one of another type")
	}
	if r, err := v.Image(t.Context(), s.client, ref, seal.Want{AnyPredicate: true}); err != nil || len(r.Verified) != 2 {
		t.Errorf("any predicate: %v, %v", r, err)
	}
}

func TestNothingAttached(t *testing.T) {
	s := serve(t, true)
	ref, _ := s.push(t, "app:1")
	_, err := keyVerifier(t, newKey(t, "")).Image(t.Context(), s.client, ref, seal.Want{})
	if !errors.Is(err, seal.ErrNoSignature) {
		t.Errorf("got %v, want ErrNoSignature", err)
	}
}
