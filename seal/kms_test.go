package seal_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin/handler"

	"github.com/boltseal/boltseal/internal/tool"
	"github.com/boltseal/boltseal/seal"
)

// TestMain makes the test binary the program that keeps keys when it is
// started by that program's name.
func TestMain(m *testing.M) {
	if strings.HasPrefix(filepath.Base(os.Args[0]), seal.PluginPrefix) {
		if err := keep(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// keeperFolder names the folder where the program keeps keys, in PKCS #8.
const keeperFolder = "SEAL_TEST_KEEPER"

// keep answers one question with sigstore's own side of the protocol. The
// key's name says how honest the program is.
func keep() error {
	args, err := handler.GetPluginArgs(os.Args)
	if err != nil {
		return err
	}
	name, how, _ := strings.Cut(args.InitOptions.KeyResourceID, "?")
	switch how {
	case "silent":
		_, err := fmt.Print("{}")
		return err
	case "garbled":
		_, err := fmt.Print(`{"publicKey":`)
		return err
	case "twice":
		_, err := fmt.Print(`{"publicKey":{"publicKeyPEM":""},"publicKey":null}`)
		return err
	case "flood":
		_, err := io.Copy(os.Stdout, io.LimitReader(zeros{}, 8<<20))
		return err
	case "refuses":
		return handler.WriteErrorResponse(os.Stdout, errors.New("the card wants its PIN"))
	}
	k := &keeper{file: filepath.Join(os.Getenv(keeperFolder), filepath.Base(name)), how: how}
	if err := k.open(args.InitOptions.HashFunc); err != nil {
		return err
	}
	_, err = handler.Dispatch(os.Stdout, os.Stdin, args, k)
	return err
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type keeper struct {
	signature.SignerVerifier
	file, how string
}

// open loads the key, if it was made.
func (k *keeper) open(h crypto.Hash) error {
	der, err := os.ReadFile(k.file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return err
	}
	if _, ok := key.(ed25519.PrivateKey); ok {
		h = crypto.Hash(0)
	}
	k.SignerVerifier, err = signature.LoadSignerVerifier(key, h)
	return err
}

func (k *keeper) PublicKey(opts ...signature.PublicKeyOption) (crypto.PublicKey, error) {
	if k.SignerVerifier == nil {
		return nil, errors.New("there is no such key")
	}
	return k.SignerVerifier.PublicKey(opts...)
}

func (k *keeper) SignMessage(message io.Reader, opts ...signature.SignOption) ([]byte, error) {
	if k.how != "lies" {
		return k.SignerVerifier.SignMessage(message, opts...)
	}
	return k.SignerVerifier.SignMessage(strings.NewReader("something else"), opts...)
}

func (*keeper) DefaultAlgorithm() string      { return "ecdsa-p384" }
func (*keeper) SupportedAlgorithms() []string { return []string{"ecdsa-p256", "ecdsa-p384", "ed25519"} }

func (*keeper) CryptoSigner(context.Context, func(error)) (crypto.Signer, crypto.SignerOpts, error) {
	return nil, nil, errors.New("not part of the protocol")
}

func (k *keeper) CreateKey(_ context.Context, algorithm string) (crypto.PublicKey, error) {
	var key crypto.Signer
	var err error
	switch algorithm {
	case "ecdsa-p256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ecdsa-p384":
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ed25519":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		err = fmt.Errorf("no such algorithm: %s", algorithm)
	}
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key.Public(), os.WriteFile(k.file, der, 0o600)
}

// keeps puts the program on the PATH and returns what starts it.
func keeps(t *testing.T) seal.RunPlugin {
	t.Helper()
	self, err := os.Executable()
	check(t, err)
	dir := t.TempDir()
	check(t, os.Symlink(self, filepath.Join(dir, seal.PluginPrefix+"card")))
	t.Setenv("PATH", dir)
	t.Setenv(keeperFolder, t.TempDir())
	return func(ctx context.Context, program string, args []string, stdin []byte) ([]byte, error) {
		r, err := tool.Run(ctx, tool.Command{Name: program, Args: args, Stdin: bytes.NewReader(stdin), Limit: 4 << 20})
		return r.Stdout, err
	}
}

// Keys that a program keeps sign everything that keys in files sign.
func TestKeptKeys(t *testing.T) {
	run := keeps(t)
	for _, algorithm := range []string{"", "ecdsa-p256", "ed25519"} {
		t.Run("algorithm "+algorithm, func(t *testing.T) {
			uri := "card://slot/release-" + algorithm
			made, err := seal.GeneratePluginKey(t.Context(), uri, algorithm, run)
			check(t, err)
			k, err := seal.PluginKey(t.Context(), uri, run)
			check(t, err)
			if k.Public().Fingerprint() != made.Public().Fingerprint() {
				t.Error("another key came back")
			}
			if _, err := k.Encrypt([]byte("secret")); err == nil {
				t.Error("a key that is not here was written")
			}
			s, v := keySigner(t, k), keyVerifier(t, k)
			data, err := s.Statement(t.Context(), statement())
			check(t, err)
			got, err := v.Bundle(data, seal.Want{Digest: subject})
			check(t, err)
			if !has(got.Steps, seal.StepSignature) {
				t.Errorf("steps %+v", got.Steps)
			}
			_, err = keyVerifier(t, newKey(t, "")).Bundle(data, seal.Want{Digest: subject})
			refusedAt(t, err, seal.StepKey)
			// The forms of cosign 3 and of cosign 2.
			r := serve(t, true)
			ref, digest := r.push(t, "app:1")
			_, err = s.Image(t.Context(), r.client, ref, &seal.SignOptions{Legacy: true})
			check(t, err)
			all, err := v.Image(t.Context(), r.client, ref, seal.Want{})
			check(t, err)
			if len(all.Verified) != 2 || all.Digest != digest {
				t.Errorf("verified %+v", all.Verified)
			}
			k.Wipe()
			if _, err := s.Statement(t.Context(), statement()); err == nil {
				t.Error("a wiped key signs")
			}
		})
	}
}

// What a program says is believed where it can be checked, and nowhere else.
func TestKeptKeysOfLiars(t *testing.T) {
	run := keeps(t)
	_, err := seal.GeneratePluginKey(t.Context(), "card://release", "", run)
	check(t, err)
	k, err := seal.PluginKey(t.Context(), "card://release?lies", run)
	check(t, err)
	s := keySigner(t, k)
	if data, err := s.Statement(t.Context(), statement()); err == nil || !strings.Contains(err.Error(), "sigstore-kms-card: what it signed") {
		t.Errorf("got %s, %v", data, err)
	}
	r := serve(t, true)
	ref, _ := r.push(t, "app:1")
	for _, legacy := range []bool{false, true} {
		if _, err := s.Image(t.Context(), r.client, ref, &seal.SignOptions{LegacyOnly: legacy}); err == nil {
			t.Error("a signature of something else was made")
		}
	}
	for a, err := range seal.Attestations(t.Context(), r.client, ref, nil) {
		t.Errorf("something was attached: %+v, %v", a, err)
	}
	for uri, want := range map[string]string{
		"card://release?silent":  "does not say what was asked",
		"card://release?garbled": "sigstore-kms-card: answer:",
		"card://release?twice":   "publicKey",
		"card://release?flood":   "printed more than",
		"card://release?refuses": "the card wants its PIN",
		"card://nonesuch":        "there is no such key",
		"other://release":        "sigstore-kms-other: not found on the PATH",
		"../card://release":      "NAME://KEY",
		"card:release":           "NAME://KEY",
		"card://":                "NAME://KEY",
	} {
		if _, err := seal.PluginKey(t.Context(), uri, run); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", uri, err, want)
		}
	}
	if _, err := seal.GeneratePluginKey(t.Context(), "card://new", "md5", run); err == nil || !strings.Contains(err.Error(), "no such algorithm: md5") {
		t.Errorf("got %v", err)
	}
}
