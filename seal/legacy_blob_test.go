package seal_test

import (
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/boltseal/boltseal/seal"
)

// oldBlob is what cosign 2 writes for a file.
func oldBlob(t testing.TB, k *seal.PrivateKey, content, cert []byte) []byte {
	t.Helper()
	sig, err := keySigner(t, k).Detached(t.Context(), seal.BytesBlob(content))
	check(t, err)
	doc := map[string]any{"base64Signature": base64.StdEncoding.EncodeToString(sig)}
	if cert != nil {
		doc["cert"] = base64.StdEncoding.EncodeToString(cert)
	}
	data, err := json.Marshal(doc)
	check(t, err)
	return data
}

func TestOldBlobBundles(t *testing.T) {
	k, other := newKey(t, ""), newKey(t, "")
	content := []byte("what is signed")
	verify := func(v *seal.Verifier, data []byte) error {
		out, err := v.Blob(data, seal.BytesBlob(content), seal.Want{})
		if err == nil && out.Form != seal.FormDetached {
			t.Errorf("got form %s", out.Form)
		}
		return err
	}
	check(t, verify(keyVerifier(t, k), oldBlob(t, k, content, nil)))
	check(t, verify(keyVerifier(t, k), oldBlob(t, k, content, k.Public().PEM())))
	refusedAt(t, verify(keyVerifier(t, other), oldBlob(t, k, content, nil)), seal.StepSignature)
	refusedAt(t, verify(keyVerifier(t, other), oldBlob(t, k, content, k.Public().PEM())), seal.StepKey, "another key")
	refusedAt(t, verify(keyVerifier(t, k), oldBlob(t, k, []byte("else"), nil)), seal.StepSignature)
	refusedAt(t, verify(keyVerifier(t, k), []byte(`{"base64Signature":"AA==","base64Signature":"AA=="}`)), seal.StepFormat)
	refusedAt(t, verify(keyVerifier(t, k), []byte(`{"base64Signature":"AA==","extra":1}`)), seal.StepFormat)
	mutate(t, oldBlob(t, k, content, k.Public().PEM()), masks, func(b []byte) error { return verify(keyVerifier(t, k), b) })

	// GHSA-fx35-mq7g-6g98: whoever asks for an identity is not content with a
	// bare key where the certificate belongs.
	trust := newSigstore(t).trust(t)
	asked := verifier(t, &seal.VerifierOptions{Identities: identity(), Trust: trust, WithoutLog: true, WithoutSCT: true})
	refusedAt(t, verify(asked, oldBlob(t, k, content, k.Public().PEM())), seal.StepKey)
	refusedAt(t, verify(asked, oldBlob(t, k, content, nil)), seal.StepKey, "no key was given")
}
