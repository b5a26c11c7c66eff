package seal_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/seal"
)

// recorded is what cosign wrote, by file name, and the image that it is about.
func recorded(t testing.TB) (map[string][]byte, boltseal.Digest) {
	t.Helper()
	raw, err := os.ReadFile("testdata/cosign.txtar")
	check(t, err)
	files := map[string][]byte{}
	archive := txtar.Parse(raw)
	for _, f := range archive.Files {
		// The archive ends every file with a line feed, which is not cosign's.
		files[f.Name] = []byte(strings.TrimSuffix(string(f.Data), "\n"))
	}
	_, rest, _ := strings.Cut(string(archive.Comment), "sha256:")
	d, err := boltseal.ParseDigest("sha256:" + rest[:64])
	check(t, err)
	return files, d
}

// What real cosign wrote verifies, in both forms.
func TestRecordedFromCosign(t *testing.T) {
	files, d := recorded(t)
	key, err := seal.ParsePublicKey(files["cosign.pub"])
	check(t, err)
	v := verifier(t, &seal.VerifierOptions{Keys: []*seal.PublicKey{key}})
	signature := seal.Want{Digest: d, Annotations: map[string]string{"env": "test"}}
	provenance := seal.Want{Digest: d, PredicateTypes: []string{"https://slsa.dev/provenance/v1"}}
	annotations := func(name string) (out map[string]string) {
		check(t, json.Unmarshal(files[name], &out))
		return out
	}
	bundle := func(name string) func(seal.Want) (*seal.Verified, error) {
		return func(w seal.Want) (*seal.Verified, error) { return v.Bundle(files[name], w) }
	}
	for name, c := range map[string]struct {
		want   seal.Want
		verify func(seal.Want) (*seal.Verified, error)
	}{
		"bundle":             {signature, bundle("signature.bundle.json")},
		"attestation bundle": {provenance, bundle("attestation.bundle.json")},
		"simple signing": {signature, func(w seal.Want) (*seal.Verified, error) {
			return v.Simple(files["signature.payload.json"], annotations("signature.annotations.json"), w)
		}},
		"envelope": {provenance, func(w seal.Want) (*seal.Verified, error) {
			return v.Envelope(files["attestation.payload.json"], annotations("attestation.annotations.json"), w)
		}},
	} {
		out, err := c.verify(c.want)
		if err != nil || out.Subject != d || out.Signer.Key != key.Fingerprint() {
			t.Errorf("%s: got %+v, %v", name, out, err)
		}
		other := c.want
		other.Digest = subject
		if _, err := c.verify(other); err == nil {
			t.Errorf("%s: passes for another image", name)
		}
	}
}
