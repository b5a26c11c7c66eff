package seal

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protodsse "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/boltseal/boltseal"
)

// SignerOptions say who signs, and whom to tell. Key or Token has to be given.
type SignerOptions struct {
	// Key signs. The services are then asked for timestamps and log entries
	// only if there are any.
	Key *PrivateKey

	// Token gives an OpenID Connect identity token. It is asked once a
	// signature is to be made, and a certificate for a key that is thrown away
	// is got for it from Services.
	Token func(context.Context) (string, error)
	// Services are the sigstore instance's.
	Services *Services
	// Trust verifies what was signed before anyone gets to see it. Nil leaves
	// that out for certificates.
	Trust *Trust

	// HTTP sends the requests to certificate and timestamp authorities; nil
	// means the default transport.
	HTTP http.RoundTripper
	// Now is the clock. It has to be given.
	Now func() time.Time
}

// Signer makes signatures. It is safe for use by several goroutines.
type Signer struct {
	opts SignerOptions

	mu   sync.Mutex
	key  *PrivateKey // with the certificate: thrown away by Close
	cert *x509.Certificate
}

var (
	errNoSigner   = errors.New("neither a key nor an identity to sign with")
	errTwoSigners = errors.New("a key and an identity: give one of them")
	errNoFulcio   = errors.New("no certificate authority is configured")
	errNoLog      = errors.New("a certificate is only good for minutes: without a transparency log or a timestamp authority nobody could verify the signature later")
	errLogEd25519 = errors.New("logs of Rekor's versions 1 and 2 want different Ed25519 signatures over a statement; name logs of one version, or use an ECDSA key")
	errNoClock    = errors.New("no clock")
)

// NewSigner returns a signer.
func NewSigner(opts *SignerOptions) (*Signer, error) {
	s := &Signer{opts: *opts}
	switch services := s.opts.Services; {
	case opts.Now == nil:
		return nil, errNoClock
	case opts.Key == nil && opts.Token == nil:
		return nil, errNoSigner
	case opts.Key != nil && opts.Token != nil:
		return nil, errTwoSigners
	case opts.Token != nil && (services == nil || services.Fulcio == ""):
		return nil, errNoFulcio
	case opts.Token != nil && len(services.Rekor) == 0 && len(services.TSA) == 0:
		return nil, errNoLog
	}
	if s.opts.Services == nil {
		s.opts.Services = &Services{}
	}
	return s, nil
}

// Close wipes the key that a certificate was got for.
func (s *Signer) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.key != nil {
		s.key.Wipe()
	}
	s.key, s.cert = nil, nil
}

// Public is the key that signs, or nil if it is made anew for a certificate.
func (s *Signer) Public() *PublicKey {
	if s.opts.Key == nil {
		return nil
	}
	return s.opts.Key.Public()
}

// Statement signs a statement and returns a sigstore bundle.
func (s *Signer) Statement(ctx context.Context, statement *Statement) ([]byte, error) {
	payload, err := statement.Encode()
	if err != nil {
		return nil, err
	}
	pb, err := s.envelope(ctx, payload, false)
	if err != nil {
		return nil, fmt.Errorf("sign statement: %w", err)
	}
	data, err := encodeBundle(pb)
	if err != nil {
		return nil, fmt.Errorf("sign statement: %w", err)
	}
	return data, nil
}

// encodeBundle writes a bundle without the spaces that protojson puts in at
// random.
func encodeBundle(pb *protobundle.Bundle) ([]byte, error) {
	data, err := protojson.Marshal(pb)
	if err != nil {
		return nil, err
	}
	var compact json.RawMessage = data
	return json.Marshal(compact)
}

func (s *Signer) envelope(ctx context.Context, payload []byte, old bool) (*protobundle.Bundle, error) {
	prehash, err := s.prehash(true)
	if err != nil {
		return nil, err
	}
	return s.bundle(ctx, bytesContent(pae(MediaTypeStatement, payload)), signing{old, prehash}, func(sig []byte, pb *protobundle.Bundle) {
		pb.Content = &protobundle.Bundle_DsseEnvelope{DsseEnvelope: &protodsse.Envelope{
			Payload: payload, PayloadType: MediaTypeStatement, Signatures: []*protodsse.Signature{{Sig: sig}},
		}}
	})
}

// Blob signs a file and returns a sigstore bundle.
func (s *Signer) Blob(ctx context.Context, blob *Blob) ([]byte, error) {
	pb, err := s.blob(ctx, blob, false)
	if err != nil {
		return nil, fmt.Errorf("sign file: %w", err)
	}
	return encodeBundle(pb)
}

