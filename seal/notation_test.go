package seal_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/seal"
	"github.com/boltseal/boltseal/source/registry"
)

const (
	jws  = "application/jose+json"
	cose = "application/cose"
	acme = "x509.subject: C=US, ST=WA, O=acme"
)

var notaryNow = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// notary is an authority and a certificate to sign with.
type notary struct {
	rootKey, leafKey *ecdsa.PrivateKey
	root, leaf       *x509.Certificate
}

func newNotary(t testing.TB, organization string, from, to time.Time) *notary {
	t.Helper()
	n := &notary{rootKey: p256(t), leafKey: p256(t)}
	name := func(cn string) pkix.Name {
		return pkix.Name{Country: []string{"US"}, Province: []string{"WA"}, Organization: []string{organization}, CommonName: cn}
	}
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: name("root"), NotBefore: notaryNow.AddDate(-5, 0, 0), NotAfter: notaryNow.AddDate(5, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, MaxPathLen: 1}
	n.root = certify(t, root, root, n.rootKey, n.rootKey)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: name("release, of the app"), NotBefore: from, NotAfter: to,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}}
	n.leaf = certify(t, leaf, n.root, n.leafKey, n.rootKey)
	return n
}

func p256(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	return k
}

func certify(t testing.TB, c, by *x509.Certificate, key, byKey *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, by, key.Public(), byKey)
	check(t, err)
	out, err := x509.ParseCertificate(der)
	check(t, err)
	return out
}

func valid(t testing.TB) *notary {
	return newNotary(t, "acme", notaryNow.AddDate(0, 0, -1), notaryNow.AddDate(0, 0, 30))
}

// sign makes an envelope about a digest.
func (n *notary) sign(t testing.TB, form string, about boltseal.Digest, change func(*signature.SignRequest)) []byte {
	t.Helper()
	payload := fmt.Sprintf(`{"targetArtifact":{"mediaType":%q,"digest":%q,"size":500,"annotations":{"env":"test"}}}`, ocispec.MediaTypeImageManifest, about)
	signer, err := signature.NewLocalSigner([]*x509.Certificate{n.leaf, n.root}, n.leafKey)
	check(t, err)
	req := &signature.SignRequest{
		Payload: signature.Payload{ContentType: "application/vnd.cncf.notary.payload.v1+json", Content: []byte(payload)},
		Signer:  signer, SigningTime: notaryNow.Add(-time.Hour), SigningScheme: signature.SigningSchemeX509,
	}
	if change != nil {
		change(req)
	}
	envelope, err := signature.NewEnvelope(form)
	check(t, err)
	data, err := envelope.Sign(req)
	check(t, err)
	return data
}

func (n *notary) trust() *seal.NotaryTrust {
	return &seal.NotaryTrust{Roots: []*x509.Certificate{n.root}, Identities: []string{acme}}
}

func notaryVerifier(t testing.TB, trust ...*seal.NotaryTrust) *seal.Verifier {
	return verifier(t, &seal.VerifierOptions{Notary: trust, Now: func() time.Time { return notaryNow }})
}

func TestNotation(t *testing.T) {
	n := valid(t)
	for _, form := range []string{jws, cose} {
		t.Run(form, func(t *testing.T) {
			data := n.sign(t, form, subject, func(r *signature.SignRequest) { r.Expiry = notaryNow.Add(time.Hour) })
			got, err := notaryVerifier(t, valid(t).trust(), n.trust()).Notation(data, form, seal.Want{Digest: subject, Annotations: map[string]string{"env": "test"}})
			check(t, err)
			if got.Form != seal.FormNotation || got.Subject != subject || !strings.Contains(got.Signer.String(), "O=acme") || got.Version != "notary.x509" {
				t.Errorf("got %+v", got)
			}
			for _, step := range []seal.StepName{seal.StepFormat, seal.StepSignature, seal.StepCertificate, seal.StepIdentity, seal.StepExpiry, seal.StepRevocation, seal.StepSubject, seal.StepAnnotations} {
				if !has(got.Steps, step) {
					t.Errorf("no step %s in %+v", step, got.Steps)
				}
			}
		})
	}
}

