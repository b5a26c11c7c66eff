package seal_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/seal"
)

// FuzzBundle: whatever passes is about what was asked for. The seeds are
// recorded, so that every process has the same.
func FuzzBundle(f *testing.F) {
	files, d := recorded(f)
	key, err := seal.ParsePublicKey(files["cosign.pub"])
	check(f, err)
	trust, err := seal.PublicGood()
	check(f, err)
	f.Add(files["signature.bundle.json"])
	f.Add(files["attestation.bundle.json"])
	f.Add(realBundle(f, "sigstore.js@2.0.0-provenance.sigstore.json"))
	v := verifier(f, &seal.VerifierOptions{Keys: []*seal.PublicKey{key}, AnyIdentity: true, Trust: trust})
	f.Fuzz(func(t *testing.T, data []byte) {
		out, err := v.Bundle(data, seal.Want{Digest: d, AnyPredicate: true})
		if (out == nil) != (err != nil) {
			t.Fatalf("%v and %v", out, err)
		}
		if err == nil && (out.Subject != d || out.Statement.About(d) == nil || len(out.Steps) == 0) {
			t.Fatalf("verified without a subject: %+v", out)
		}
	})
}

// FuzzEnvelope: what is read is written as something that reads the same.
func FuzzEnvelope(f *testing.F) {
	f.Add([]byte(`{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[{"keyid":"","sig":"AAAA"}]}`))
	f.Add([]byte(`{"payloadType":"x","payload":"AA==","signatures":[{"sig":"AB=="}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := seal.ParseEnvelope(data)
		if err != nil {
			return
		}
		out, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := seal.ParseEnvelope(out)
		if err != nil || !bytes.Equal(again.PAE(), e.PAE()) || len(again.Signatures) != len(e.Signatures) {
			t.Fatalf("%s: %v", out, err)
		}
	})
}

// FuzzStatement: a statement that is read has a subject with a digest, and
// is written as something that reads the same.
func FuzzStatement(f *testing.F) {
	good, err := statement().Encode()
	check(f, err)
	f.Add(good)
	f.Add([]byte(`{"_type":"https://in-toto.io/Statement/v0.1","subject":[{"name":"a","digest":{"sha512":"x"},"annotations":{"a":[1]}}],"predicateType":"x","predicate":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := seal.ParseStatement(data)
		if err != nil {
			return
		}
		for _, d := range s.Digests() {
			if s.About(d) == nil {
				t.Fatalf("not about %s", d)
			}
		}
		out, err := s.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := seal.ParseStatement(out); err != nil {
			t.Fatalf("%s: %v", out, err)
		}
	})
}

// FuzzSimple: what is read names a digest, and reads the same when written.
func FuzzSimple(f *testing.F) {
	good, err := (&seal.SimplePayload{Reference: "example.test/app", Digest: subject, Optional: map[string]any{"a": "b"}}).Encode()
	check(f, err)
	f.Add(good)
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := seal.ParseSimplePayload(data)
		if err != nil {
			return
		}
		if _, err := boltseal.ParseDigest(string(p.Digest)); err != nil {
			t.Fatal(err)
		}
		out, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := seal.ParseSimplePayload(out)
		if err != nil || again.Digest != p.Digest || again.Reference != p.Reference {
			t.Fatalf("%s: %v", out, err)
		}
	})
}

// FuzzAnnotations: cosign 2's annotations never make a signature pass that
// the key did not make.
func FuzzAnnotations(f *testing.F) {
	payload, err := (&seal.SimplePayload{Digest: subject}).Encode()
	check(f, err)
	f.Add("AAAA", "", `{"SignedEntryTimestamp":"AA==","Payload":{"body":"e30=","integratedTime":1,"logIndex":1,"logID":"aa"}}`, `{"SignedRFC3161Timestamp":"MAA="}`)
	f.Add("", string(newKey(f, "").Public().PEM()), "{}", "")
	v := keyVerifier(f, newKey(f, ""))
	f.Fuzz(func(t *testing.T, sig, cert, log, stamp string) {
		_, err := v.Simple(payload, map[string]string{
			"dev.cosignproject.cosign/signature": sig, "dev.sigstore.cosign/certificate": cert,
			"dev.sigstore.cosign/bundle": log, "dev.sigstore.cosign/rfc3161timestamp": stamp,
		}, seal.Want{Digest: subject})
		if err == nil {
			t.Fatal("verified")
		}
	})
}

// FuzzOldBlob: no bundle of cosign 2 passes that the key did not make.
func FuzzOldBlob(f *testing.F) {
	f.Add([]byte(`{"base64Signature":"AAAA","cert":"","rekorBundle":null}`))
	f.Add([]byte(`{"base64Signature":"AAAA","rekorBundle":{"SignedEntryTimestamp":"AA==","Payload":{"body":"e30=","integratedTime":1,"logIndex":1,"logID":"aa"}}}`))
	v := keyVerifier(f, newKey(f, ""))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := v.Blob(data, seal.BytesBlob([]byte("x")), seal.Want{}); err == nil {
			t.Fatal("verified")
		}
	})
}

// FuzzKeys: keys that are read are written as they are read.
func FuzzKeys(f *testing.F) {
	f.Add(newKey(f, seal.KeyECDSA).Public().PEM())
	f.Add(newKey(f, seal.KeyEd25519).Public().PEM())
	f.Fuzz(func(t *testing.T, data []byte) {
		if k, err := seal.ParsePublicKey(data); err == nil {
			again, err := seal.ParsePublicKey(k.PEM())
			if err != nil || again.Fingerprint() != k.Fingerprint() {
				t.Fatalf("%v", err)
			}
		}
		if k, err := seal.ImportPrivateKey(bytes.Clone(data)); err == nil {
			k.Wipe()
		}
	})
}

// FuzzTrust: a trusted root and a signing config that are read can be used.
func FuzzTrust(f *testing.F) {
	f.Add(newSigstore(f).trustedRoot(f))
	config, err := json.Marshal(map[string]any{"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json"})
	check(f, err)
	f.Add(config)
	f.Fuzz(func(t *testing.T, data []byte) {
		if trust, err := seal.ParseTrust(data); err == nil {
			if _, err := seal.NewVerifier(&seal.VerifierOptions{Trust: trust, Identities: identity()}); err != nil {
				t.Fatal(err)
			}
		}
		_, _ = seal.ParseSigningConfig(data, clock())
	})
}
