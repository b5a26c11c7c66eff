package e2e_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// The releases of Notary's command and of the registry that signatures are
// exchanged with.
const (
	notationRelease = "github.com/notaryproject/notation/cmd/notation@v1.3.2"
	registryRelease = "github.com/distribution/distribution/v3/cmd/registry@v3.1.2"
)

// release builds a program once. It is required by a module made for it,
// because go install refuses modules that replace others.
func release(t *testing.T, pkg string) string {
	t.Helper()
	what, version, _ := strings.Cut(pkg, "@")
	path := filepath.Join(cache, "bin", filepath.Base(what)+"-"+version)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if mode == "made" {
		skip(t, "%s is not built: %s", what, path)
	}
	dir := t.TempDir()
	for _, args := range [][]string{{"mod", "init", "made.test"}, {"get", pkg}, {"build", "-trimpath", "-o", "program", what}} {
		build := exec.Command("go", args...)
		build.Dir, build.Env = dir, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=mod", "GOWORK=off")
		if out, err := build.CombinedOutput(); err != nil {
			skip(t, "build %s: %v\n%s", pkg, err, out)
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mv", filepath.Join(dir, "program"), path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// distribution starts version 3 of the registry on loopback.
func distribution(t *testing.T) string {
	t.Helper()
	program := release(t, registryRelease)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	dir := t.TempDir()
	config := "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: " + dir + "/data}}\nhttp: {addr: \"" + address + "\"}\n"
	if err := os.WriteFile(dir+"/config.yml", []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "serve", dir+"/config.yml")
	cmd.Env = append(os.Environ(), "OTEL_TRACES_EXPORTER=none")
	start(t, cmd)
	waitFor(t, "distribution", func() error {
		response, err := http.Get("http://" + address + "/v2/")
		if err == nil {
			response.Body.Close()
		}
		return err
	})
	return address
}

// registries are those that signatures are exchanged over.
var registries = []struct {
	name  string
	start func(*testing.T) string
}{
	{"docker-registry 2.8", func(t *testing.T) string { return registry(t, "", "") }},
	{"distribution 3", distribution},
}

func benchAt(t *testing.T, address string) *bench {
	t.Helper()
	tool(t, "skopeo")
	roots, err := filepath.Abs(filepath.Join("..", "seal", "public_good.json"))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, dir: t.TempDir(), registry: address, roots: roots}
	b.image = b.push("app")
	b.write("none.json", `{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}`)
	b.write("predicate.json", `{"buildDefinition":{"buildType":"https://example.test/build","externalParameters":{}},"runDetails":{"builder":{"id":"https://example.test/builder"}}}`)
	return b
}

// authority makes certificates to sign with, and files that notation and
// boltseal read.
type authority struct {
	b    *bench
	name string
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func (b *bench) authority(organization string) *authority {
	b.t.Helper()
	a := &authority{b: b, name: organization, key: newKey(b.t)}
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: a.subject("root"), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	a.cert = a.certify(root, root, a.key)
	b.write(organization+".pem", certificates(a.cert))
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) subject(cn string) pkix.Name {
	return pkix.Name{Country: []string{"US"}, Province: []string{"WA"}, Organization: []string{a.name}, CommonName: cn}
}

func (a *authority) certify(c, by *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	a.b.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, by, key.Public(), a.key)
	if err == nil {
		c, err = x509.ParseCertificate(der)
	}
	if err != nil {
		a.b.t.Fatal(err)
	}
	return c
}

func certificates(list ...*x509.Certificate) string {
	var out strings.Builder
	for _, c := range list {
		out.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return out.String()
}

// issue makes notation's signing key: one of the authority that is good for
// some time.
func (a *authority) issue(good time.Duration) {
	a.b.t.Helper()
	key := newKey(a.b.t)
	leaf := a.certify(&x509.Certificate{SerialNumber: big.NewInt(2), Subject: a.subject("release"), NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(good),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}}, a.cert, key)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.b.t.Fatal(err)
	}
	a.b.write("leaf.key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	a.b.write("leaf.pem", certificates(leaf, a.cert))
	at := func(file string) string { return filepath.Join(a.b.dir, file) }
	if err := os.MkdirAll(at(".config/notation/truststore/x509/ca/acme"), 0o700); err != nil {
		a.b.t.Fatal(err)
	}
	a.b.write(".config/notation/signingkeys.json", fmt.Sprintf(`{"default":"k","keys":[{"name":"k","keyPath":%q,"certPath":%q}]}`, at("leaf.key"), at("leaf.pem")))
	a.b.write(".config/notation/truststore/x509/ca/acme/root.pem", certificates(a.cert))
	a.b.write(".config/notation/trustpolicy.json", `{"version":"1.0","trustPolicies":[{"name":"all","registryScopes":["*"],"signatureVerification":{"level":"strict"},
		"trustStores":["ca:acme"],"trustedIdentities":["x509.subject: C=US, ST=WA, O=acme"]}]}`)
}

// What notation signs boltseal verifies, in both of its forms, from both
// registries; what must not count is refused with the reason.
func TestNotation(t *testing.T) {
	notation := release(t, notationRelease)
	const who = "x509.subject: C=US, ST=WA, O=acme"
	for _, r := range registries {
		for _, form := range []string{"jws", "cose"} {
			t.Run(r.name+" "+form, func(t *testing.T) {
				b := benchAt(t, r.start(t))
				acme := b.authority("acme")
				b.authority("other")
				sign := func(image string, more ...string) {
					b.t.Helper()
					b.ok(nil, notation, append(append([]string{"sign", "--insecure-registry", "--signature-format", form}, more...), image)...)
				}
				verify := func(root, identity string) []string {
					return []string{"verify", "--certificate-chain", root, "--notary-identity", identity}
				}
				acme.issue(5 * time.Second)
				brief := b.push("brief") // by a certificate that ends soon
				sign(brief)
				briefEnd := time.Now().Add(6 * time.Second)
				acme.issue(time.Hour)
				expiring := b.push("expiring")
				sign(expiring, "--expiry", "2s")
				sign(b.image, "--user-metadata", "env=test")

				b.ok(nil, notation, "verify", "--insecure-registry", b.image)
				out := b.ok(nil, binary, append(verify("acme.pem", who), "-a", "env=test", b.image)...)
				if !strings.Contains(out, "Notary") || !strings.Contains(out, "O=acme") {
					t.Errorf("got %s", out)
				}
				if out := b.ok(nil, binary, "tree", b.image); !strings.Contains(strings.ToLower(out), "notary") {
					t.Errorf("tree: %s", out)
				}
				b.ok(nil, binary, "copy", b.image, b.registry+"/mirror/app:1")
				b.ok(nil, binary, append(verify("acme.pem", who), b.registry+"/mirror/app:1")...)
				b.ok(nil, notation, "verify", "--insecure-registry", b.registry+"/mirror/app@"+b.image[strings.Index(b.image, "sha256:"):])

				b.fails(1, "none of the given ones", binary, append(verify("other.pem", who), b.image)...)
				b.fails(1, `"evil" was asked for`, binary, append(verify("acme.pem", "x509.subject: C=US, O=evil"), b.image)...)
				b.fails(1, `"test" and not "prod"`, binary, append(verify("acme.pem", who), "-a", "env=prod", b.image)...)
				b.fails(1, "no signature found", binary, append(verify("acme.pem", who), b.push("unsigned"))...)
				b.fails(2, "", binary, "verify", "--certificate-chain", "acme.pem", b.image)
				b.ok(nil, binary, "key", "generate", "--output-prefix", "k")
				b.fails(1, "", binary, "verify", "--key", "k.pub", b.image)

				moved, changed := b.other("moved"), b.push("changed")
				b.reattach(b.image, moved, nil)
				b.fails(1, "sha256:", binary, append(verify("acme.pem", who), moved)...)
				b.reattach(b.image, changed, func(envelope []byte) []byte { return damage(t, form, envelope) })
				b.fails(1, "signature", binary, append(verify("acme.pem", who), changed)...)

				time.Sleep(time.Until(briefEnd))
				b.fails(1, "wanted it to count until", binary, append(verify("acme.pem", who), expiring)...)
				b.fails(1, "", notation, "verify", "--insecure-registry", expiring)
				b.fails(1, "certificate", binary, append(verify("acme.pem", who), brief)...)
				b.fails(1, "", notation, "verify", "--insecure-registry", brief)
			})
		}
	}
}

// other puts another image at name.
func (b *bench) other(repository string) string {
	b.t.Helper()
	digest := filepath.Join(b.dir, repository+".digest")
	b.ok(nil, "skopeo", "copy", "--insecure-policy", "--dest-tls-verify=false", "--digestfile", digest, "oci:"+filepath.Join(cache, "images", "alpine", "zstd"), "docker://"+b.registry+"/"+repository+":1")
	data, err := os.ReadFile(digest)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.registry + "/" + repository + "@" + strings.TrimSpace(string(data))
}

// damage changes an envelope's signature and nothing else.
func damage(t *testing.T, form string, envelope []byte) []byte {
	t.Helper()
	if form == "cose" {
		envelope[len(envelope)-1] ^= 1
		return envelope
	}
	key := []byte(`"signature":"`)
	i := bytes.Index(envelope, key)
	if i < 0 {
		t.Fatalf("no signature in %s", envelope)
	}
	if at := &envelope[i+len(key)+10]; *at == 'A' {
		*at = 'B'
	} else {
		*at = 'A'
	}
	return envelope
}

// document is a manifest as it is.
type document struct {
	kind types.MediaType
	data []byte
}

func (d *document) RawManifest() ([]byte, error)        { return d.data, nil }
func (d *document) MediaType() (types.MediaType, error) { return d.kind, nil }

// reattach does what whoever may push can do: take a signature from one image
// and attach it to another, changed or not.
func (b *bench) reattach(from, to string, change func([]byte) []byte) {
	t := b.t
	t.Helper()
	source, target := reference(t, from), reference(t, to)
	index, err := remote.Index(source.Context().Tag(strings.Replace(source.DigestStr(), ":", "-", 1)))
	if err != nil {
		t.Fatal(err)
	}
	list, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	got, err := remote.Get(source.Context().Digest(list.Manifests[0].Digest.String()))
	if err != nil {
		t.Fatal(err)
	}
	var manifest map[string]any
	if err := json.Unmarshal(got.Manifest, &manifest); err != nil {
		t.Fatal(err)
	}
	descriptor := manifest["layers"].([]any)[0].(map[string]any)
	blob, err := remote.Layer(source.Context().Digest(descriptor["digest"].(string)))
	if err != nil {
		t.Fatal(err)
	}
	reader, err := blob.Compressed()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	envelope, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		envelope = change(envelope)
	}
	layer := static.NewLayer(envelope, types.MediaType(descriptor["mediaType"].(string)))
	for _, one := range []v1.Layer{layer, static.NewLayer([]byte("{}"), "application/json")} {
		if err := remote.WriteLayer(target.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	digest, err := layer.Digest()
	if err != nil {
		t.Fatal(err)
	}
	descriptor["digest"], descriptor["size"] = digest.String(), len(envelope)
	subject, err := remote.Head(target)
	if err != nil {
		t.Fatal(err)
	}
	manifest["subject"] = subject
	data, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	sum := b.put(target, got.MediaType, data, "")
	entry := fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"manifests":[{"mediaType":%q,"digest":%q,"size":%d,"artifactType":"application/vnd.cncf.notary.signature"}]}`,
		types.OCIImageIndex, got.MediaType, sum, len(data))
	b.put(target, types.OCIImageIndex, []byte(entry), strings.Replace(target.DigestStr(), ":", "-", 1))
}

// put stores a manifest, by its digest if no tag is given.
func (b *bench) put(at name.Digest, kind types.MediaType, data []byte, tag string) string {
	b.t.Helper()
	sum := fmt.Sprintf("sha256:%x", sha256.Sum256(data))
	var ref name.Reference = at.Context().Digest(sum)
	if tag != "" {
		ref = at.Context().Tag(tag)
	}
	if err := remote.Put(ref, &document{kind, data}); err != nil {
		b.t.Fatal(err)
	}
	return sum
}

func reference(t *testing.T, image string) name.Digest {
	t.Helper()
	d, err := name.NewDigest(image, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// cosign and boltseal verify each other's signatures in version 3 of the
// registry, and copies there keep what is attached.
func TestCosignAtDistribution(t *testing.T) {
	new3, old2 := cosign(t, cosign3), cosign(t, cosign2)
	b := benchAt(t, distribution(t))
	b.ok(nil, binary, "key", "generate", "--output-prefix", "k")
	b.ok(nil, binary, "key", "generate", "--output-prefix", "other")
	ours, theirs, old := b.push("ours"), b.push("theirs"), b.push("old")
	loose := []string{"--key", "k.pub", "--insecure-ignore-tlog=true", "--allow-http-registry"}
	verify := func(program, verb, image string, more ...string) {
		t.Helper()
		b.ok(nil, program, append(append(append([]string{verb}, loose...), more...), image)...)
	}

	b.ok(nil, binary, "sign", "--key", "k.key", "--legacy", ours)
	b.ok(nil, binary, "attest", "--key", "k.key", "--legacy", "--type", "slsaprovenance1", "--predicate", "predicate.json", ours)
	verify(new3, "verify", ours, "--trusted-root", b.roots)
	verify(new3, "verify-attestation", ours, "--trusted-root", b.roots, "--type", "slsaprovenance1")
	verify(old2, "verify", ours, "--trusted-root", b.roots, "--new-bundle-format")
	b.ok(nil, binary, "sign", "--key", "k.key", "--legacy-only", b.image)
	verify(old2, "verify", b.image)

	b.ok(nil, new3, "sign", "--key", "k.key", "--allow-http-registry", "--signing-config", "none.json", "--trusted-root", b.roots, theirs)
	b.ok(nil, old2, "sign", "--key", "k.key", "--allow-http-registry", "--tlog-upload=false", old)
	for image, form := range map[string]string{theirs: "sigstore bundle (cosign 3)", old: "simple-signing tag (cosign 2)"} {
		if out := b.ok(nil, binary, "verify", "--key", "k.pub", image); !strings.Contains(out, form) {
			t.Errorf("want %q in:\n%s", form, out)
		}
		b.fails(1, "count", binary, "verify", "--key", "other.pub", "-o", "json", image)
	}
	if out := b.ok(nil, binary, "tree", ours); strings.Count(out, "sha256:") < 3 {
		t.Errorf("tree: %s", out)
	}
	b.ok(nil, binary, "copy", ours, b.registry+"/mirror/ours:1")
	b.ok(nil, binary, "verify", "--key", "k.pub", "--type", "slsaprovenance1", b.registry+"/mirror/ours:1")
	verify(new3, "verify", b.registry+"/mirror/ours:1", "--trusted-root", b.roots)
}