func (s *Signer) blob(ctx context.Context, c content, old bool) (*protobundle.Bundle, error) {
	prehash, err := s.prehash(false)
	if err != nil {
		return nil, err
	}
	return s.bundle(ctx, c, signing{old, prehash}, func(sig []byte, pb *protobundle.Bundle) {
		algorithm, h := protocommon.HashAlgorithm_SHA2_256, crypto.SHA256
		switch {
		case prehash, s.opts.Key != nil && !old && s.opts.Key.hash() == crypto.SHA512:
			algorithm, h = protocommon.HashAlgorithm_SHA2_512, crypto.SHA512
		case s.opts.Key != nil && !old && s.opts.Key.hash() == crypto.SHA384:
			algorithm, h = protocommon.HashAlgorithm_SHA2_384, crypto.SHA384
		}
		sum, _ := c.sum(h) // it was read to be signed
		pb.Content = &protobundle.Bundle_MessageSignature{MessageSignature: &protocommon.MessageSignature{
			MessageDigest: &protocommon.HashOutput{Algorithm: algorithm, Digest: sum}, Signature: sig,
		}}
	})
}

// Detached signs a file and returns the signature alone.
func (s *Signer) Detached(ctx context.Context, blob *Blob) ([]byte, error) {
	if s.opts.Key == nil {
		return nil, errors.New("sign file: a certificate's signature is of no use alone; write a bundle")
	}
	sig, err := s.opts.Key.sign(ctx, blob, signing{old: true})
	if err != nil {
		return nil, fmt.Errorf("sign file: %w", err)
	}
	return sig, nil
}

// prehash tells whether an Ed25519 signature has to be over the hash of what is
// signed (Ed25519ph, RFC 8032): logs know the hash alone, except of statements
// in Rekor 1, which they read.
func (s *Signer) prehash(statement bool) (bool, error) {
	if s.opts.Key == nil || s.opts.Key.hash() != 0 {
		return false, nil
	}
	plain, hashed := 0, 0
	for _, log := range s.opts.Services.Rekor {
		if statement && log.Version < 2 {
			plain++
		} else {
			hashed++
		}
	}
	if plain > 0 && hashed > 0 {
		return false, errLogEd25519
	}
	return hashed > 0, nil
}

// signing says which of an algorithm's variants a signature is made with.
type signing struct {
	old     bool // SHA-256 whatever the curve, as cosign 2 has it
	prehash bool // Ed25519ph
}

// bundle signs c and gathers what others attest of the signature.
func (s *Signer) bundle(ctx context.Context, c content, how signing, put func(sig []byte, pb *protobundle.Bundle)) (*protobundle.Bundle, error) {
	key, cert, err := s.credential(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := c.sum(crypto.SHA256); err != nil {
		return nil, err
	}
	sig, err := key.sign(ctx, c, how)
	if err != nil {
		return nil, err
	}
	pb := &protobundle.Bundle{MediaType: MediaTypeBundle, VerificationMaterial: &protobundle.VerificationMaterial{}}
	put(sig, pb)
	witness := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: key.public.der})
	if cert != nil {
		witness = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
		pb.VerificationMaterial.Content = &protobundle.VerificationMaterial_Certificate{Certificate: &protocommon.X509Certificate{RawBytes: cert.Raw}}
	} else {
		pb.VerificationMaterial.Content = &protobundle.VerificationMaterial_PublicKey{PublicKey: &protocommon.PublicKeyIdentifier{Hint: key.public.Hint()}}
	}
	if err := s.witness(ctx, sig, witness, pb); err != nil {
		return nil, err
	}
	return pb, s.recheck(pb, c)
}

// witness asks timestamp authorities and transparency logs.
func (s *Signer) witness(ctx context.Context, sig, keyOrCert []byte, pb *protobundle.Bundle) error {
	for _, url := range s.opts.Services.TSA {
		tsa := sign.NewTimestampAuthority(&sign.TimestampAuthorityOptions{URL: url, Timeout: serviceTimeout, Retries: 2, Transport: s.opts.HTTP})
		response, err := tsa.GetTimestamp(ctx, sig)
		if err != nil {
			return fmt.Errorf("timestamp authority %s: %w", url, err)
		}
		m := pb.VerificationMaterial
		if m.TimestampVerificationData == nil {
			m.TimestampVerificationData = &protobundle.TimestampVerificationData{}
		}
		m.TimestampVerificationData.Rfc3161Timestamps = append(m.TimestampVerificationData.Rfc3161Timestamps, &protocommon.RFC3161SignedTimestamp{SignedTimestamp: response})
	}
	for _, log := range s.opts.Services.Rekor {
		rekor := sign.NewRekor(&sign.RekorOptions{BaseURL: log.URL, Version: log.Version, Timeout: serviceTimeout, Retries: 2})
		if err := rekor.GetTransparencyLogEntry(ctx, keyOrCert, pb); err != nil {
			return fmt.Errorf("transparency log %s: %w", log.URL, err)
		}
	}
	return nil
}

// recheck verifies what was just made, so that a service that answers
// nonsense is noticed now and not when it is too late.
func (s *Signer) recheck(pb *protobundle.Bundle, c content) error {
	if s.opts.Trust == nil && s.opts.Key == nil {
		return nil
	}
	made, err := newSigned(FormBundle, pb)
	if err != nil {
		return fmt.Errorf("check the new signature: %w", err)
	}
	opts := &VerifierOptions{Trust: s.opts.Trust, AnyIdentity: s.opts.Key == nil, WithoutLog: len(s.opts.Services.Rekor) == 0}
	if s.opts.Key != nil {
		opts.Keys = []*PublicKey{s.opts.Key.Public()}
	}
	v, err := NewVerifier(opts)
	if err != nil {
		return fmt.Errorf("check the new signature: %w", err)
	}
	if _, refusal := v.signature(made, c, &steps{form: FormBundle}); refusal != nil {
		return fmt.Errorf("check the new signature: %w", refusal)
	}
	return nil
}