func TestNotationIsRefused(t *testing.T) {
	n, want := valid(t), seal.Want{Digest: subject}
	for _, form := range []string{jws, cose} {
		refuse := func(name string, data []byte, trust *seal.NotaryTrust, want seal.Want, step seal.StepName, words ...string) {
			t.Run(form+" "+name, func(t *testing.T) {
				_, err := notaryVerifier(t, trust).Notation(data, form, want)
				refusedAt(t, err, step, words...)
			})
		}
		good := n.sign(t, form, subject, nil)
		refuse("other root", good, newNotary(t, "acme", notaryNow.AddDate(0, 0, -1), notaryNow.AddDate(0, 0, 1)).trust(), want, seal.StepCertificate, "none of the given ones")
		refuse("other identity", good, &seal.NotaryTrust{Roots: n.trust().Roots, Identities: []string{"x509.subject: C=US, O=evil"}}, want, seal.StepIdentity, `whose O is "acme"; "evil" was asked for`)
		refuse("no such part", good, &seal.NotaryTrust{Roots: n.trust().Roots, Identities: []string{acme + ", OU=tools"}}, want, seal.StepIdentity, "OU")
		refuse("other image", good, n.trust(), seal.Want{Digest: registry.Sum([]byte("x"))}, seal.StepSubject, string(subject))
		refuse("other annotation", good, n.trust(), seal.Want{Digest: subject, Annotations: map[string]string{"env": "prod"}}, seal.StepAnnotations, `"test" and not "prod"`)
		refuse("a name", good, n.trust(), seal.Want{Digest: subject, Reference: "registry.test/app"}, seal.StepReference, "signs no name")
		refuse("expired", n.sign(t, form, subject, func(r *signature.SignRequest) { r.Expiry = notaryNow.Add(-time.Minute) }), n.trust(), want, seal.StepExpiry, "wanted it to count until")
		old := newNotary(t, "acme", notaryNow.AddDate(-1, 0, 0), notaryNow.AddDate(0, 0, -1))
		then := func(r *signature.SignRequest) { r.SigningTime = notaryNow.AddDate(0, -1, 0) }
		refuse("certificate ended", old.sign(t, form, subject, then), old.trust(), want, seal.StepCertificate, "no longer valid")
		young := newNotary(t, "acme", notaryNow.AddDate(0, 0, 1), notaryNow.AddDate(0, 0, 2))
		refuse("certificate not begun", young.sign(t, form, subject, func(r *signature.SignRequest) { r.SigningTime = notaryNow.Add(25 * time.Hour) }), young.trust(), want, seal.StepCertificate, "not yet valid")
		stamps := n.trust()
		stamps.Timestamps = []*x509.Certificate{n.root}
		refuse("stripped timestamp", good, stamps, want, seal.StepTimestamp, "no timestamp comes with it")
		authority := func(r *signature.SignRequest) { r.SigningScheme = signature.SigningSchemeX509SigningAuthority }
		refuse("authority", n.sign(t, form, subject, authority), n.trust(), want, seal.StepCertificate, "no signing authority")
		refuse("no authority", good, &seal.NotaryTrust{Authorities: n.trust().Roots, Identities: []string{"*"}}, want, seal.StepCertificate, "no root")
		refuse("plugin", n.sign(t, form, subject, func(r *signature.SignRequest) {
			r.ExtendedSignedAttributes = []signature.Attribute{{Key: "io.cncf.notary.verificationPlugin", Critical: true, Value: "evil"}}
		}), n.trust(), want, seal.StepFormat, "plugin")
		refuse("unknown demand", n.sign(t, form, subject, func(r *signature.SignRequest) {
			r.ExtendedSignedAttributes = []signature.Attribute{{Key: "com.acme.only", Critical: true, Value: "tuesdays"}}
		}), n.trust(), want, seal.StepFormat, "com.acme.only")
		refuse("other payload", n.sign(t, form, subject, func(r *signature.SignRequest) { r.Payload.ContentType = "text/plain" }), n.trust(), want, seal.StepFormat, "text/plain")
		for _, payload := range []string{`{"targetArtifact":{}}`, `{"targetArtifact":[]}`, `{}`, `{"targetArtifact":{"digest":"` + string(subject) + `"},"targetArtifact":{"digest":"x"}}`} {
			if form == jws && strings.Count(payload, "targetArtifact") > 1 {
				continue // the library that signs JWS writes the payload anew
			}
			refuse("payload "+payload, n.sign(t, form, subject, func(r *signature.SignRequest) { r.Payload.Content = []byte(payload) }), n.trust(), want, seal.StepFormat, "payload")
		}
		revoked := n.trust()
		revoked.Revoked = []*x509.RevocationList{n.crl(t, notaryNow.Add(time.Hour), n.leaf.SerialNumber)}
		refuse("revoked", good, revoked, want, seal.StepRevocation, "taken back")
		stale := n.trust()
		stale.Revoked = []*x509.RevocationList{n.crl(t, notaryNow.Add(-time.Hour), big.NewInt(7))}
		refuse("stale list", good, stale, want, seal.StepRevocation, "was good until")
		foreign := n.trust()
		foreign.Revoked = []*x509.RevocationList{valid(t).crl(t, notaryNow.Add(time.Hour), big.NewInt(7))}
		refuse("list of another", good, foreign, want, seal.StepRevocation, "none of the revocation lists")

		ok := n.trust()
		ok.Revoked = []*x509.RevocationList{n.crl(t, notaryNow.Add(time.Hour), big.NewInt(7))}
		if _, err := notaryVerifier(t, ok).Notation(good, form, want); err != nil {
			t.Errorf("not on the list: %v", err)
		}
		believed := &seal.NotaryTrust{Authorities: []*x509.Certificate{old.root}, Identities: []string{"*"}}
		past := old.sign(t, form, subject, func(r *signature.SignRequest) {
			authority(r)
			then(r)
		})
		if got, err := notaryVerifier(t, believed).Notation(past, form, want); err != nil || len(got.Times) != 1 {
			t.Errorf("signing authority: %v", err)
		}
	}
	_, err := notaryVerifier(t, n.trust()).Notation([]byte("{}"), "text/plain", want)
	refusedAt(t, err, seal.StepFormat, "neither a JWS nor a COSE")
	_, err = keyVerifier(t, newKey(t, "")).Notation(n.sign(t, jws, subject, nil), jws, want)
	refusedAt(t, err, seal.StepCertificate, "--certificate-chain")
	small := verifier(t, &seal.VerifierOptions{Notary: []*seal.NotaryTrust{n.trust()}, Now: clock, MaxBytes: 100})
	_, err = small.Notation(n.sign(t, jws, subject, nil), jws, want)
	refusedAt(t, err, seal.StepFormat, "--max-attestation-bytes")
}

