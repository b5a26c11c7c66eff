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
