package seal_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/boltseal/boltseal/seal"
)

// tufRepository serves one target and returns its address and its root.
func tufRepository(t *testing.T, expires time.Time, name string, content []byte) (url string, rootJSON []byte) {
	t.Helper()
	dir := t.TempDir()
	target := filepath.Join(dir, name)
	check(t, os.WriteFile(target, content, 0o600))
	signer := func() (ed25519.PrivateKey, signature.Signer) {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		check(t, err)
		s, err := signature.LoadSigner(private, crypto.Hash(0))
		check(t, err)
		return private, s
	}
	root := metadata.Root(time.Now().AddDate(0, 0, 1))
	signers := map[string]signature.Signer{}
	for _, role := range []string{metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP} {
		private, s := signer()
		key, err := metadata.KeyFromPublicKey(private.Public())
		check(t, err)
		check(t, root.Signed.AddKey(key, role))
		signers[role] = s
	}
	info, err := metadata.TargetFile().FromFile(target, "sha256")
	check(t, err)
	targets, snapshot, timestamp := metadata.Targets(expires), metadata.Snapshot(expires), metadata.Timestamp(expires)
	targets.Signed.Targets[name] = info
	files := map[string][]byte{"/targets/" + fmt.Sprintf("%x.%s", sha256.Sum256(content), name): content}
	add := func(path string, err error, encode func(bool) ([]byte, error)) {
		check(t, err)
		data, err := encode(false)
		check(t, err)
		files[path] = data
	}
	_, err = root.Sign(signers[metadata.ROOT])
	add("/1.root.json", err, root.ToBytes)
	_, err = targets.Sign(signers[metadata.TARGETS])
	add("/1.targets.json", err, targets.ToBytes)
	_, err = snapshot.Sign(signers[metadata.SNAPSHOT])
	add("/1.snapshot.json", err, snapshot.ToBytes)
	_, err = timestamp.Sign(signers[metadata.TIMESTAMP])
	add("/timestamp.json", err, timestamp.ToBytes)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if data, ok := files[r.URL.Path]; ok {
			_, _ = w.Write(data)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, files["/1.root.json"]
}

func TestFetchTrust(t *testing.T) {
	ss := newSigstore(t)
	tomorrow := time.Now().AddDate(0, 0, 1)
	url, root := tufRepository(t, tomorrow, "trusted_root.json", ss.trustedRoot(t))
	trust, err := seal.FetchTrust(t.Context(), &seal.FetchOptions{URL: url, Root: root})
	check(t, err)
	bundle, err := signer(t, &seal.SignerOptions{Token: token(someone, vouches), Services: ss.services(1, true)}).Statement(t.Context(), statement())
	check(t, err)
	if _, err := verifier(t, &seal.VerifierOptions{Identities: identity(), Trust: trust}).Bundle(bundle, seal.Want{Digest: subject}); err != nil {
		t.Error(err)
	}

	fails := func(name string, opts seal.FetchOptions, words ...string) {
		t.Helper()
		_, err := seal.FetchTrust(t.Context(), &opts)
		if err == nil {
			t.Errorf("%s: want an error", name)
			return
		}
		for _, word := range append(words, opts.URL) {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%s: got %v, want %q in it", name, err, word)
			}
		}
	}
	_, other := tufRepository(t, tomorrow, "x", []byte("x"))
	fails("signed by others", seal.FetchOptions{URL: url, Root: other})
	old, oldRoot := tufRepository(t, time.Now().AddDate(0, 0, -1), "trusted_root.json", ss.trustedRoot(t))
	fails("out of date", seal.FetchOptions{URL: old, Root: oldRoot}, "expired")
	without, withoutRoot := tufRepository(t, tomorrow, "other.json", []byte("{}"))
	fails("no such target", seal.FetchOptions{URL: without, Root: withoutRoot}, "trusted_root.json")
	garbage, garbageRoot := tufRepository(t, tomorrow, "trusted_root.json", []byte("{}"))
	fails("garbage", seal.FetchOptions{URL: garbage, Root: garbageRoot}, "media type")
	fails("empty root", seal.FetchOptions{URL: url, Root: []byte("{}")})
	empty := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(empty.Close)
	fails("nothing there", seal.FetchOptions{URL: empty.URL, Root: root})
}
