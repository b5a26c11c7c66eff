package seal_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberphone/json-canonicalization/go/src/webpki.org/jsoncanonicalizer"
	"github.com/digitorus/timestamp"
	"github.com/go-openapi/runtime"
	ct "github.com/google/certificate-transparency-go"
	"github.com/google/certificate-transparency-go/tls"
	ctx509 "github.com/google/certificate-transparency-go/x509"
	"github.com/google/certificate-transparency-go/x509util"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/rekor-tiles/v2/pkg/generated/protobuf"
	rekornote "github.com/sigstore/rekor-tiles/v2/pkg/note"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/rekor/pkg/types"
	"github.com/sigstore/rekor/pkg/util"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/signature"
	flog "github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/boltseal/boltseal/seal"
)

// sigstore is a sigstore instance in this process that speaks HTTP: a
// certificate authority with a certificate transparency log, transparency
// logs of both API versions, and a timestamp authority. It believes every
// identity token.
type sigstore struct {
	*httptest.Server
	rootCA, issuer, tsa      *x509.Certificate
	tsaIssuer                *x509.Certificate
	issuerKey, tsaKey, ctKey *ecdsa.PrivateKey
	rekorKey                 *ecdsa.PrivateKey
	now                      func() time.Time
	withoutSCT               bool
	extensions               []pkix.Extension
	wrongKey, wrongStamp     bool
}

func newSigstore(t testing.TB) *sigstore {
	t.Helper()
	s := &sigstore{now: func() time.Time { return time.Now().Truncate(time.Second) }}
	key := func(c elliptic.Curve) *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		check(t, err)
		return k
	}
	rootKey, tsaIssuerKey := key(elliptic.P384()), key(elliptic.P384())
	s.issuerKey, s.tsaKey, s.ctKey, s.rekorKey = key(elliptic.P384()), key(elliptic.P256()), key(elliptic.P256()), key(elliptic.P256())
	authority := func(name string, pub *ecdsa.PrivateKey, parent *x509.Certificate, by *ecdsa.PrivateKey, use ...x509.ExtKeyUsage) *x509.Certificate {
		template := &x509.Certificate{
			SerialNumber: serial(t), Subject: pkix.Name{CommonName: name, Organization: []string{"boltseal.test"}},
			NotBefore: s.now().Add(-24 * time.Hour), NotAfter: s.now().Add(24 * time.Hour),
			KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, ExtKeyUsage: use, BasicConstraintsValid: true, IsCA: true,
		}
		if parent == nil {
			parent = template
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, pub.Public(), by)
		check(t, err)
		cert, err := x509.ParseCertificate(der)
		check(t, err)
		return cert
	}
	s.rootCA = authority("root", rootKey, nil, rootKey)
	s.issuer = authority("issuer", s.issuerKey, s.rootCA, rootKey, x509.ExtKeyUsageCodeSigning)
	s.tsaIssuer = authority("tsa issuer", tsaIssuerKey, s.rootCA, rootKey, x509.ExtKeyUsageTimeStamping)
	use, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	check(t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial(t), Subject: pkix.Name{CommonName: "tsa"}, NotBefore: s.now().Add(-24 * time.Hour), NotAfter: s.now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: use}},
	}, s.tsaIssuer, s.tsaKey.Public(), tsaIssuerKey)
	check(t, err)
	s.tsa, err = x509.ParseCertificate(der)
	check(t, err)

	mux := http.NewServeMux()
	handle := func(pattern string, h func(*http.Request) (int, []byte, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			status, body, err := h(r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			if strings.HasSuffix(pattern, "/api/v1/log/entries") {
				w.Header().Set("ETag", "e1")
			}
			w.WriteHeader(status)
			_, _ = w.Write(body)
		})
	}
	handle("POST /api/v2/signingCert", s.certify)
	handle("POST /api/v1/signingCert", s.certifyV1)
	handle("POST /api/v1/timestamp", s.stamp)
	handle("POST /api/v1/log/entries", s.logV1)
	handle("POST /api/v2/log/entries", s.logV2)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func serial(t testing.TB) *big.Int {
	n, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	check(t, err)
	return n
}

