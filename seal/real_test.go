package seal_test

import (
	"strings"
	"testing"

	"github.com/sigstore/sigstore-go/pkg/testing/data"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/seal"
)

// realBundle is a bundle of the public instance that sigstore's library has
// for its own tests, and the digest that it is about.
func realBundle(t testing.TB, name string) []byte {
	t.Helper()
	tt, ok := t.(*testing.T)
	if !ok {
		tt = &testing.T{}
	}
	raw, err := data.Bundle(tt, name).MarshalJSON()
	check(t, err)
	return raw
}

// sigstore.js 2.0.0 was published from GitHub with provenance: a certificate
// of the public instance, verified with the built-in trusted root.
func TestPublicInstance(t *testing.T) {
	raw := realBundle(t, "sigstore.js@2.0.0-provenance.sigstore.json")
	trust, err := seal.PublicGood()
	check(t, err)
	who := seal.Identity{
		Subject: "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main",
		Issuer:  "https://token.actions.githubusercontent.com", WorkflowRepository: "sigstore/sigstore-js",
		Claims: map[string]string{"RunnerEnvironment": "github-hosted", "SourceRepositoryURI": "https://github.com/sigstore/sigstore-js"},
	}
	v := verifier(t, &seal.VerifierOptions{Identities: []seal.Identity{who}, Trust: trust})
	statement := data.Bundle(t, "sigstore.js@2.0.0-provenance.sigstore.json")
	envelope, err := statement.Envelope()
	check(t, err)
	s, err := envelope.Statement()
	check(t, err)
	want := boltseal.Digest("sha512:" + s.GetSubject()[0].GetDigest()["sha512"])
	out, err := v.Bundle(raw, seal.Want{Digest: want, AnyPredicate: true})
	check(t, err)
	if out.PredicateType != "https://slsa.dev/provenance/v1" || out.Signer.Certificate.Extensions.GithubWorkflowName != "Release" || len(out.Log) != 1 || out.Log[0].Log != "https://rekor.sigstore.dev" {
		t.Errorf("got %+v", out)
	}
	at, ok := out.When()
	if !ok || at.Year() != 2023 {
		t.Errorf("signed at %v", at)
	}
	who.Claims["RunnerEnvironment"] = "self-hosted"
	_, err = verifier(t, &seal.VerifierOptions{Identities: []seal.Identity{who}, Trust: trust}).Bundle(raw, seal.Want{Digest: want, AnyPredicate: true})
	refusedAt(t, err, seal.StepIdentity, "self-hosted")
	// What sigstore's own library says of it.
	ours, err := verify.NewVerifier(trust, verify.WithSignedCertificateTimestamps(1), verify.WithTransparencyLog(1), verify.WithObserverTimestamps(1))
	check(t, err)
	if _, err := ours.Verify(statement, verify.NewPolicy(verify.WithoutArtifactUnsafe(), verify.WithoutIdentitiesUnsafe())); err != nil {
		t.Error(err)
	}
}

// An otherName in the certificate, which the standard library does not read,
// names the signer all the same.
func TestOtherName(t *testing.T) {
	raw := realBundle(t, "othername.sigstore.json")
	scaffolding, err := data.TrustedRoot(t, "scaffolding.json").MarshalJSON()
	check(t, err)
	trust, err := seal.ParseTrust(scaffolding)
	check(t, err)
	v := verifier(t, &seal.VerifierOptions{Identities: []seal.Identity{{Subject: "foo!oidc.local", IssuerRegexp: "^http://oidc.local:8080$"}}, Trust: trust, WithoutSCT: true})
	_, err = v.Bundle(raw, seal.Want{Digest: subject, AnyPredicate: true})
	if err == nil || !strings.Contains(err.Error(), "over a file") {
		t.Errorf("got %v", err)
	}
}

// An authority's or a log's word counts only while its keys were good, also
// when its chain was checked beforehand.
func TestKeysOfAnotherTime(t *testing.T) {
	ss := newSigstore(t)
	bundle, err := signer(t, &seal.SignerOptions{Token: token(someone, vouches), Services: ss.services(1, true)}).Statement(t.Context(), statement())
	check(t, err)
	good := ss.trustedRoot(t)
	past := map[string]any{"start": "2020-01-01T00:00:00Z", "end": "2021-01-01T00:00:00Z"}
	for name, step := range map[string]seal.StepName{
		"certificateAuthorities": seal.StepCertificate, "timestampAuthorities": seal.StepTimestamp, "tlogs": seal.StepLog, "ctlogs": seal.StepSCT, "": "",
	} {
		changed := edit(t, good, func(doc map[string]any) {
			if name == "" {
				return
			}
			for _, one := range doc[name].([]any) {
				entry := one.(map[string]any)
				if key, ok := entry["publicKey"].(map[string]any); ok {
					entry = key
				}
				entry["validFor"] = past
			}
		})
		trust, err := seal.ParseTrust(changed)
		check(t, err)
		_, err = verifier(t, &seal.VerifierOptions{Identities: identity(), Trust: trust}).Bundle(bundle, seal.Want{Digest: subject})
		if name == "" {
			check(t, err)
			continue
		}
		refusedAt(t, err, step)
	}
	both := newSigstore(t).trust(t).Join(ss.trust(t))
	if _, err := verifier(t, &seal.VerifierOptions{Identities: identity(), Trust: both}).Bundle(bundle, seal.Want{Digest: subject}); err != nil {
		t.Errorf("two instances: %v", err)
	}
}

// A timestamp of sigstore's own authority, on a file's bundle made with a key.
func TestRealTimestamp(t *testing.T) {
	raw := realBundle(t, "public-key-validity.sigstore.json")
	material, err := data.TrustedRoot(t, "public-key-validity.json").MarshalJSON()
	check(t, err)
	trust, err := seal.ParseTrust(material)
	check(t, err)
	key, err := seal.NewPublicKey(data.PublicKey(t, "public-key-validity.pem"))
	check(t, err)
	v := verifier(t, &seal.VerifierOptions{Keys: []*seal.PublicKey{key}, Trust: trust})
	// What was signed is not at hand: the format passes, the content does not.
	_, err = v.Blob(raw, seal.BytesBlob([]byte("something else")), seal.Want{})
	refusedAt(t, err, seal.StepSignature, "another file")
}
