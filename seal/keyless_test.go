package seal_test

import (
	"testing"

	"github.com/boltseal/boltseal/seal"
)

const (
	someone = "dev@boltseal.test"
	vouches = "https://issuer.boltseal.test"
)

func identity() []seal.Identity { return []seal.Identity{{Subject: someone, Issuer: vouches}} }

func TestKeyless(t *testing.T) {
	for _, c := range []struct {
		name    string
		version uint32
		stamps  bool
		legacy  bool
		steps   []seal.StepName
	}{
		{"rekor 1", 1, false, true, []seal.StepName{seal.StepLog, seal.StepTimestamp}},
		{"rekor 1 and timestamps", 1, true, true, []seal.StepName{seal.StepLog, seal.StepTimestamp}},
		{"rekor 2 and timestamps", 2, true, false, []seal.StepName{seal.StepLog, seal.StepTimestamp}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ss := newSigstore(t)
			s := serve(t, true)
			ref, _ := s.push(t, "app:1")
			trust := ss.trust(t)
			sg := signer(t, &seal.SignerOptions{Token: token(someone, vouches), Services: ss.services(c.version, c.stamps), Trust: trust})
			if _, err := sg.Image(t.Context(), s.client, ref, &seal.SignOptions{Legacy: c.legacy}); err != nil {
				t.Fatal(err)
			}
			r, err := verifier(t, &seal.VerifierOptions{Identities: identity(), Trust: trust}).Image(t.Context(), s.client, ref, seal.Want{})
			if err != nil {
				t.Fatal(err)
			}
			if want := map[bool]int{false: 1, true: 2}[c.legacy]; len(r.Verified) != want {
				t.Errorf("got %d verified, want %d; refused: %v", len(r.Verified), want, r.Refused)
			}
			for _, v := range r.Verified {
				for _, step := range append(c.steps, seal.StepSCT, seal.StepCertificate, seal.StepIdentity, seal.StepSignature, seal.StepSubject) {
					if !has(v.Steps, step) {
						t.Errorf("%s: no step %s: %+v", v.Form, step, v.Steps)
					}
				}
			}
			_, err = verifier(t, &seal.VerifierOptions{Identities: []seal.Identity{{Subject: "evil@boltseal.test", Issuer: vouches}}, Trust: trust}).Image(t.Context(), s.client, ref, seal.Want{})
			refusedAt(t, err, seal.StepIdentity, someone, "evil@boltseal.test")
			_, err = verifier(t, &seal.VerifierOptions{Identities: identity(), Trust: newSigstore(t).trust(t)}).Image(t.Context(), s.client, ref, seal.Want{})
			refusedAt(t, err, seal.StepLog, "no transparency log that we know")
		})
	}
}

// A key's signature may have witnesses too. They are asked for with
// RequireLog, and looked at whenever the trusted root knows them.
func TestKeysWithWitnesses(t *testing.T) {
	ss := newSigstore(t)
	trust := ss.trust(t)
	for _, kind := range []seal.KeyKind{seal.KeyECDSA, seal.KeyRSA} {
		for version := uint32(1); version <= 2; version++ {
			k := newKey(t, kind)
			keys := []*seal.PublicKey{k.Public()}
			data, err := signer(t, &seal.SignerOptions{Key: k, Services: ss.services(version, true), Trust: trust}).Statement(t.Context(), statement())
			check(t, err)
			want := seal.Want{Digest: subject}
			out, err := verifier(t, &seal.VerifierOptions{Keys: keys, Trust: trust, RequireLog: true}).Bundle(data, want)
			check(t, err)
			if !has(out.Steps, seal.StepLog) || !has(out.Steps, seal.StepTimestamp) || len(out.Log) != 1 || len(out.Times) == 0 {
				t.Errorf("%s, rekor %d: got %+v", kind, version, out)
			}
			// Without a trusted root nobody can say who the witnesses are.
			out, err = keyVerifier(t, k).Bundle(data, want)
			check(t, err)
			if len(out.Log)+len(out.Times) != 0 {
				t.Errorf("%s, rekor %d: got witnesses out of nowhere: %+v", kind, version, out)
			}
			bare, err := keySigner(t, k).Statement(t.Context(), statement())
			check(t, err)
			_, err = verifier(t, &seal.VerifierOptions{Keys: keys, Trust: trust, RequireLog: true}).Bundle(bare, want)
			refusedAt(t, err, seal.StepLog, "without any entry")
			_, err = verifier(t, &seal.VerifierOptions{Keys: keys, Trust: newSigstore(t).trust(t), RequireLog: true}).Bundle(data, want)
			refusedAt(t, err, seal.StepLog, "no transparency log that we know")
			_, err = verifier(t, &seal.VerifierOptions{Keys: keys, Trust: trust, RequireLog: true}).Detached([]byte("x"), seal.BytesBlob([]byte("y")))
			refusedAt(t, err, seal.StepLog)
		}
	}
}

// One attached thing can be verified by itself; what nobody signed is not.
func TestVerifyOneAttached(t *testing.T) {
	s := serve(t, true)
	ref, digests := s.pushIndex(t, "app:1")
	k := newKey(t, "")
	_, err := keySigner(t, k).Image(t.Context(), s.client, ref, &seal.SignOptions{Legacy: true})
	check(t, err)
	v := keyVerifier(t, k)
	signed, unsigned := 0, 0
	for a, err := range seal.Attestations(t.Context(), s.client, ref, nil) {
		check(t, err)
		out, err := v.Attached(t.Context(), a, seal.Want{Digest: digests[0]})
		if a.Kind.Signed() {
			check(t, err)
			if out.Source != a.Where {
				t.Errorf("got source %q, want %q", out.Source, a.Where)
			}
			signed++
			continue
		}
		refusedAt(t, err, seal.StepSignature, "nobody signed it")
		unsigned++
	}
	if signed != 2 || unsigned != 1 {
		t.Errorf("%d signed and %d unsigned, want 2 and 1", signed, unsigned)
	}
}

// Logs know the hash of a file, and in version 2 that of a statement: Ed25519
// signatures are then over it, and verified as such.
func TestEd25519AndLogs(t *testing.T) {
	ss := newSigstore(t)
	k, trust := newKey(t, seal.KeyEd25519), ss.trust(t)
	v := verifier(t, &seal.VerifierOptions{Keys: []*seal.PublicKey{k.Public()}, Trust: trust, RequireLog: true})
	for version := uint32(1); version <= 2; version++ {
		sg := signer(t, &seal.SignerOptions{Key: k, Services: ss.services(version, true), Trust: trust})
		data, err := sg.Statement(t.Context(), statement())
		check(t, err)
		if _, err := v.Bundle(data, seal.Want{Digest: subject, AnyPredicate: true}); err != nil {
			t.Errorf("statement, rekor %d: %v", version, err)
		}
		data, err = sg.Blob(t.Context(), seal.BytesBlob([]byte("file")))
		check(t, err)
		if _, err := v.Blob(data, seal.BytesBlob([]byte("file")), seal.Want{}); err != nil {
			t.Errorf("file, rekor %d: %v", version, err)
		}
		if _, err := v.Blob(data, seal.BytesBlob([]byte("other")), seal.Want{}); err == nil {
			t.Errorf("another file, rekor %d: verified", version)
		}
	}
	both := ss.services(1, true)
	both.Rekor = append(both.Rekor, ss.services(2, true).Rekor...)
	if _, err := signer(t, &seal.SignerOptions{Key: k, Services: both}).Statement(t.Context(), statement()); err == nil {
		t.Error("logs of both versions: want an error")
	}
}