// token is an identity token that only this instance believes.
func token(subject, issuer string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		claims, err := json.Marshal(map[string]any{"sub": subject, "iss": issuer, "email": subject, "email_verified": true})
		if strings.HasPrefix(subject, "https:") {
			claims, err = json.Marshal(map[string]any{"sub": subject, "iss": issuer})
		}
		return "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9." + base64.RawURLEncoding.EncodeToString(claims) + ".c2ln", err
	}
}

// services are the instance's addresses, with the log of the API version, or
// none for 0.
func (s *sigstore) services(version uint32, stamps bool) *seal.Services {
	out := &seal.Services{Fulcio: s.URL}
	if version > 0 {
		out.Rekor = []seal.LogService{{URL: s.URL, Version: version}}
	}
	if stamps {
		out.TSA = []string{s.URL + "/api/v1/timestamp"}
	}
	return out
}

// trust is the instance's trusted root as a file.
func (s *sigstore) trust(t testing.TB) *seal.Trust {
	t.Helper()
	tr, err := seal.ParseTrust(s.trustedRoot(t))
	check(t, err)
	return tr
}

func (s *sigstore) trustedRoot(t testing.TB) []byte {
	t.Helper()
	from, to := s.now().Add(-24*time.Hour), s.now().Add(24*time.Hour)
	log := func(key *ecdsa.PrivateKey) map[string]*root.TransparencyLog {
		id := keyID(t, key)
		return map[string]*root.TransparencyLog{hex.EncodeToString(id): {
			BaseURL: s.URL, ID: id, ValidityPeriodStart: from, ValidityPeriodEnd: to, HashFunc: crypto.SHA256, PublicKey: key.Public(), SignatureHashFunc: crypto.SHA256,
		}}
	}
	tr, err := root.NewTrustedRoot(root.TrustedRootMediaType01,
		[]root.CertificateAuthority{&root.FulcioCertificateAuthority{Root: s.rootCA, Intermediates: []*x509.Certificate{s.issuer}, ValidityPeriodStart: from, ValidityPeriodEnd: to, URI: s.URL}},
		log(s.ctKey),
		[]root.TimestampingAuthority{&root.SigstoreTimestampingAuthority{Root: s.rootCA, Intermediates: []*x509.Certificate{s.tsaIssuer}, Leaf: s.tsa, ValidityPeriodStart: from, ValidityPeriodEnd: to, URI: s.URL}},
		maps.Clone(log(s.rekorKey)))
	check(t, err)
	data, err := tr.MarshalJSON()
	check(t, err)
	return data
}

func keyID(t testing.TB, key *ecdsa.PrivateKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	check(t, err)
	sum := sha256.Sum256(der)
	return sum[:]
}

// certify answers as Fulcio does.
func (s *sigstore) certify(r *http.Request) (int, []byte, error) {
	var req struct {
		PublicKeyRequest struct {
			PublicKey struct {
				Content string `json:"content"`
			} `json:"publicKey"`
		} `json:"publicKeyRequest"`
	}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		return 0, nil, err
	}
	block, _ := pem.Decode([]byte(req.PublicKeyRequest.PublicKey.Content))
	if block == nil {
		return 0, nil, fmt.Errorf("no key")
	}
	pub, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return 0, nil, err
	}
	if s.wrongKey {
		other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return 0, nil, err
		}
		pub = other.Public()
	}
	der, err := s.issueFor(r, pub)
	if err != nil {
		return 0, nil, err
	}
	chain := []string{string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
	body, err := json.Marshal(map[string]any{"signedCertificateEmbeddedSct": map[string]any{"chain": map[string]any{"certificates": chain}}})
	return http.StatusOK, body, err
}

// certifyV1 answers as Fulcio does to cosign 2.
func (s *sigstore) certifyV1(r *http.Request) (int, []byte, error) {
	var req struct {
		PublicKey struct {
			Content []byte `json:"content"`
		} `json:"publicKey"`
	}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		return 0, nil, err
	}
	block, _ := pem.Decode(req.PublicKey.Content)
	if block == nil {
		return 0, nil, fmt.Errorf("no key")
	}
	pub, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return 0, nil, err
	}
	leaf, err := s.issueFor(r, pub)
	if err != nil {
		return 0, nil, err
	}
	var out []byte
	for _, der := range [][]byte{leaf, s.issuer.Raw, s.rootCA.Raw} {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return http.StatusCreated, out, nil
}