// credential is the key to sign with, and its certificate unless the key is
// the user's own.
func (s *Signer) credential(ctx context.Context) (*PrivateKey, *x509.Certificate, error) {
	if s.opts.Key != nil {
		return s.opts.Key, nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// A certificate lasts ten minutes; one that is about to end is not used.
	if s.cert != nil && s.opts.Now().Add(time.Minute).Before(s.cert.NotAfter) {
		return s.key, s.cert, nil
	}
	key, err := GenerateKey(KeyECDSA)
	if err != nil {
		return nil, nil, err
	}
	token, err := s.opts.Token(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("identity token: %w", err)
	}
	fulcio := sign.NewFulcio(&sign.FulcioOptions{BaseURL: s.opts.Services.Fulcio, Timeout: serviceTimeout, Retries: 2, Transport: s.opts.HTTP})
	der, err := fulcio.GetCertificate(ctx, &keypair{key}, &sign.CertificateProviderOptions{IDToken: token})
	if err != nil {
		return nil, nil, fmt.Errorf("certificate authority %s: %w", s.opts.Services.Fulcio, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("certificate authority %s: %w", s.opts.Services.Fulcio, err)
	}
	certified, err := NewPublicKey(cert.PublicKey)
	if err != nil || certified.digest != key.public.digest {
		return nil, nil, fmt.Errorf("certificate authority %s: its certificate is for another key", s.opts.Services.Fulcio)
	}
	s.key, s.cert = key, cert
	return key, cert, nil
}

// Certificate is whom the last certificate that was got names, or nil.
func (s *Signer) Certificate() *Certificate {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cert == nil {
		return nil
	}
	c, err := describe(s.cert)
	if err != nil {
		return nil
	}
	return c
}

// keypair is a private key as sigstore-go wants it.
type keypair struct{ *PrivateKey }

func (k *keypair) GetHashAlgorithm() protocommon.HashAlgorithm {
	switch k.hash() {
	case crypto.SHA384:
		return protocommon.HashAlgorithm_SHA2_384
	case crypto.SHA512, 0:
		return protocommon.HashAlgorithm_SHA2_512
	}
	return protocommon.HashAlgorithm_SHA2_256
}

func (k *keypair) GetSigningAlgorithm() protocommon.PublicKeyDetails {
	switch key := k.public.key.(type) {
	case *ecdsa.PublicKey:
		switch k.hash() {
		case crypto.SHA384:
			return protocommon.PublicKeyDetails_PKIX_ECDSA_P384_SHA_384
		case crypto.SHA512:
			return protocommon.PublicKeyDetails_PKIX_ECDSA_P521_SHA_512
		}
		return protocommon.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256
	case *rsa.PublicKey:
		switch key.N.BitLen() {
		case 2048:
			return protocommon.PublicKeyDetails_PKIX_RSA_PKCS1V15_2048_SHA256
		case 3072:
			return protocommon.PublicKeyDetails_PKIX_RSA_PKCS1V15_3072_SHA256
		}
		return protocommon.PublicKeyDetails_PKIX_RSA_PKCS1V15_4096_SHA256
	case ed25519.PublicKey:
		return protocommon.PublicKeyDetails_PKIX_ED25519
	}
	return protocommon.PublicKeyDetails_PUBLIC_KEY_DETAILS_UNSPECIFIED
}

func (k *keypair) GetKeyAlgorithm() string {
	switch k.public.key.(type) {
	case *rsa.PublicKey:
		return "RSA"
	case ed25519.PublicKey:
		return "ED25519"
	}
	return "ECDSA"
}

func (k *keypair) GetHint() []byte                  { return []byte(k.public.Hint()) }
func (k *keypair) GetPublicKey() crypto.PublicKey   { return k.public.key }
func (k *keypair) GetPublicKeyPem() (string, error) { return string(k.public.PEM()), nil }

func (k *keypair) SignData(ctx context.Context, data []byte) (sig, digest []byte, err error) {
	c := bytesContent(data)
	if sig, err = k.sign(ctx, c, signing{}); err != nil {
		return nil, nil, err
	}
	if h := k.hash(); h != 0 {
		digest, err = c.sum(h)
		return sig, digest, err
	}
	return sig, data, nil
}

var _ sign.Keypair = (*keypair)(nil)

// imageStatement is what an image signature states.
func imageStatement(d boltseal.Digest, annotations map[string]string) *Statement {
	subject := StatementSubject{Digest: map[string]string{d.Algorithm(): d.Hex()}}
	if len(annotations) > 0 {
		subject.Annotations = map[string]any{}
		for name, value := range annotations {
			subject.Annotations[name] = value
		}
	}
	return &Statement{Type: StatementV1, Subject: []StatementSubject{subject}, PredicateType: PredicateSignature, Predicate: json.RawMessage("{}")}
}
