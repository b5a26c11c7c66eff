package seal

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/boltseal/boltseal"
)

// PublicKey verifies signatures. It is safe for use by several goroutines.
type PublicKey struct {
	key    crypto.PublicKey
	der    []byte
	digest [sha256.Size]byte
}

// minRSA is the shortest RSA modulus, in bits, that is taken seriously.
const minRSA = 2048

var (
	errNotPEM       = errors.New("not one PEM block")
	errPEMSpelling  = errors.New("PEM with bits that say nothing")
	errShortKey     = fmt.Errorf("an RSA key of less than %d bits", minRSA)
	errKeyKind      = errors.New("not an ECDSA, Ed25519 or RSA key")
	errBadSignature = errors.New("the signature does not fit")
	errPrivate      = errors.New("this is a private key; give the public one (boltseal key public)")
)

// ParsePublicKey reads a public key in PEM ("PUBLIC KEY", or "RSA PUBLIC
// KEY").
func ParsePublicKey(data []byte) (*PublicKey, error) {
	block, err := onePEM(data)
	if err != nil {
		return nil, fmt.Errorf("read public key: %w", err)
	}
	var key crypto.PublicKey
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case pemSigstoreKey, pemCosignKey, pemPKCS8, pemEC, pemPKCS1:
		err = errPrivate
	default:
		err = fmt.Errorf("a PEM block of type %q", clip(block.Type, 40))
	}
	if err != nil {
		return nil, fmt.Errorf("read public key: %w", err)
	}
	return NewPublicKey(key)
}

// NewPublicKey is the key as seal uses it.
func NewPublicKey(key crypto.PublicKey) (*PublicKey, error) {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		if hashesOf(k.Curve) == nil {
			return nil, fmt.Errorf("public key: %w: curve %s", errKeyKind, k.Curve.Params().Name)
		}
	case ed25519.PublicKey:
	case *rsa.PublicKey:
		if k.N.BitLen() < minRSA {
			return nil, fmt.Errorf("public key: %w", errShortKey)
		}
	default:
		return nil, fmt.Errorf("public key: %w", errKeyKind)
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	return &PublicKey{key: key, der: der, digest: sha256.Sum256(der)}, nil
}

// onePEM is the only block in data, in its canonical spelling.
func onePEM(data []byte) (*pem.Block, error) {
	data = bytes.TrimSpace(data)
	if !bytes.HasPrefix(data, []byte("-----BEGIN ")) {
		return nil, errNotPEM
	}
	block, rest := pem.Decode(data)
	if block == nil || len(rest) > 0 || len(block.Headers) > 0 {
		return nil, errNotPEM
	}
	// Line breaks may stand elsewhere; every other byte says something.
	if !bytes.Equal(noSpace(pem.EncodeToMemory(block)), noSpace(data)) {
		return nil, errPEMSpelling
	}
	return block, nil
}

func noSpace(data []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if r == '\n' || r == '\r' {
			return -1
		}
		return r
	}, data)
}

// Fingerprint is the SHA-256 of the key's DER form (PKIX).
func (k *PublicKey) Fingerprint() boltseal.Digest {
	return boltseal.Digest("sha256:" + hex.EncodeToString(k.digest[:]))
}

// Hint is how a bundle names the key.
func (k *PublicKey) Hint() string { return base64.StdEncoding.EncodeToString(k.digest[:]) }

// Crypto is the key as the standard library has it.
func (k *PublicKey) Crypto() crypto.PublicKey { return k.key }

// PEM writes the key.
func (k *PublicKey) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: k.der})
}

// Kind is what the key is, for people: "ECDSA P-256".
func (k *PublicKey) Kind() string {
	switch key := k.key.(type) {
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Curve.Params().Name
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	}
	return "Ed25519"
}

// mayBe tells whether a bundle's hint can mean this key. A hint that is no
// fingerprint says nothing to us, and the signature decides; one that is as
// long as a fingerprint has to be this key's.
func (k *PublicKey) mayBe(hint string) bool {
	switch len(hint) {
	case base64.StdEncoding.EncodedLen(sha256.Size):
		return hint == k.Hint()
	case base64.RawStdEncoding.EncodedLen(sha256.Size):
		return hint == strings.TrimRight(k.Hint(), "=")
	case hex.EncodedLen(sha256.Size):
		return hint == k.Fingerprint().Hex()
	}
	return true
}

// hashesOf lists the hashes that signatures with the curve are made with, the
// fitting one first. cosign 2 took SHA-256 for every curve.
func hashesOf(c elliptic.Curve) []crypto.Hash {
	switch c {
	case elliptic.P256():
		return []crypto.Hash{crypto.SHA256}
	case elliptic.P384():
		return []crypto.Hash{crypto.SHA384, crypto.SHA256}
	case elliptic.P521():
		return []crypto.Hash{crypto.SHA512, crypto.SHA256}
	}
	return nil
}

// Verify returns nil if sig is the key's signature over message.
func (k *PublicKey) Verify(message, sig []byte) error {
	return k.verify(bytesContent(message), sig)
}

// verify does the same over content that may be large.
func (k *PublicKey) verify(c content, sig []byte) error {
	switch key := k.key.(type) {
	case *ecdsa.PublicKey:
		for _, h := range hashesOf(key.Curve) {
			sum, err := c.sum(h)
			if err != nil {
				return err
			}
			if ecdsa.VerifyASN1(key, sum, sig) {
				return nil
			}
		}
	case *rsa.PublicKey:
		sum, err := c.sum(crypto.SHA256)
		if err != nil {
			return err
		}
		if rsa.VerifyPKCS1v15(key, crypto.SHA256, sum, sig) == nil {
			return nil
		}
	case ed25519.PublicKey:
		return verifyEd25519(key, c, sig)
	}
	return errBadSignature
}

// verifyEd25519 takes both variants: the plain one over the message and, as
// transparency logs need it, the one over its SHA-512 (RFC 8032, Ed25519ph).
func verifyEd25519(key ed25519.PublicKey, c content, sig []byte) error {
	sum, err := c.sum(crypto.SHA512)
	if err != nil {
		return err
	}
	if ed25519.VerifyWithOptions(key, sum, sig, &ed25519.Options{Hash: crypto.SHA512}) == nil {
		return nil
	}
	message, err := c.all()
	if err != nil {
		return err
	}
	if ed25519.Verify(key, message, sig) {
		return nil
	}
	return errBadSignature
}