// issueFor issues a certificate to whom the request's token names.
func (s *sigstore) issueFor(r *http.Request, pub any) ([]byte, error) {
	var claims struct{ Sub, Iss string }
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(r.Header.Get("Authorization"), ".")[1])
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &claims); err != nil {
		return nil, err
	}
	return s.issue(pub, claims.Sub, claims.Iss)
}

func (s *sigstore) issue(pub any, subject, issuer string) ([]byte, error) {
	name, err := asn1.MarshalWithParams(issuer, "utf8")
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: s.now().Add(-time.Second), NotAfter: s.now().Add(10 * time.Minute),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	if u, err := url.Parse(subject); err == nil && u.Scheme != "" {
		template.URIs = []*url.URL{u}
	} else {
		template.EmailAddresses = []string{subject}
	}
	own := append([]pkix.Extension{
		{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 1}, Value: []byte(issuer)},
		{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 8}, Value: name},
	}, s.extensions...)
	// The log signs the certificate as it is before the log's word is in it.
	template.ExtraExtensions = append(slices.Clip(own), pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 3}, Critical: true, Value: asn1.NullBytes})
	pre, err := x509.CreateCertificate(rand.Reader, template, s.issuer, pub, s.issuerKey)
	if err != nil {
		return nil, err
	}
	template.ExtraExtensions = own
	if !s.withoutSCT {
		ext, err := s.sct(pre)
		if err != nil {
			return nil, err
		}
		template.ExtraExtensions = append(slices.Clip(own), ext)
	}
	return x509.CreateCertificate(rand.Reader, template, s.issuer, pub, s.issuerKey)
}

// sct is the certificate transparency log's word on a certificate.
func (s *sigstore) sct(pre []byte) (pkix.Extension, error) {
	at := uint64(s.now().UnixMilli())
	leaf, err := ct.MerkleTreeLeafFromRawChain([]ct.ASN1Cert{{Data: pre}, {Data: s.issuer.Raw}}, ct.PrecertLogEntryType, at)
	if err != nil {
		return pkix.Extension{}, err
	}
	sct := ct.SignedCertificateTimestamp{SCTVersion: ct.V1, Timestamp: at}
	der, err := x509.MarshalPKIXPublicKey(s.ctKey.Public())
	if err != nil {
		return pkix.Extension{}, err
	}
	sct.LogID.KeyID = sha256.Sum256(der)
	input, err := ct.SerializeSCTSignatureInput(sct, ct.LogEntry{Leaf: *leaf})
	if err != nil {
		return pkix.Extension{}, err
	}
	sig, err := tls.CreateSignature(*s.ctKey, tls.SHA256, input)
	if err != nil {
		return pkix.Extension{}, err
	}
	sct.Signature = ct.DigitallySigned(sig)
	list, err := x509util.MarshalSCTsIntoSCTList([]*ct.SignedCertificateTimestamp{&sct})
	if err != nil {
		return pkix.Extension{}, err
	}
	raw, err := tls.Marshal(*list)
	if err != nil {
		return pkix.Extension{}, err
	}
	value, err := asn1.Marshal(raw)
	return pkix.Extension{Id: asn1.ObjectIdentifier(ctx509.OIDExtensionCTSCT), Value: value}, err
}

// stamp answers as a timestamp authority does.
func (s *sigstore) stamp(r *http.Request) (int, []byte, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, nil, err
	}
	req, err := timestamp.ParseRequest(body)
	if err != nil {
		return 0, nil, err
	}
	if s.wrongStamp {
		req.HashedMessage[0] ^= 1
	}
	template := timestamp.Timestamp{HashAlgorithm: req.HashAlgorithm, HashedMessage: req.HashedMessage, Time: s.now(), Policy: asn1.ObjectIdentifier{1, 2, 3}}
	out, err := template.CreateResponseWithOpts(s.tsa, s.tsaKey, crypto.SHA256)
	return http.StatusCreated, out, err
}