func (n *notary) crl(t testing.TB, until time.Time, serial *big.Int) *x509.RevocationList {
	t.Helper()
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: until.AddDate(0, 0, -7), NextUpdate: until,
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: serial, RevocationTime: notaryNow.AddDate(0, 0, -1)}},
	}, n.root, n.rootKey)
	check(t, err)
	list, err := seal.ParseRevocationList(der)
	check(t, err)
	return list
}

// Every change of an envelope is refused: there is no byte that says nothing.
func TestNotationMutations(t *testing.T) {
	n := valid(t)
	v := notaryVerifier(t, n.trust())
	for _, form := range []string{jws, cose} {
		data := n.sign(t, form, subject, nil)
		for i := range data {
			for _, flip := range []byte{1, 0x20, 0x80} {
				changed := bytes.Clone(data)
				changed[i] ^= flip
				if _, err := v.Notation(changed, form, seal.Want{Digest: subject}); err == nil {
					t.Errorf("%s: byte %d (%q to %q) can be changed", form, i, data[i], changed[i])
				}
			}
		}
	}
}

// A registry's image that notation signed is found through referrers and
// through the tag of registries that have none.
func TestNotationInRegistry(t *testing.T) {
	n := valid(t)
	for _, referrers := range []bool{true, false} {
		s := serve(t, referrers)
		ref, digest := s.push(t, "app:1")
		attachNotation(t, s, ref, digest, n.sign(t, cose, digest, nil), cose)
		attachNotation(t, s, ref, digest, n.sign(t, jws, digest, nil), jws)
		attachNotation(t, s, ref, digest, valid(t).sign(t, jws, digest, nil), jws)
		r, err := notaryVerifier(t, n.trust()).Image(t.Context(), s.client, ref, seal.Want{})
		check(t, err)
		if len(r.Verified) != 2 || len(r.Refused) != 1 {
			t.Errorf("referrers %v: %d verified, %d refused: %v", referrers, len(r.Verified), len(r.Refused), r.Refused)
		}
		// Without a root it is found and not counted.
		_, err = keyVerifier(t, newKey(t, "")).Image(t.Context(), s.client, ref, seal.Want{})
		if refused, ok := errors.AsType[*seal.RefusedError](err); !ok || !strings.Contains(err.Error(), "Notary") || len(refused.Result.Refused) != 3 {
			t.Errorf("got %v", err)
		}
		tree, err := seal.Tree(t.Context(), s.client, ref)
		check(t, err)
		if !slices.ContainsFunc(tree.Attached, func(l seal.Leaf) bool { return l.Kind == seal.KindNotation && l.Signed }) {
			t.Errorf("tree: %+v", tree)
		}
	}
}

