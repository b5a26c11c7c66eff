package seal_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/seal"
)

func password(s string) func() ([]byte, error) {
	return func() ([]byte, error) { return []byte(s), nil }
}

func TestKeyFiles(t *testing.T) {
	for _, kind := range seal.KeyKinds() {
		k := newKey(t, kind)
		data, err := k.Encrypt([]byte("secret"))
		check(t, err)
		got, err := seal.ParsePrivateKey(data, password("secret"))
		check(t, err)
		if got.Public().Fingerprint() != k.Public().Fingerprint() {
			t.Errorf("%s: another key came back", kind)
		}
		// What cosign 2 and before called it.
		if _, err := seal.ParsePrivateKey(bytes.ReplaceAll(data, []byte("SIGSTORE"), []byte("COSIGN")), password("secret")); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		for name, err := range map[string]error{
			"wrong password": second(seal.ParsePrivateKey(data, password("other"))),
			"no password":    second(seal.ParsePrivateKey(data, func() ([]byte, error) { return nil, errors.New("none") })),
			"public":         second(seal.ParsePrivateKey(k.Public().PEM(), password("secret"))),
			"empty":          second(seal.ParsePrivateKey(nil, password("secret"))),
			"long":           second(seal.ParsePrivateKey(bytes.Repeat([]byte("x"), 1<<20), password("secret"))),
			"weaker kdf":     second(seal.ParsePrivateKey(reencode(t, data, `"N":65536`, `"N":2`), password("secret"))),
			"dearer kdf":     second(seal.ParsePrivateKey(reencode(t, data, `"N":65536`, `"N":1073741824`), password("secret"))),
			"name twice":     second(seal.ParsePrivateKey(reencode(t, data, `{"kdf"`, `{"kdf":{},"kdf"`), password("secret"))),
		} {
			if err == nil {
				t.Errorf("%s: %s: want an error", kind, name)
			}
		}
		again, err := k.Encrypt([]byte("secret"))
		check(t, err)
		if bytes.Equal(data, again) {
			t.Errorf("%s: the same salt twice", kind)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func reencode(t testing.TB, data []byte, from, to string) []byte {
	t.Helper()
	block, _ := pem.Decode(data)
	if !strings.Contains(string(block.Bytes), from) {
		t.Fatalf("no %s in %s", from, block.Bytes)
	}
	block.Bytes = []byte(strings.Replace(string(block.Bytes), from, to, 1))
	return pem.EncodeToMemory(block)
}

func TestImportKeys(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	check(t, err)
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	check(t, err)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	encode := func(kind string, der []byte, err error) []byte {
		check(t, err)
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	sec1, err := x509.MarshalECPrivateKey(ec)
	pkcs8 := func(key any) []byte {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		return encode("PRIVATE KEY", der, err)
	}
	curve := pem.EncodeToMemory(&pem.Block{Type: "EC PARAMETERS", Bytes: []byte{6, 5, 43, 129, 4, 0, 34}})
	for name, data := range map[string][]byte{
		"sec 1": encode("EC PRIVATE KEY", sec1, err), "sec 1 after its curve": append(curve, encode("EC PRIVATE KEY", sec1, err)...),
		"pkcs 1": encode("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(r), nil), "ecdsa": pkcs8(ec), "ed25519": pkcs8(ed),
	} {
		k, err := seal.ImportPrivateKey(bytes.Clone(data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		bundle, err := keySigner(t, k).Statement(t.Context(), statement())
		check(t, err)
		if _, err := keyVerifier(t, k).Bundle(bundle, seal.Want{Digest: subject}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := seal.ParsePrivateKey(data, password("x")); err == nil {
			t.Errorf("%s: a plain key passes as an encrypted one", name)
		}
	}
	for name, data := range map[string][]byte{
		"short RSA": encode("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(small), nil), "garbage": encode("PRIVATE KEY", []byte("x"), nil),
		"locked": encode("ENCRYPTED PRIVATE KEY", []byte("x"), nil), "text": []byte("hello"),
	} {
		if _, err := seal.ImportPrivateKey(data); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
}

// A private key is not printed, and is gone once it was wiped.
func TestPrivateKeysStayPrivate(t *testing.T) {
	for _, kind := range seal.KeyKinds() {
		k := newKey(t, kind)
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			if s := fmt.Sprintf(format, k); len(s) > 60 || !strings.HasPrefix(s, "private key") {
				t.Errorf("%s: %s prints %q", kind, format, s)
			}
		}
		sg := keySigner(t, k)
		k.Wipe()
		if _, err := sg.Statement(t.Context(), statement()); err == nil {
			t.Errorf("%s: a wiped key signs", kind)
		}
	}
}