// logV1 answers as Rekor 1 does.
func (s *sigstore) logV1(r *http.Request) (int, []byte, error) {
	proposed, err := models.UnmarshalProposedEntry(r.Body, runtime.JSONConsumer())
	if err != nil {
		return 0, nil, err
	}
	entry, err := types.UnmarshalEntry(proposed)
	if err != nil {
		return 0, nil, err
	}
	body, err := types.CanonicalizeEntry(r.Context(), entry)
	if err != nil {
		return 0, nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(s.rekorKey.Public())
	if err != nil {
		return 0, nil, err
	}
	sum := sha256.Sum256(der)
	anon := map[string]any{"body": base64.StdEncoding.EncodeToString(body), "integratedTime": s.now().Unix(), "logIndex": 7, "logID": hex.EncodeToString(sum[:])}
	payload, err := json.Marshal(anon)
	if err != nil {
		return 0, nil, err
	}
	canonical, err := jsoncanonicalizer.Transform(payload)
	if err != nil {
		return 0, nil, err
	}
	digest := sha256.Sum256(canonical)
	promise, err := ecdsa.SignASN1(rand.Reader, s.rekorKey, digest[:])
	if err != nil {
		return 0, nil, err
	}
	signer, err := signature.LoadECDSASignerVerifier(s.rekorKey, crypto.SHA256)
	if err != nil {
		return 0, nil, err
	}
	leaf := rfc6962.DefaultHasher.HashLeaf(body)
	checkpoint, err := util.CreateAndSignCheckpoint(context.Background(), "rekor.test", 123, 1, leaf, signer)
	if err != nil {
		return 0, nil, err
	}
	anon["verification"] = map[string]any{
		"signedEntryTimestamp": base64.StdEncoding.EncodeToString(promise),
		"inclusionProof":       map[string]any{"checkpoint": string(checkpoint), "hashes": []string{}, "logIndex": 0, "rootHash": hex.EncodeToString(leaf), "treeSize": 1},
	}
	out, err := json.Marshal(map[string]any{"e1": anon})
	return http.StatusCreated, out, err
}

// logV2 answers as Rekor 2 does.
func (s *sigstore) logV2(r *http.Request) (int, []byte, error) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, nil, err
	}
	var req protobuf.CreateEntryRequest
	if err := protojson.Unmarshal(data, &req); err != nil {
		return 0, nil, err
	}
	hashed := req.GetHashedRekordRequestV002()
	algorithm := protocommon.HashAlgorithm_SHA2_256
	if hashed.GetSignature().GetVerifier().GetKeyDetails() == protocommon.PublicKeyDetails_PKIX_ED25519_PH {
		algorithm = protocommon.HashAlgorithm_SHA2_512
	}
	serialized, err := protojson.Marshal(&protobuf.Entry{ApiVersion: "0.0.2", Kind: "hashedrekord", Spec: &protobuf.Spec{Spec: &protobuf.Spec_HashedRekordV002{
		HashedRekordV002: &protobuf.HashedRekordLogEntryV002{
			Data: &protocommon.HashOutput{Algorithm: algorithm, Digest: hashed.GetDigest()}, Signature: hashed.GetSignature(),
		},
	}}})
	if err != nil {
		return 0, nil, err
	}
	body, err := jsoncanonicalizer.Transform(serialized)
	if err != nil {
		return 0, nil, err
	}
	leaf := rfc6962.DefaultHasher.HashLeaf(body)
	u, err := url.Parse(s.URL)
	if err != nil {
		return 0, nil, err
	}
	key, err := signature.LoadECDSASignerVerifier(s.rekorKey, crypto.SHA256)
	if err != nil {
		return 0, nil, err
	}
	signer, err := rekornote.NewNoteSigner(r.Context(), u.Hostname(), key)
	if err != nil {
		return 0, nil, err
	}
	checkpoint, err := note.Sign(&note.Note{Text: string(flog.Checkpoint{Origin: u.Hostname(), Size: 1, Hash: leaf}.Marshal())}, signer)
	if err != nil {
		return 0, nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(s.rekorKey.Public())
	if err != nil {
		return 0, nil, err
	}
	sum := sha256.Sum256(der)
	out, err := protojson.Marshal(&protorekor.TransparencyLogEntry{
		LogId: &protocommon.LogId{KeyId: sum[:]}, KindVersion: &protorekor.KindVersion{Kind: "hashedrekord", Version: "0.0.2"}, CanonicalizedBody: body,
		InclusionProof: &protorekor.InclusionProof{TreeSize: 1, RootHash: leaf, Checkpoint: &protorekor.Checkpoint{Envelope: string(checkpoint)}},
	})
	return http.StatusCreated, out, err
}
