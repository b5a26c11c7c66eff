package seal

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"

	"github.com/secure-systems-lab/go-securesystemslib/encrypted"

	"github.com/boltseal/boltseal/internal/strictjson"
)

// The types of PEM blocks that hold private keys.
const (
	pemSigstoreKey = "ENCRYPTED SIGSTORE PRIVATE KEY"
	pemCosignKey   = "ENCRYPTED COSIGN PRIVATE KEY"
	pemPKCS8       = "PRIVATE KEY"
	pemEC          = "EC PRIVATE KEY"
	pemPKCS1       = "RSA PRIVATE KEY"
	pemPKCS8Locked = "ENCRYPTED PRIVATE KEY"
)

// maxKeyFile is more than any key file has bytes.
const maxKeyFile = 64 << 10

// KeyKind is an algorithm that keys can be generated for.
type KeyKind string

// The kinds of keys that are generated.
const (
	KeyECDSA   KeyKind = "ecdsa" // P-256
	KeyEd25519 KeyKind = "ed25519"
	KeyRSA     KeyKind = "rsa" // 3072 bits
)

// KeyKinds lists the kinds, the default first.
func KeyKinds() []KeyKind { return []KeyKind{KeyECDSA, KeyEd25519, KeyRSA} }

const rsaBits = 3072

var (
	errPassword    = errors.New("the password is wrong, or the key file was changed")
	errNotPrivate  = errors.New("this is a public key; give the private one")
	errLockedPKCS8 = errors.New("an encrypted PKCS #8 key: decrypt it first (openssl pkcs8 -in KEY -out PLAIN), then import it")
	errKeyFile     = fmt.Errorf("more than %d bytes", maxKeyFile)
	errPlainKey    = errors.New("the key is not encrypted; import it first (boltseal key import)")
)

// PrivateKey makes signatures. It is never printed; [PrivateKey.Wipe] it when
// it is no longer needed.
type PrivateKey struct {
	signer crypto.Signer
	public *PublicKey
	remote *plugin // keeps the key, instead of signer
}

// GenerateKey makes a new key.
func GenerateKey(kind KeyKind) (*PrivateKey, error) {
	var signer crypto.Signer
	var err error
	switch kind {
	case KeyECDSA, "":
		signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case KeyEd25519:
		_, signer, err = ed25519.GenerateKey(rand.Reader)
	case KeyRSA:
		signer, err = rsa.GenerateKey(rand.Reader, rsaBits)
	default:
		return nil, fmt.Errorf("generate key: no such kind: %q", clip(string(kind), 40))
	}
	if err != nil {
		return nil, fmt.Errorf("generate key: %w", err)
	}
	return newPrivateKey(signer)
}

func newPrivateKey(signer crypto.Signer) (*PrivateKey, error) {
	public, err := NewPublicKey(signer.Public())
	if err != nil {
		return nil, err
	}
	return &PrivateKey{signer: signer, public: public}, nil
}

// ParsePrivateKey reads an encrypted key file, as boltseal and cosign write
// them. password is asked once it is needed; what it gives is wiped.
func ParsePrivateKey(data []byte, password func() ([]byte, error)) (*PrivateKey, error) {
	block, err := keyBlock(data)
	if err != nil {
		return nil, fmt.Errorf("read private key: %w", err)
	}
	switch block.Type {
	case pemSigstoreKey, pemCosignKey:
	case pemPKCS8, pemEC, pemPKCS1:
		clear(block.Bytes)
		return nil, fmt.Errorf("read private key: %w", errPlainKey)
	default:
		return nil, fmt.Errorf("read private key: %w", notPrivate(block.Type))
	}
	if err := strictjson.Check(block.Bytes); err != nil {
		return nil, fmt.Errorf("read private key: %w", err)
	}
	secret, err := password()
	if err != nil {
		return nil, fmt.Errorf("read private key: password: %w", err)
	}
	der, err := encrypted.Decrypt(block.Bytes, secret)
	clear(secret)
	if err != nil {
		return nil, fmt.Errorf("read private key: %w", errPassword)
	}
	return parseDER(pemPKCS8, der)
}

// ImportPrivateKey reads a key that is not encrypted, as openssl writes them:
// PKCS #8, PKCS #1 or SEC 1, in PEM.
func ImportPrivateKey(data []byte) (*PrivateKey, error) {
	block, err := keyBlock(data)
	if err != nil {
		return nil, fmt.Errorf("import private key: %w", err)
	}
	switch block.Type {
	case pemPKCS8, pemEC, pemPKCS1:
		return parseDER(block.Type, block.Bytes)
	}
	return nil, fmt.Errorf("import private key: %w", notPrivate(block.Type))
}

