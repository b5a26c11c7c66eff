package seal_test

import (
	"testing"

	"github.com/boltseal/boltseal/seal"
)

// BenchmarkKeyBundle is one signature made with a key, read and verified.
func BenchmarkKeyBundle(b *testing.B) {
	for _, kind := range seal.KeyKinds() {
		b.Run(string(kind), func(b *testing.B) {
			k := newKey(b, kind)
			data, err := keySigner(b, k).Statement(b.Context(), statement())
			check(b, err)
			v := keyVerifier(b, k)
			for b.Loop() {
				if _, err := v.Bundle(data, seal.Want{Digest: subject}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSimple is one signature in the form of cosign 2.
func BenchmarkSimple(b *testing.B) {
	k := newKey(b, "")
	s := serve(b, true)
	ref, d := s.push(b, "app:1")
	_, err := keySigner(b, k).Image(b.Context(), s.client, ref, &seal.SignOptions{LegacyOnly: true})
	check(b, err)
	var at *seal.Attached
	for a, err := range seal.Attestations(b.Context(), s.client, ref, nil) {
		check(b, err)
		at = a
	}
	payload, err := at.Read(b.Context(), 0)
	check(b, err)
	v := keyVerifier(b, k)
	for b.Loop() {
		if _, err := v.Simple(payload, at.Annotations, seal.Want{Digest: d}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkKeylessBundle is one signature made with a certificate, read and
// verified offline: certificate, SCT, log entry, timestamp, identity.
func BenchmarkKeylessBundle(b *testing.B) {
	for _, c := range []struct {
		name    string
		version uint32
		stamps  bool
	}{{"rekor1", 1, false}, {"rekor1-tsa", 1, true}, {"rekor2-tsa", 2, true}} {
		b.Run(c.name, func(b *testing.B) {
			ss := newSigstore(b)
			trust := ss.trust(b)
			data, err := signer(b, &seal.SignerOptions{Token: token(someone, vouches), Services: ss.services(c.version, c.stamps), Trust: trust}).Statement(b.Context(), statement())
			check(b, err)
			v := verifier(b, &seal.VerifierOptions{Identities: identity(), Trust: trust})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Bundle(data, seal.Want{Digest: subject}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPublicGood reads the built-in trusted root and checks its links.
func BenchmarkPublicGood(b *testing.B) {
	for b.Loop() {
		if _, err := seal.PublicGood(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkImages asks a registry in this process for what is attached to an
// image and verifies it, on all cores, with the connections open.
func BenchmarkImages(b *testing.B) {
	k := newKey(b, "")
	s := serve(b, true)
	ref, d := s.push(b, "app:1")
	_, err := keySigner(b, k).Image(b.Context(), s.client, ref, &seal.SignOptions{})
	check(b, err)
	v, ref := keyVerifier(b, k), ref.At(d)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := v.Image(b.Context(), s.client, ref, seal.Want{}); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
}
