package seal_test

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestServeSigstore is an instance for other programs: the end-to-end tests
// have cosign sign with it. It runs until its standard input ends.
func TestServeSigstore(t *testing.T) {
	dir := os.Getenv("BOLTSEAL_SERVE_SIGSTORE")
	if dir == "" {
		t.Skip("BOLTSEAL_SERVE_SIGSTORE names no folder to write trusted_root.json, signing configs and a token to")
	}
	ss := newSigstore(t)
	write := func(name string, data []byte) { check(t, os.WriteFile(filepath.Join(dir, name), data, 0o600)) }
	write("trusted_root.json", ss.trustedRoot(t))
	id, err := token(someone, vouches)(t.Context())
	check(t, err)
	write("token", []byte(id))
	service := func(path string, version int) []any {
		return []any{map[string]any{"url": ss.URL + path, "majorApiVersion": version, "operator": "test",
			"validFor": map[string]any{"start": ss.now().Add(-time.Hour).UTC().Format(time.RFC3339)}}}
	}
	for version, name := range map[int]string{1: "signing-config-1.json", 2: "signing-config-2.json"} {
		config := map[string]any{
			"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json", "caUrls": service("", 1), "oidcUrls": service("", 1),
			"rekorTlogUrls": service("", version), "rekorTlogConfig": map[string]any{"selector": "ANY"},
			"tsaUrls": service("/api/v1/timestamp", 1), "tsaConfig": map[string]any{"selector": "ANY"},
		}
		data, err := json.Marshal(config)
		check(t, err)
		write(name, data)
	}
	// cosign 2 wants the keys one by one.
	key := func(k *ecdsa.PrivateKey) []byte {
		der, err := x509.MarshalPKIXPublicKey(k.Public())
		check(t, err)
		return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	}
	write("rekor.pub", key(ss.rekorKey))
	write("ct.pub", key(ss.ctKey))
	write("root.pem", append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ss.rootCA.Raw}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ss.issuer.Raw})...))
	write("url", []byte(ss.URL))
	write("ready", nil)
	_, _ = io.Copy(io.Discard, os.Stdin)
}