func notPrivate(pemType string) error {
	switch pemType {
	case "PUBLIC KEY", "RSA PUBLIC KEY":
		return errNotPrivate
	case pemPKCS8Locked:
		return errLockedPKCS8
	case pemSigstoreKey, pemCosignKey:
		return errors.New("it is encrypted already and can be used as it is")
	}
	return fmt.Errorf("a PEM block of type %q", clip(pemType, 40))
}

// keyBlock is the only key in data. openssl writes the curve's name before it.
func keyBlock(data []byte) (*pem.Block, error) {
	if len(data) > maxKeyFile {
		return nil, errKeyFile
	}
	block, rest := pem.Decode(data)
	if block != nil && block.Type == "EC PARAMETERS" {
		block, rest = pem.Decode(rest)
	}
	if block == nil || len(noSpace(rest)) > 0 {
		return nil, errNotPEM
	}
	return block, nil
}

// parseDER reads a key and wipes der.
func parseDER(pemType string, der []byte) (*PrivateKey, error) {
	defer clear(der)
	var key any
	var err error
	switch pemType {
	case pemEC:
		key, err = x509.ParseECPrivateKey(der)
	case pemPKCS1:
		key, err = x509.ParsePKCS1PrivateKey(der)
	default:
		key, err = x509.ParsePKCS8PrivateKey(der)
	}
	if err != nil {
		return nil, fmt.Errorf("read private key: %w", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("read private key: %w", errKeyKind)
	}
	return newPrivateKey(signer)
}

// Encrypt writes the key in PEM, locked with the password. cosign reads it
// too.
func (k *PrivateKey) Encrypt(password []byte) ([]byte, error) {
	if k.remote != nil {
		return nil, fmt.Errorf("write private key: %w", errRemoteKey)
	}
	der, err := x509.MarshalPKCS8PrivateKey(k.signer)
	if err != nil {
		return nil, fmt.Errorf("write private key: %w", err)
	}
	defer clear(der)
	box, err := encrypted.Encrypt(der, password)
	if err != nil {
		return nil, fmt.Errorf("write private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemSigstoreKey, Bytes: box}), nil
}

// Public is the other half.
func (k *PrivateKey) Public() *PublicKey { return k.public }

// String never says more than which key it is.
func (k *PrivateKey) String() string { return "private key " + k.public.Fingerprint().Short() }

// GoString does the same for %#v.
func (k *PrivateKey) GoString() string { return k.String() }

// Wipe overwrites the key in memory, as far as Go lets us.
func (k *PrivateKey) Wipe() {
	switch key := k.signer.(type) {
	case *ecdsa.PrivateKey:
		wipe(key.D) //nolint:staticcheck // there is no other way to overwrite it
	case ed25519.PrivateKey:
		clear(key)
	case *rsa.PrivateKey:
		wipe(key.D)
		for _, p := range key.Primes {
			wipe(p)
		}
		wipe(key.Precomputed.Dp)
		wipe(key.Precomputed.Dq)
		wipe(key.Precomputed.Qinv)
	}
	k.signer, k.remote = nil, nil
}

func wipe(n *big.Int) {
	if n != nil {
		clear(n.Bits())
	}
}

var errWiped = errors.New("the private key was wiped")

// sign signs content. Where an algorithm leaves the hash open it is the
// fitting one, or SHA-256 if old tools have to verify it.
func (k *PrivateKey) sign(ctx context.Context, c content, how signing) ([]byte, error) {
	h := k.hash()
	if how.old && h != 0 {
		h = crypto.SHA256
	}
	if k.remote != nil && how.prehash {
		return nil, errRemotePrehash
	}
	if k.remote != nil {
		return k.remote.sign(ctx, k.public, c, h)
	}
	if k.signer == nil {
		return nil, errWiped
	}
	if how.prehash {
		sum, err := c.sum(crypto.SHA512)
		if err != nil {
			return nil, err
		}
		return k.signer.Sign(rand.Reader, sum, crypto.SHA512)
	}
	if h == 0 {
		message, err := c.all()
		if err != nil {
			return nil, err
		}
		return k.signer.Sign(rand.Reader, message, crypto.Hash(0))
	}
	sum, err := c.sum(h)
	if err != nil {
		return nil, err
	}
	return k.signer.Sign(rand.Reader, sum, h)
}

// hash is the one that signatures are made with; zero for Ed25519, which
// takes the message.
func (k *PrivateKey) hash() crypto.Hash {
	switch key := k.public.key.(type) {
	case *ecdsa.PublicKey:
		return hashesOf(key.Curve)[0]
	case *rsa.PublicKey:
		return crypto.SHA256
	}
	return 0
}