func attachNotation(t testing.TB, s *store, ref registry.Ref, digest boltseal.Digest, data []byte, form string) {
	t.Helper()
	m, err := s.client.Manifest(t.Context(), ref)
	check(t, err)
	empty, layer := ocispec.DescriptorEmptyJSON, registry.Describe(form, data)
	s.put(t, ref, empty, empty.Data)
	s.put(t, ref, layer, data)
	config := ocispec.Descriptor{MediaType: "application/vnd.cncf.notary.signature", Digest: empty.Digest, Size: empty.Size}
	about := ocispec.Descriptor{MediaType: m.MediaType, Digest: registry.Wire(digest), Size: int64(len(m.Data))}
	manifest, err := json.Marshal(ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest, Config: config, Layers: []ocispec.Descriptor{layer}, Subject: &about,
	})
	check(t, err)
	_, err = s.client.PutManifest(t.Context(), ref.At(registry.Sum(manifest)), ocispec.MediaTypeImageManifest, manifest)
	check(t, err)
}

func TestNotaryTrustIsChecked(t *testing.T) {
	n := valid(t)
	for _, c := range []struct {
		trust *seal.NotaryTrust
		want  string
	}{
		{&seal.NotaryTrust{Identities: []string{"*"}}, "need a root"},
		{&seal.NotaryTrust{Roots: n.trust().Roots}, "need an identity"},
		{&seal.NotaryTrust{Roots: n.trust().Roots, Identities: []string{"acme"}}, "need an identity"},
		{&seal.NotaryTrust{Roots: n.trust().Roots, Identities: []string{"x509.subject: acme"}}, "not a part of a distinguished name"},
		{&seal.NotaryTrust{Roots: n.trust().Roots, Identities: []string{"x509.subject: O=a, O=b"}}, "twice"},
		{&seal.NotaryTrust{Roots: n.trust().Roots, Identities: []string{"x509.subject: O=a+CN=b"}}, "joined"},
	} {
		if _, err := seal.NewVerifier(&seal.VerifierOptions{Notary: []*seal.NotaryTrust{c.trust}, Now: clock}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %q", c.trust.Identities, err, c.want)
		}
	}
	if err := seal.CheckNotaryIdentity(`x509.subject: CN=release\, of the app, S=WA`); err != nil {
		t.Error(err)
	}
	ok := &seal.NotaryTrust{Roots: n.trust().Roots, Identities: []string{`x509.subject: CN=release\, of the app, S=WA`}}
	if _, err := notaryVerifier(t, ok).Notation(n.sign(t, jws, subject, nil), jws, seal.Want{Digest: subject}); err != nil {
		t.Errorf("escaped comma: %v", err)
	}
}

func FuzzNotation(f *testing.F) {
	n := valid(f)
	for _, form := range []string{jws, cose} {
		f.Add(n.sign(f, form, subject, nil), form == jws)
	}
	good := map[string]bool{}
	v := notaryVerifier(f, n.trust())
	f.Fuzz(func(t *testing.T, data []byte, isJWS bool) {
		form := cose
		if isJWS {
			form = jws
		}
		got, err := v.Notation(data, form, seal.Want{Digest: subject})
		if (got == nil) == (err == nil) {
			t.Fatalf("got %v and %v", got, err)
		}
		if err == nil {
			good[string(data)] = true
		}
		if len(good) > 4 {
			t.Fatal("envelopes that nobody signed are verified")
		}
	})
}
